"""Stooq: each of its bodies comes with status 200, and the first line decides. No network."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.support.vendor_asks import ask_for, failure, read
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Reach
from transforms.schemas.market import READ_BARS

EQUITY = "Date,Open,High,Low,Close,Volume\n2026-01-02,1,2,0.5,1.5,1000\n"
PAIR = "Date,Open,High,Low,Close\n2026-09-25,1.17,1.18,1.16,1.175\n"
CHALLENGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="robots" content="noindex,nofollow"></head><body>'
    "<noscript>This site requires JavaScript to verify your browser. Please enable JavaScript and reload.</noscript>"
    '<script nonce="..">(async()=>{const c="..",d=4,..fetch("/__verify",{method:"POST",..})})();</script></body></html>'
)
AAPL = ask_for("stooq", "aapl.us", first="2026-01-01", last="2026-01-31")


def test_the_request_names_symbol_span_and_days_and_no_key() -> None:
    (request,) = VENDORS["stooq"].requests(AAPL)
    assert request.path == "/q/d/l/"
    assert dict(request.params) == {"s": "aapl.us", "d1": "20260101", "d2": "20260131", "i": "d"}


def test_a_bar_is_read() -> None:
    page = read(AAPL, EQUITY)
    READ_BARS.validate(page.rows)
    assert page.rows.to_dicts() == [
        {
            "provider_symbol": "aapl.us",
            "timestamp": datetime(2026, 1, 2, tzinfo=UTC),
            "session_date": date(2026, 1, 2),
            "open": 1.0,
            "high": 2.0,
            "low": 0.5,
            "close": 1.5,
            "volume": 1000.0,
            "vwap": None,
            "trades": None,
            "is_final": True,
        }
    ]
    assert (page.next, page.actions, page.notes) == (None, None, ())


def test_a_pair_has_no_volume() -> None:
    page = read(ask_for("stooq", "eurusd", first="2026-09-01", last="2026-09-30"), PAIR)
    assert page.rows.select("close", "volume").rows() == [(1.175, None)]


@pytest.mark.parametrize(
    "body",
    [
        "No data",
        "No data\r\n",
        "",
        " \r\n",
        "Date,Open,High,Low,Close,Volume\n",
        "Date,Open,High,Low,Close,Volume",
        "Date,Open,High,Low,Close,Volume\nNo data\n",
        "Date,Open,High,Low,Close,Volume\r\nNo data",
    ],
)
def test_nothing_in_the_span_is_an_empty_page(body: str) -> None:
    page = read(AAPL, body)
    assert page.rows.is_empty()
    READ_BARS.validate(page.rows)


@pytest.mark.parametrize(
    ("body", "problem", "fix"),
    [
        ("Exceeded the daily hits limit", "quota", "tomorrow"),
        ("Get your apikey: https://stooq.com/q/d/?s=aapl.us&get_apikey", "API key", "STOOQ_API_KEY"),
        (CHALLENGE, "wants to see a browser", "bulk file"),
        ("<html><body>Service notice</body></html>", "web page", "bulk file"),
    ],
)
def test_quota_key_and_challenge_end_the_source_for_the_run(body: str, problem: str, fix: str) -> None:
    error = failure(AAPL, body)
    assert error.reach is Reach.SOURCE
    assert problem in error.problem
    assert fix in error.fix


@pytest.mark.parametrize(
    "warning",
    [
        "Warning: Division by zero in /home/www/q.php on line 102\n",
        "<br />\n<b>Warning</b>:  Division by zero in <b>/home/www/q.php</b> on line <b>102</b><br />\n",
    ],
)
def test_a_warning_of_php_may_precede_a_table_that_is_right(warning: str) -> None:
    page = read(AAPL, warning + EQUITY)
    assert page.rows.height == 1
    assert page.notes == ("the page wrote a warning before the table",)


@pytest.mark.parametrize(
    "body",
    [
        "<br />\n<b>Warning</b>:  mysqli_query() expects parameter 1 in <b>a.php</b> on line <b>9</b><br />",
        "Warning: Division by zero in /home/www/q.php on line 102\n",
    ],
)
def test_a_warning_of_php_without_a_table_is_asked_again(body: str) -> None:
    assert failure(AAPL, body).reach is Reach.AGAIN


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie\n2026-01-02,1,2,0.5,1.5\n",
            "does not start with Date,Open",
        ),
        ("Something else", "is no table"),
        (EQUITY.replace("Close", "Closed"), "line 1: the columns are Date,Open,High,Low,Closed,Volume"),
        (
            "Date,Open,High,Low,Close,Volume\n2026-01-02,1,2,0.5,abc,1\n",
            "line 2, field Close: 'abc' is no number",
        ),
        (
            "Date,Open,High,Low,Close,Volume\n2026-01-02,1,2,0.5,nan,1\n",
            "line 2, field Close: 'nan' is no number",
        ),
        ("Date,Open,High,Low,Close,Volume\n2026-01-02,1,2,,1,1\n", "line 2, field Low: '' is no number"),
        (
            "Date,Open,High,Low,Close,Volume\n2026-02-30,1,2,1,1,1\n",
            "line 2, field Date: '2026-02-30' is no day",
        ),
        ("Date,Open,High,Low,Close,Volume\n02.01.2026,1,2,1,1,1\n", "field Date: '02.01.2026' is no day"),
        ("Date,Open,High,Low,Close,Volume\n2026-01-02,1_0,2,1,1,1\n", "field Open: '1_0' is no number"),
        (EQUITY + "2026-01-02,1,2,0.5,1.6,1000\n", "Stooq, aapl.us: 2026-01-02 is told twice"),
        ("Date,Open,High,Low,Close,Close\n2026-01-02,1,2,1,1,1\n", "the column Close stands there twice"),
        (EQUITY.replace("2026-01", "2019-01"), "the bars are of 2019-01-02 to 2019-01-02, but 2026-01-01"),
    ],
)
def test_what_cannot_be_trusted_is_one_error_that_says_where(body: str, problem: str) -> None:
    error = failure(AAPL, body)
    assert error.reach is Reach.SERIES
    assert error.problem.startswith("Stooq, aapl.us: ")
    assert problem in error.problem


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (EQUITY + "2026-01-05,1,2,0.5,1.", "ends in the middle of a line"),
        (EQUITY + "2026-01-05,1,2\n", "line 3: 3 cells under 6 column names"),
        (EQUITY + "2026-01-05,1,2,0.5,1.5,1000,7\n", "line 3: 7 cells"),
        (EQUITY.encode() + b"2026-01-05,\xff\xfe\n", "no text"),
        (EQUITY + '2026-01-05,"1,2,0.5,1.5,1000\n', "cannot be read"),
    ],
)
def test_half_a_table_is_asked_again(body: str | bytes, problem: str) -> None:
    error = failure(AAPL, body)
    assert error.reach is Reach.AGAIN
    assert problem in error.problem


def test_lines_are_counted_with_the_warning_before_them() -> None:
    body = "Warning: x on line 102\nDate,Open,High,Low,Close,Volume\n2026-01-02,1,2,0.5,abc,1\n"
    assert "line 3, field Close" in failure(AAPL, body).problem


def test_a_negative_price_and_an_odd_range_are_read_for_the_checks_to_judge() -> None:
    page = read(AAPL, "Date,Open,High,Low,Close,Volume\n2026-01-02,-1,0.5,2,-37.63,0\n")
    assert page.rows.select("open", "high", "low", "close").rows() == [(-1.0, 0.5, 2.0, -37.63)]


def test_the_order_of_the_rows_and_a_repeated_one_do_not_matter() -> None:
    lines = ["2026-01-06,1,2,0.5,1.5,1\n", "2026-01-02,1,2,0.5,1.5,1\n", "2026-01-06,1,2,0.5,1.5,1\n"]
    page = read(AAPL, "Date,Open,High,Low,Close,Volume\n" + "".join(lines))
    assert page.rows["session_date"].to_list() == [date(2026, 1, 2), date(2026, 1, 6)]
    assert page.notes == ("rows told twice and taken once: 1",)


def test_what_was_not_asked_for_is_left_out_and_told() -> None:
    page = read(AAPL, EQUITY + "2026-02-02,1,2,0.5,1.5,1000\n")
    assert page.rows.height == 1
    assert page.notes == ("rows not asked for and left out: 1, of 2026-02-02 to 2026-02-02",)


def test_todays_and_tomorrows_bars_are_not_final() -> None:
    ask = ask_for("stooq", "aapl.us", first="2026-11-01", last="2026-11-30")
    body = "Date,Open,High,Low,Close\n" + "".join(f"2026-11-{day},1,1,1,1\n" for day in (19, 20, 21))
    assert read(ask, body).rows["is_final"].to_list() == [True, False, False]


@pytest.mark.parametrize(
    ("status", "reach"),
    [(503, Reach.AGAIN), (429, Reach.AGAIN), (403, Reach.SOURCE), (404, Reach.SERIES), (302, Reach.SOURCE)],
)
def test_a_status_is_judged_before_the_body(status: int, reach: Reach) -> None:
    assert failure(AAPL, EQUITY, status).reach is reach


@pytest.mark.parametrize(
    ("symbol", "spelled"),
    [
        ("AAPL", "aapl.us"),
        ("BRK.B", "brk-b.us"),
        ("BRK B", "brk-b.us"),
        ("^SPX", "^spx"),
        ("EURUSD", "eurusd"),
    ],
)
def test_symbols(symbol: str, spelled: str) -> None:
    assert VENDORS["stooq"].provider_symbol(symbol) == spelled
