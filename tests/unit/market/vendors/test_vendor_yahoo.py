"""Yahoo: a chart with nulls, events and a live row; prices and dividends in the shares of today. No network."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.vendor_asks import ask_for, failure, read
from transforms.market.series import Ask
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Reach
from transforms.schemas.market import READ_ACTIONS, READ_BARS

BODY = (
    '{"chart":{"result":[{"meta":{"currency":"USD","symbol":"AAPL","exchangeName":"NMS","instrumentType":"EQUITY",'
    '"gmtoffset":-18000,"timezone":"EST","exchangeTimezoneName":"America/New_York","dataGranularity":"1d","range":"",'
    '"validRanges":["1d","5d"]},"timestamp":[1770993000,1771338600],"events":{"dividends":{"1770993000":{"amount":0.26,'
    '"date":1770993000}},"splits":{}},"indicators":{"quote":[{"open":[1.0,null],"high":[1.0,null],"low":[1.0,null],'
    '"close":[1.0,null],"volume":[100,null]}],"adjclose":[{"adjclose":[0.99,null]}]}}],"error":null}}'
)
NOT_FOUND = (
    '{"chart":{"result":null,"error":{"code":"Not Found",'
    '"description":"No data found, symbol may be delisted"}}}'
)
AAPL = ask_for("yahoo", "AAPL", first="2026-01-01", last="2026-11-20")
NEW_YORK = ZoneInfo("America/New_York")


def at(day: str, hour: int = 9, minute: int = 30, zone: ZoneInfo = NEW_YORK) -> int:
    """A time of a day in a zone, in seconds."""
    return int(datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=zone).timestamp())


def chart(
    bars: list[tuple[int, float | None]],
    dividends: dict[int, float] | None = None,
    splits: dict[int, tuple[int, int]] | None = None,
    **meta: object,
) -> str:
    """A chart of (time, price); dividends and splits by their time."""
    quote = {name: [price for _, price in bars] for name in ("open", "high", "low", "close", "volume")}
    events = {
        "dividends": {str(t): {"amount": amount, "date": t} for t, amount in (dividends or {}).items()},
        "splits": {
            str(t): {"date": t, "numerator": new, "denominator": old}
            for t, (new, old) in (splits or {}).items()
        },
    }
    told = {
        "meta": {"currency": "USD", "exchangeTimezoneName": "America/New_York", **meta},
        "timestamp": [t for t, _ in bars],
        "events": events,
        "indicators": {"quote": [quote]},
    }
    return json.dumps({"chart": {"result": [told], "error": None}})


def changed(place: str, value: object) -> str:
    """The body with another value at a place like `meta.currency`."""
    body = json.loads(BODY)
    target: Any = body["chart"]["result"][0]
    *way, last = place.split(".")
    for step in way:
        target = target[int(step)] if step.isdigit() else target[step]
    target[last] = value
    return json.dumps(body)


def in_currency(ask: Ask, currency: str) -> Ask:
    """The ask with a currency for its series."""
    return replace(ask, series=tuple(replace(series, currency=currency) for series in ask.series))


def test_the_request_reaches_to_today_and_begins_a_day_early() -> None:
    ask = ask_for("yahoo", "^GSPC", first="2026-01-05", last="2026-01-09")
    (request,) = VENDORS["yahoo"].requests(ask)
    assert request.path == "/v8/finance/chart/^GSPC"
    params = dict(request.params)
    assert datetime.fromtimestamp(int(params["period1"]), UTC) == datetime(2026, 1, 4, tzinfo=UTC)
    assert datetime.fromtimestamp(int(params["period2"]), UTC) == datetime(2026, 11, 22, tzinfo=UTC)
    assert (params["interval"], params["events"], params["includePrePost"]) == ("1d", "div,splits", "false")


def test_a_chart_is_read_and_a_session_without_prices_is_left_out() -> None:
    page = read(AAPL, BODY)
    READ_BARS.validate(page.rows)
    assert page.rows.to_dicts() == [
        {
            "provider_symbol": "AAPL",
            "timestamp": datetime(2026, 2, 13, tzinfo=UTC),
            "session_date": date(2026, 2, 13),
            "open": 1.0,
            "high": 1.0,
            "low": 1.0,
            "close": 1.0,
            "volume": 100.0,
            "vwap": None,
            "trades": None,
            "is_final": True,
        }
    ]
    assert page.actions is not None
    READ_ACTIONS.validate(page.actions)
    assert page.actions.rows() == [("AAPL", date(2026, 2, 13), "dividend", None, 0.26, "USD")]
    assert page.notes == ("sessions without prices left out: 1",)


def test_dividends_are_set_back_to_the_shares_of_their_day() -> None:
    ask = ask_for("yahoo", "AAPL", first="2026-01-01", last="2026-06-30")
    body = chart(
        [(at("2026-02-02"), 10.0)],
        dividends={at("2026-02-02"): 0.05, at("2026-06-01"): 0.1, at("2026-09-01"): 0.3},
        splits={at("2026-06-01"): (4, 1), at("2026-10-01"): (1, 2)},
    )
    actions = read(ask, body).actions
    assert actions is not None
    assert actions.rows() == [
        ("AAPL", date(2026, 2, 2), "dividend", None, pytest.approx(0.05 * 4 / 2), "USD"),
        ("AAPL", date(2026, 6, 1), "dividend", None, pytest.approx(0.1 / 2), "USD"),
        ("AAPL", date(2026, 6, 1), "split", 4.0, None, None),
    ]


def test_two_dividends_of_a_day_are_one() -> None:
    body = chart([], dividends={at("2026-02-02"): 0.1, at("2026-02-02", 10): 0.25})
    actions = read(AAPL, body).actions
    assert actions is not None
    assert actions["amount"].to_list() == [pytest.approx(0.35)]


def test_the_live_row_stands_for_its_session() -> None:
    bars = [(at("2026-11-19"), 1.0), (at("2026-11-20"), 2.0), (at("2026-11-20", 11, 7), 3.0)]
    page = read(AAPL, chart(bars))
    assert read(AAPL, chart(bars[::-1])).rows.equals(page.rows)
    assert page.rows.select("session_date", "close", "is_final").rows() == [
        (date(2026, 11, 19), 1.0, True),
        (date(2026, 11, 20), 3.0, False),
    ]
    assert page.notes == ("the last session was told twice, and its live row was taken",)


def test_an_older_session_that_is_told_twice_is_an_error() -> None:
    body = chart([(at("2026-11-18"), 1.0), (at("2026-11-18", 16), 2.0), (at("2026-11-19"), 3.0)])
    assert "2026-11-18 is told twice" in failure(AAPL, body).problem


def test_a_session_east_of_utc_has_its_own_date() -> None:
    sydney = ZoneInfo("Australia/Sydney")
    ask = ask_for("yahoo", "BHP.AX", first="2026-01-05", last="2026-01-06")
    times = [at(day, 10, 0, sydney) for day in ("2026-01-04", "2026-01-05", "2026-01-06", "2026-01-07")]
    body = chart([(t, 1.0) for t in times], exchangeTimezoneName="Australia/Sydney", currency="AUD")
    page = read(ask, body)
    assert page.rows["session_date"].to_list() == [date(2026, 1, 5), date(2026, 1, 6)]
    assert page.rows["timestamp"][0] == datetime(2026, 1, 5, tzinfo=UTC)
    assert page.notes == ()


def test_prices_in_pence_are_told_in_pounds() -> None:
    ask = in_currency(ask_for("yahoo", "VOD.L", first="2026-01-01", last="2026-11-20"), "GBP")
    body = chart([(at("2026-02-02"), 250.0)], {at("2026-02-02"): 4.5}, currency="GBp")
    page = read(ask, body)
    assert page.rows.select("close", "volume").rows() == [(2.5, 250.0)]
    assert page.actions is not None
    assert page.actions.select("amount", "currency").rows() == [(pytest.approx(0.045), "GBP")]


def test_prices_in_another_currency_are_an_error() -> None:
    assert read(in_currency(AAPL, "USD"), BODY).rows.height == 1
    assert "in USD, and not in CAD" in failure(in_currency(AAPL, "CAD"), BODY).problem


@pytest.mark.parametrize(
    "body", [chart([]), changed("timestamp", []), BODY.replace('"timestamp":[1770993000,1771338600],', "")]
)
def test_no_sessions_are_an_empty_page(body: str) -> None:
    assert read(AAPL, body).rows.is_empty()


@pytest.mark.parametrize(
    ("status", "body", "reach", "text"),
    [
        (404, NOT_FOUND, Reach.SERIES, "No data found, symbol may be delisted"),
        (200, NOT_FOUND, Reach.SERIES, "No data found, symbol may be delisted"),
        (404, "", Reach.SERIES, "status 404"),
        (429, "Edge: Too Many Requests", Reach.AGAIN, "too many requests"),
        (401, '{"finance":{"error":{"description":"Invalid Crumb"}}}', Reach.SOURCE, "status 401"),
        (200, "<!doctype html><html>Will be right back</html>", Reach.SOURCE, "web page"),
        (200, BODY[:400], Reach.AGAIN, "no whole JSON"),
        (200, "Edge: Too Many Requests", Reach.AGAIN, "no whole JSON"),
        (
            200,
            changed("indicators.quote.0.close", [1.0]),
            Reach.AGAIN,
            "close has not one value for each of the 2",
        ),
    ],
)
def test_refusals(status: int, body: str, reach: Reach, text: str) -> None:
    error = failure(AAPL, body, status)
    assert error.reach is reach
    assert text in str(error)


def test_it_is_left_alone_for_two_minutes_where_no_time_is_told() -> None:
    assert failure(AAPL, "", 429).wait == 120.0
    assert failure(AAPL, "", 429, {"retry-after": "30"}).wait == 30.0


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("[]", "no JSON object"),
        ("{}", "chart is no object"),
        ('{"chart":{"result":[],"error":null}}', "not one chart"),
        ('{"chart":{"result":[3],"error":null}}', "result is no object"),
        (changed("meta", None), "meta is no object"),
        (changed("meta.exchangeTimezoneName", "Mars/Base"), "'Mars/Base' is no time zone"),
        (changed("meta.exchangeTimezoneName", "posixrules"), "'posixrules' is no time zone"),
        (changed("meta.exchangeTimezoneName", None), "'None' is no time zone"),
        (changed("meta.exchangeTimezoneName", "../etc"), "'../etc' is no time zone"),
        (changed("meta.currency", 5), "currency: '5' is none"),
        (changed("meta.symbol", "MSFT"), "the chart is of MSFT"),
        (changed("meta.dataGranularity", "3mo"), "a bar is of 3mo, but 1d was asked for"),
        (changed("timestamp", {}), "timestamp is no list"),
        (changed("timestamp", [1770993000, "x"]), "row 2, field timestamp: 'x' is no time"),
        (changed("timestamp", [1770993000000, 1]), "row 1, field timestamp"),
        (changed("indicators", None), "indicators is no object"),
        (changed("indicators.quote", []), "quote is no list"),
        (changed("indicators.quote.0.open", ["1", None]), "row 1, field open: '1' is no number"),
        (changed("events", []), "events is no object"),
        (changed("events.dividends", [1]), "dividends is no object"),
        (changed("events.dividends", {"a": 1}), "dividends is no object"),
        (
            changed("events.dividends", {"a": {"amount": None, "date": 1}}),
            "field amount: 'None' is no number",
        ),
        (
            changed("events.dividends", {"a": {"amount": -0.5, "date": 1770993000}}),
            "-0.5 is no dividend",
        ),
        (
            changed("events.splits", {"a": {"numerator": 4, "denominator": 0, "date": 1}}),
            "a split is not of some",
        ),
    ],
)
def test_what_cannot_be_trusted_is_one_error_that_says_where(body: str, problem: str) -> None:
    error = failure(AAPL, body)
    assert error.reach is Reach.SERIES
    assert error.problem.startswith("Yahoo, AAPL: ")
    assert problem in error.problem


@pytest.mark.parametrize(
    ("symbol", "spelled"), [("BRK.B", "BRK-B"), ("EURUSD", "EURUSD=X"), ("^SPX", "^GSPC"), ("^VIX", "^VIX")]
)
def test_symbols(symbol: str, spelled: str) -> None:
    assert VENDORS["yahoo"].provider_symbol(symbol) == spelled
