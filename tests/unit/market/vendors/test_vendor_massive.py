"""Massive: unadjusted bars, splits and dividends, pages that name their next one. No network."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.support.vendor_asks import ask_for, failure, read
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Reach, Request
from transforms.schemas.market import READ_ACTIONS, READ_BARS

ADJUSTED = (
    '{"ticker":"AAPL","queryCount":2,"resultsCount":2,"adjusted":true,"results":[{"v":642646396.0,"vw":1.469,'
    '"o":1.5032,"c":1.4604,"h":1.5064,"l":1.4489,"t":1112331600000,"n":82132},{"v":578172308.0,"vw":1.4589,'
    '"o":1.4639,"c":1.4675,"h":1.4754,"l":1.4343,"t":1112587200000,"n":65543}],"status":"OK","request_id":"..",'
    '"count":2,"next_url":"https://api.massive.com/v2/aggs/ticker/AAPL/range/1/day/1112331600000/1112587200000'
    '?cursor=abc123"}'
)
BODY = ADJUSTED.replace('"adjusted":true', '"adjusted":false')
EMPTY = '{"status":"OK","ticker":"XYZ","adjusted":false,"resultsCount":0,"queryCount":0}'
AAPL = ask_for("massive", "AAPL", first="2005-04-01", last="2005-04-04")
(BARS,) = VENDORS["massive"].requests(AAPL)
SPLITS, DIVIDENDS = VENDORS["massive"].apart(AAPL)


def changed(**fields: object) -> str:
    """The body with other values in its first result."""
    body = json.loads(BODY)
    body["results"][0].update(fields)
    return json.dumps(body)


def without(*names: str) -> str:
    """The body without these fields."""
    return json.dumps({name: value for name, value in json.loads(BODY).items() if name not in names})


def listed(*rows: dict[str, Any], **fields: object) -> str:
    """A body of splits or dividends."""
    return json.dumps({"results": rows, "status": "OK", "request_id": "..", **fields})


def test_bars_splits_and_dividends_of_shares_are_three_walks() -> None:
    assert BARS.path == "/v2/aggs/ticker/AAPL/range/1/day/2005-04-01/2005-04-04"
    assert dict(BARS.params) == {"adjusted": "false", "sort": "asc", "limit": "50000"}
    assert SPLITS.path == "/v3/reference/splits"
    assert dict(SPLITS.params) == {
        "ticker": "AAPL",
        "execution_date.gte": "2005-04-01",
        "execution_date.lte": "2005-04-04",
        "sort": "execution_date",
        "order": "asc",
        "limit": "1000",
    }
    assert DIVIDENDS.path == "/v3/reference/dividends"
    assert dict(DIVIDENDS.params)["ex_dividend_date.lte"] == "2005-04-04"


def test_what_is_no_share_has_no_actions_and_a_frequency_has_its_word() -> None:
    ask = ask_for("massive", "X:BTCUSD", first="2026-01-01", last="2026-01-02", frequency="1m")
    (request,) = VENDORS["massive"].requests(ask)
    assert VENDORS["massive"].apart(ask) == ()
    assert request.path == "/v2/aggs/ticker/X:BTCUSD/range/1/minute/2026-01-01/2026-01-02"


def test_a_symbol_cannot_leave_its_place_in_the_path() -> None:
    ask = ask_for("massive", "A/../B?x=1", first="2026-01-01", last="2026-01-02")
    assert VENDORS["massive"].requests(ask)[0].path.startswith("/v2/aggs/ticker/A%2F..%2FB%3Fx%3D1/range/")


def test_bars_are_read() -> None:
    page = read(AAPL, BODY)
    READ_BARS.validate(page.rows)
    first, second = page.rows.to_dicts()
    assert first == {
        "provider_symbol": "AAPL",
        "timestamp": datetime(2005, 4, 1, tzinfo=UTC),
        "session_date": date(2005, 4, 1),
        "open": 1.5032,
        "high": 1.5064,
        "low": 1.4489,
        "close": 1.4604,
        "volume": 642646396.0,
        "vwap": 1.469,
        "trades": 82132,
        "is_final": True,
    }
    assert second["session_date"] == date(2005, 4, 4), "midnight in New York, in summer time by then"


def test_of_the_next_page_only_path_and_query_count() -> None:
    page = read(AAPL, BODY)
    assert page.next == Request(
        "/v2/aggs/ticker/AAPL/range/1/day/1112331600000/1112587200000", (("cursor", "abc123"),)
    )
    with_key = BODY.replace("cursor=abc123", "cursor=abc123&apiKey=SECRET")
    assert read(AAPL, with_key).next == page.next


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/steal?cursor=1",
        "/v3/reference/splits?cursor=1",
        "cursor=1",
        "http://[",
        "[]",
    ],
)
def test_a_next_page_of_another_walk_is_refused(address: str) -> None:
    body = BODY.replace(
        "https://api.massive.com/v2/aggs/ticker/AAPL/range/1/day/1112331600000/1112587200000?cursor=abc123",
        address,
    )
    assert "none of this walk" in failure(AAPL, body).problem


def test_an_empty_answer_has_no_results() -> None:
    page = read(ask_for("massive", "XYZ", first="2026-01-01", last="2026-01-02"), EMPTY)
    assert page.rows.is_empty()
    assert page.next is None


def test_a_page_without_results_may_have_a_next_one() -> None:
    body = EMPTY[:-1] + ',"next_url":"https://api.polygon.io/v2/aggs/ticker/XYZ/range/1/day/1/2?cursor=c"}'
    page = read(ask_for("massive", "XYZ", first="2026-01-01", last="2026-01-02"), body)
    assert page.next == Request("/v2/aggs/ticker/XYZ/range/1/day/1/2", (("cursor", "c"),))


def test_a_day_told_at_four_in_the_afternoon_is_the_same_day() -> None:
    afternoon = datetime(2005, 4, 1, 21, tzinfo=UTC)  # 16:00 in New York, in winter time
    page = read(AAPL, changed(t=int(afternoon.timestamp() * 1000)))
    assert page.rows["timestamp"][0] == datetime(2005, 4, 1, tzinfo=UTC)


def test_an_evening_bar_belongs_to_new_yorks_day_and_starts_when_it_says() -> None:
    ask = ask_for("massive", "AAPL", first="2026-01-05", last="2026-01-05", frequency="1m")
    start = datetime(2026, 1, 6, 0, 59, tzinfo=UTC)
    body = listed({"o": 1, "h": 1, "l": 1, "c": 1, "v": 10, "t": int(start.timestamp() * 1000)})
    assert read(ask, body).rows.select("timestamp", "session_date", "vwap", "trades").rows() == [
        (start, date(2026, 1, 5), None, None)
    ]


def test_a_coins_day_is_utcs() -> None:
    ask = ask_for("massive", "X:BTCUSD", first="2021-01-08", last="2021-01-08")
    body = listed({"o": 1, "h": 1, "l": 1, "c": 1, "v": 0.5, "t": 1610064000000})
    assert read(ask, body).rows.select("timestamp", "session_date").rows() == [
        (datetime(2021, 1, 8, tzinfo=UTC), date(2021, 1, 8))
    ]


def test_a_coins_day_that_does_not_begin_at_midnight_is_another() -> None:
    ask = ask_for("massive", "X:BTCUSD", first="2021-01-08", last="2021-01-08")
    error = failure(
        ask, listed({"o": 1, "h": 1, "l": 1, "c": 1, "v": 0.5, "t": 1610064000000 + 5 * 3_600_000})
    )
    assert "row 1: a day begins at 2021-01-08 05:00 UTC, and not at midnight" in error.problem


def test_a_session_is_over_when_its_day_is_over_in_new_york() -> None:
    body = listed(
        *({"o": 1, "h": 1, "l": 1, "c": 1, "t": 1763614800000 + day * 86_400_000} for day in (0, 1))
    )  # 2025-11-20 and 21, midnight in New York
    ask = ask_for(
        "massive",
        "AAPL",
        first="2025-11-20",
        last="2025-11-21",
        asked_at=datetime(2025, 11, 21, 4, 59, tzinfo=UTC),
    )
    assert read(ask, body).rows["is_final"].to_list() == [False, False]
    later = ask_for(
        "massive",
        "AAPL",
        first="2025-11-20",
        last="2025-11-21",
        asked_at=datetime(2025, 11, 21, 5, tzinfo=UTC),
    )
    assert read(later, body).rows["is_final"].to_list() == [True, False]


def test_splits_are_read() -> None:
    ask = ask_for("massive", "AAPL", first="2014-01-01", last="2020-12-31")
    body = listed(
        {"execution_date": "2020-08-31", "split_from": 1, "split_to": 4, "ticker": "AAPL", "id": "a"},
        {"execution_date": "2014-06-09", "split_from": 1.0, "split_to": 7, "ticker": "AAPL", "id": "b"},
        next_url="https://api.massive.com/v3/reference/splits?cursor=x",
    )
    page = read(ask, body, request=SPLITS)
    assert page.rows.is_empty()
    assert page.actions is not None
    READ_ACTIONS.validate(page.actions)
    assert page.actions.rows() == [
        ("AAPL", date(2014, 6, 9), "split", 7.0, None, None),
        ("AAPL", date(2020, 8, 31), "split", 4.0, None, None),
    ]
    assert page.next == Request("/v3/reference/splits", (("cursor", "x"),))


def test_dividends_of_one_day_are_one_and_a_repeated_one_counts_once() -> None:
    ask = ask_for("massive", "AAPL", first="2021-01-01", last="2021-12-31")
    regular = {
        "cash_amount": 0.22,
        "currency": "USD",
        "dividend_type": "CD",
        "ex_dividend_date": "2021-11-05",
        "id": "a",
        "ticker": "AAPL",
    }
    special = {**regular, "cash_amount": 1, "dividend_type": "SC", "id": "b"}
    page = read(ask, listed(regular, special, regular), request=DIVIDENDS)
    assert page.actions is not None
    READ_ACTIONS.validate(page.actions)
    assert page.actions.rows() == [("AAPL", date(2021, 11, 5), "dividend", None, 1.22, "USD")]
    error = failure(ask, listed(regular, {**special, "currency": "CAD"}), request=DIVIDENDS)
    assert "told twice" in error.problem


def test_no_actions_are_an_empty_table() -> None:
    for request in (SPLITS, DIVIDENDS):
        page = read(AAPL, listed(), request=request)
        assert page.actions is not None
        assert page.actions.is_empty()
        READ_ACTIONS.validate(page.actions)


@pytest.mark.parametrize(
    ("status", "body", "reach", "text"),
    [
        (
            401,
            '{"status":"ERROR","request_id":"..","error":"API Key was not provided"}',
            Reach.SOURCE,
            "not provided",
        ),
        (
            401,
            '{"status":"ERROR","request_id":"..","error":"Unknown API Key"}',
            Reach.SOURCE,
            "POLYGON_API_KEY",
        ),
        (
            403,
            '{"status":"NOT_AUTHORIZED","request_id":"..","message":"Your plan doesn\'t include this data timeframe. '
            'Please upgrade your plan at https://polygon.io/pricing"}',
            Reach.SERIES,
            "doesn't include this data timeframe",
        ),
        (
            429,
            '{"status":"ERROR","request_id":"..","error":"You\'ve exceeded the maximum requests per minute, please '
            'wait or upgrade your subscription to continue. https://polygon.io/pricing"}',
            Reach.AGAIN,
            "in a minute",
        ),
        (404, '{"status":"NOT_FOUND"}', Reach.SERIES, "Check the symbol"),
        (502, "<html>bad gateway</html>", Reach.AGAIN, "status 502"),
        (200, "<html>sign in</html>", Reach.SOURCE, "web page"),
    ],
)
def test_refusals(status: int, body: str, reach: Reach, text: str) -> None:
    error = failure(AAPL, body, status)
    assert error.reach is reach
    assert text in str(error)


def test_a_minute_is_waited_for_where_no_time_is_told() -> None:
    assert failure(AAPL, "{}", 429).wait == 60.0
    assert failure(AAPL, "{}", 429, {"retry-after": "7"}).wait == 7.0


@pytest.mark.parametrize(
    "body", [BODY[:200], "", BODY.replace('"resultsCount":2', '"resultsCount":3'), without("results")]
)
def test_half_an_answer_is_asked_again(body: str) -> None:
    assert failure(AAPL, body).reach is Reach.AGAIN


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("[]", "no JSON object"),
        (ADJUSTED, "adjusted for splits, but unadjusted ones were asked for"),
        (BODY.replace('"ticker":"AAPL"', '"ticker":"MSFT"'), "the answer is about MSFT"),
        (BODY.replace('"status":"OK"', '"status":"ERROR"'), "the answer is not OK: ERROR"),
        (json.dumps({**json.loads(BODY), "results": {}}), "results is no list"),
        (json.dumps({**json.loads(BODY), "results": [1, 2]}), "row 1 of results is no object"),
        (changed(o="1.5"), "row 1, field o: '1.5' is no number"),
        (changed(c=None), "row 1, field c: 'None' is no number"),
        (changed(h=True), "row 1, field h: 'True' is no number"),
        (changed(l=10**400), "row 1, field l"),
        (changed(vw=[1]), "row 1, field vw: '[1]' is no number"),
        (changed(n=1.5), "row 1, field n: '1.5' is no count"),
        (BODY.replace("00000,", "00,"), "1970-01-13 is told twice"),
        (changed(t=1112313600000), "row 1, field t: 19:00 in New York is neither"),
        (changed(t=1112331600.5), "row 1, field t"),
        (changed(t=1112587200000), "2005-04-04 is told twice"),
    ],
)
def test_what_cannot_be_trusted_is_one_error_that_says_where(body: str, problem: str) -> None:
    error = failure(AAPL, body)
    assert error.reach is Reach.SERIES
    assert error.problem.startswith("Massive, AAPL: ")
    assert problem in error.problem


@pytest.mark.parametrize(
    ("request_", "row", "problem"),
    [
        (
            SPLITS,
            {"execution_date": "2005-04-01", "split_from": 0, "split_to": 2},
            "a split of 0 into 2 is none",
        ),
        (SPLITS, {"execution_date": "2005-04-01", "split_from": 1}, "row 1, field split_to: 'None'"),
        (SPLITS, {"execution_date": "04/01/2005", "split_from": 1, "split_to": 2}, "field execution_date"),
        (
            SPLITS,
            {"ticker": "B", "execution_date": "2005-04-01", "split_from": 1, "split_to": 2},
            "is about B",
        ),
        (DIVIDENDS, {"ex_dividend_date": "2005-04-01", "cash_amount": "1"}, "field cash_amount: '1'"),
        (DIVIDENDS, {"ex_dividend_date": "2005-04-01", "cash_amount": -1}, "-1 is no dividend"),
        (
            DIVIDENDS,
            {"ex_dividend_date": "2005-04-01", "cash_amount": 1, "currency": 5},
            "field currency: '5'",
        ),
    ],
)
def test_actions_that_cannot_be_trusted(request_: Request, row: dict[str, Any], problem: str) -> None:
    assert problem in failure(AAPL, listed(row), request=request_).problem


@pytest.mark.parametrize(
    ("symbol", "spelled"), [("BRK.B", "BRK.B"), ("BRK B", "BRK.B"), ("EURUSD", "C:EURUSD"), ("^SPX", "I:SPX")]
)
def test_symbols(symbol: str, spelled: str) -> None:
    assert VENDORS["massive"].provider_symbol(symbol) == spelled
