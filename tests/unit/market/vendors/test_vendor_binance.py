"""Binance: pages of candles, prices as texts, bans. No network."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.vendor_asks import NOON, ask_for, failure, read
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Reach, Request
from transforms.schemas.market import READ_BARS

BODY = (
    '[[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499644799999,'
    '"2434.19055334",308,"1756.87402397","28.46694368","0"]]'
)
WEIGHT = (
    '{"code":-1003,"msg":"Too much request weight used; current limit is 6000 request weight per 1 MINUTE. '
    'Please use WebSocket Streams for live updates to avoid polling the API."}'
)
BANNED = (
    '{"code":-1003,"msg":"Way too much request weight used; IP banned until 1763720000000. Please use WebSocket '
    'Streams for live updates to avoid bans."}'
)
PLACE = (
    '{"code":0,"msg":"Service unavailable from a restricted location according to \'b. Eligibility\' in '
    'https://www.binance.com/en/terms. ..."}'
)
DAY = 86_400_000
MIDNIGHT = 1_499_040_000_000
BTC = ask_for("binance", "BTCUSDT", first="2017-07-03", last="2017-07-09")


def candle(opened: int, close: str = "1.5", volume: str = "10", length: int = DAY) -> list[Any]:
    """A row that begins at `opened`."""
    return [opened, "1", "2", "0.5", close, volume, opened + length - 1, "15", 3, "0", "0", "0"]


def test_the_first_request_names_the_span_in_milliseconds() -> None:
    (request,) = VENDORS["binance"].requests(BTC)
    assert request.path == "/api/v3/klines"
    assert dict(request.params) == {
        "symbol": "BTCUSDT",
        "interval": "1d",
        "startTime": "1499040000000",
        "endTime": "1499644799999",
        "limit": "1000",
    }


def test_a_candle_is_read() -> None:
    page = read(BTC, BODY)
    READ_BARS.validate(page.rows)
    (bar,) = page.rows.to_dicts()
    assert bar["timestamp"] == datetime(2017, 7, 3, tzinfo=UTC)
    assert bar["session_date"] == date(2017, 7, 3)
    assert (bar["open"], bar["high"], bar["low"], bar["close"]) == (0.0163479, 0.8, 0.015758, 0.015771)
    assert (bar["volume"], bar["trades"], bar["is_final"]) == (148976.11427815, 308, True)
    assert bar["vwap"] == pytest.approx(2434.19055334 / 148976.11427815)
    assert page.next is None


def test_no_rows_are_an_empty_page() -> None:
    assert read(BTC, "[]").rows.is_empty()


def test_a_bar_without_volume_has_no_average_price() -> None:
    assert read(BTC, json.dumps([candle(MIDNIGHT, volume="0")])).rows["vwap"].to_list() == [None]


def test_a_full_page_is_followed_by_one_that_starts_after_its_last_bar() -> None:
    ask = ask_for("binance", "BTCUSDT", first="2017-07-03", last="2020-12-31")
    body = json.dumps([candle(MIDNIGHT + i * DAY) for i in range(1000)])
    page = read(ask, body)
    assert page.rows.height == 1000
    assert page.next is not None
    params = dict(page.next.params)
    assert params["startTime"] == str(MIDNIGHT + 1000 * DAY)
    assert params["endTime"] == dict(VENDORS["binance"].requests(ask)[0].params)["endTime"]


def test_the_walk_ends_with_a_page_that_is_not_full_or_reaches_the_end() -> None:
    ask = ask_for("binance", "BTCUSDT", first="2017-07-03", last="2020-03-28")
    rows = [candle(MIDNIGHT + i * DAY) for i in range(1000)]
    assert rows[-1][0] == int(datetime(2020, 3, 28, tzinfo=UTC).timestamp()) * 1000
    assert read(ask, json.dumps(rows)).next is None
    assert read(ask, json.dumps(rows[:-1])).next is None


def test_a_page_that_was_told_before_is_an_error_and_no_endless_walk() -> None:
    request = Request("/api/v3/klines", (("startTime", str(MIDNIGHT + DAY)),))
    error = failure(BTC, json.dumps([candle(MIDNIGHT), candle(MIDNIGHT + DAY)]), request=request)
    assert error.reach is Reach.AGAIN
    assert "begins before what was asked for" in error.problem


def test_days_that_are_shifted_are_not_read() -> None:
    rows = [candle(MIDNIGHT), candle(MIDNIGHT + DAY + 3_600_000)]
    error = failure(BTC, json.dumps(rows))
    assert error.reach is Reach.SERIES
    assert "row 2: a day begins at 2017-07-04 01:00 UTC, and not at midnight" in error.problem


def test_what_ends_after_the_question_is_not_final() -> None:
    ask = ask_for("binance", "BTCUSDT", first="2026-11-20", last="2026-11-20", frequency="1h")
    eleven = int((NOON - timedelta(hours=1)).timestamp()) * 1000
    body = json.dumps([candle(eleven + i * 3_600_000, length=3_600_000) for i in range(3)])
    assert read(ask, body).rows.select("timestamp", "session_date", "is_final").rows() == [
        (NOON - timedelta(hours=1), NOON.date(), True),
        (NOON, NOON.date(), False),
        (NOON + timedelta(hours=1), NOON.date(), False),
    ]


@pytest.mark.parametrize(
    ("body", "reach", "problem"),
    [
        (
            '{"code":-1121,"msg":"Invalid symbol."}',
            Reach.SERIES,
            "does not know the symbol (Invalid symbol.)",
        ),
        ('{"code":-1120,"msg":"Invalid interval."}', Reach.SERIES, "Invalid interval."),
    ],
)
def test_a_bad_request_is_the_series_own(body: str, reach: Reach, problem: str) -> None:
    error = failure(BTC, body, 400)
    assert error.reach is reach
    assert problem in error.problem


def test_too_much_weight_waits_as_long_as_told() -> None:
    error = failure(BTC, WEIGHT, 429, {"retry-after": "17"})
    assert (error.reach, error.wait) == (Reach.AGAIN, 17.0)


def test_a_short_ban_is_waited_for() -> None:
    error = failure(BTC, BANNED, 418, {"retry-after": "90"})
    assert (error.reach, error.wait) == (Reach.AGAIN, 90.0)
    soon = ask_for(
        "binance",
        "BTCUSDT",
        first="2025-11-01",
        last="2025-11-21",
        asked_at=datetime.fromtimestamp(1763719940, UTC),
    )
    error = failure(soon, BANNED, 418)
    assert (error.reach, error.wait) == (Reach.AGAIN, 60.0)


def test_a_long_ban_ends_the_source_for_the_run() -> None:
    error = failure(BTC, BANNED, 418, {"retry-after": "259200"})
    assert error.reach is Reach.SOURCE
    assert "banned for 72.0 hours" in error.problem
    assert failure(BTC, "{}", 418).reach is Reach.SOURCE


def test_a_place_that_is_not_served_and_a_firewall_end_the_source() -> None:
    error = failure(BTC, PLACE, 451)
    assert error.reach is Reach.SOURCE
    assert "not offered where this machine is" in error.problem
    assert failure(BTC, "<html><body>403 Forbidden</body></html>", 403).reach is Reach.SOURCE


def test_a_web_page_with_status_200_ends_the_source() -> None:
    error = failure(BTC, "\n <!DOCTYPE HTML><html></html>")
    assert error.reach is Reach.SOURCE
    assert "web page" in error.problem


@pytest.mark.parametrize("body", [BODY[:60], BODY[:-1], "", BODY + "]", '[[1e999999,"1"]', "[[NaN]]"])
def test_half_a_page_is_asked_again(body: str) -> None:
    error = failure(BTC, body)
    assert error.reach is Reach.AGAIN
    assert "no whole JSON" in error.problem


def changed(place: int, value: object) -> str:
    """Two rows, the second with another value."""
    row = candle(MIDNIGHT + DAY)
    row[place] = value
    return json.dumps([candle(MIDNIGHT), row])


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{"code":0}', "no list of rows"),
        ("[1]", "row 1 is no list of 12 values"),
        (json.dumps([candle(MIDNIGHT)[:11]]), "row 1 is no list of 12 values"),
        (changed(1, 1.5), "row 2, field open: '1.5' is no number in a text"),
        (changed(4, "Infinity"), "row 2, field close: 'Infinity' is no number"),
        (changed(5, None), "row 2, field volume: 'None' is no number"),
        (changed(0, "1499126400000"), "row 2, field open time: '1499126400000' is no time"),
        (changed(0, 1_499_126_400_000_000), "row 2, field open time: '1499126400000000' is no time"),
        (changed(0, True), "row 2, field open time: 'True' is no time"),
        (changed(8, 1.5), "row 2, field trades: '1.5' is no count"),
        (json.dumps([candle(MIDNIGHT), candle(MIDNIGHT, close="1.6")]), "told twice, and not with the same"),
        (json.dumps([candle(MIDNIGHT + 30 * DAY)]), "the bars are of 2017-08-02 to 2017-08-02"),
        ("[" * 200_000 + "]" * 200_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_trusted_is_one_error_that_says_where(body: str, problem: str) -> None:
    error = failure(BTC, body)
    assert error.reach is Reach.SERIES
    assert error.problem.startswith("Binance, BTCUSDT: ")
    assert problem in error.problem


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC-USDT", "btc/usdt"])
def test_symbols(symbol: str) -> None:
    assert VENDORS["binance"].provider_symbol(symbol) == "BTCUSDT"
