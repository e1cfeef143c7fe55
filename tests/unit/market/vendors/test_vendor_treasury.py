"""US Treasury: a file a year, newest first, whose columns change. No network."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.support.vendor_asks import ask_for, failure, read
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Reach
from transforms.schemas.market import READ_OBSERVATIONS

HEADER = (
    'Date,"1 Mo","1.5 Month",'
    '"2 Mo","3 Mo","4 Mo","6 Mo","1 Yr","2 Yr","3 Yr","5 Yr","7 Yr","10 Yr","20 Yr","30 Yr"\n'
)
RATES = ",4.01,4.02,4.03,4.04,4.05,4.06,3.9,3.8,3.7,3.75,3.9,4.12,4.6,4.65\n"
BODY = HEADER + "10/08/2026" + RATES + "10/07/2026" + RATES.replace("4.12", "4.10")
TEN = ask_for("treasury", "10 Yr", first="2026-10-01", last="2026-10-31")


def test_a_year_is_a_request_and_there_is_none_before_1990() -> None:
    ask = ask_for("treasury", "10 Yr", first="1985-01-01", last="1991-06-30")
    first, second = VENDORS["treasury"].requests(ask)
    assert first.path == "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/1990/all"
    assert first.params == (
        ("type", "daily_treasury_yield_curve"),
        ("field_tdr_date_value", "1990"),
        ("page", ""),
        ("_format", "csv"),
    )
    assert "/1991/all" in second.path
    assert (
        VENDORS["treasury"].requests(ask_for("treasury", "10 Yr", first="1985-01-01", last="1989-01-01"))
        == ()
    )


def test_tenors_are_read_oldest_first() -> None:
    ask = ask_for("treasury", "10 Yr", "1.5 Mo", first="2026-10-01", last="2026-10-31")
    page = read(ask, BODY)
    READ_OBSERVATIONS.validate(page.rows)
    assert page.rows.rows() == [
        ("1.5 Mo", date(2026, 10, 7), 4.02, date(2026, 10, 7)),
        ("1.5 Mo", date(2026, 10, 8), 4.02, date(2026, 10, 8)),
        ("10 Yr", date(2026, 10, 7), 4.10, date(2026, 10, 7)),
        ("10 Yr", date(2026, 10, 8), 4.12, date(2026, 10, 8)),
    ]
    assert page.notes == ()
    assert page.units == {"10 Yr": "percent", "1.5 Mo": "percent"}


def test_columns_are_known_by_name_whatever_their_order_and_spelling() -> None:
    body = 'Date,"30 YR","10 YR"\n10/08/2026,4.65,4.12\n'
    assert read(TEN, body).rows["value"].to_list() == [4.12]


def test_a_tenor_that_did_not_exist_is_no_error() -> None:
    ask = ask_for("treasury", "1.5 Mo", "10 Yr", first="2024-01-01", last="2024-12-31")
    body = 'Date,"1 Mo","2 Mo","10 Yr"\n10/08/2024,4.9,4.8,4.1\n'
    page = read(ask, body)
    assert page.rows["provider_symbol"].to_list() == ["10 Yr"]
    assert page.notes == ("the file of 2024 has no 1.5 Mo",)
    alone = read(ask_for("treasury", "1.5 Mo", first="2024-01-01", last="2024-12-31"), body)
    assert alone.rows.is_empty()


@pytest.mark.parametrize("told", ["", "N/A", " N/A "])
def test_a_missing_value_is_none(told: str) -> None:
    assert read(TEN, BODY.replace("4.12", told)).rows["value"].to_list() == [4.10, None]


def test_only_what_was_asked_for_is_given() -> None:
    page = read(TEN, BODY + "09/30/2026" + RATES)
    assert page.rows["observation_date"].to_list() == [date(2026, 10, 7), date(2026, 10, 8)]


def test_a_year_may_have_no_rate_yet() -> None:
    january = ask_for(
        "treasury", "10 Yr", first="2026-12-20", last="2027-01-02", asked_at=datetime(2027, 1, 2, tzinfo=UTC)
    )
    request = VENDORS["treasury"].requests(january)[1]
    assert read(january, "", request=request).rows.is_empty()
    assert read(january, HEADER, request=request).rows.is_empty()
    assert failure(TEN, "").reach is Reach.AGAIN


def test_a_figure_may_be_cut_off_where_nobody_tells_the_end_of_the_answer() -> None:
    """The last cell of 10 Yr, 4.12, would be 4.1."""
    ten = 'Date,"10 Yr"\n10/08/2026,4.12\n'
    for end in (-1, -2):
        assert failure(TEN, ten[:end]).reach is Reach.AGAIN
    for headers in ({"content-length": "27"}, {"transfer-encoding": "chunked"}, {"content-encoding": "gzip"}):
        assert read(TEN, ten[:-1], headers=headers).rows["value"].to_list() == [4.12]


@pytest.mark.parametrize(
    ("status", "body", "reach"),
    [
        (200, "<!DOCTYPE html><html lang='en'></html>", Reach.SOURCE),
        (403, "", Reach.SOURCE),
        (404, "", Reach.SERIES),
        (503, "", Reach.AGAIN),
        (200, BODY[:-20], Reach.AGAIN),
    ],
)
def test_refusals(status: int, body: str, reach: Reach) -> None:
    assert failure(TEN, body, status).reach is reach


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (BODY.replace("Date", "Day"), "line 1: the first column is not Date"),
        (BODY.replace("4.12", "x"), "line 2, field 10 Yr: 'x' is no number"),
        (BODY.replace("10/08/2026", "2026-10-08"), "line 2, field Date: '2026-10-08' is no day"),
        (BODY.replace("10/08/2026", "13/08/2026"), "line 2, field Date: '13/08/2026' is no day"),
        (BODY.replace("10/08/2026", "10/08/2025"), "2025-10-08 stands in the file of 2026"),
        (BODY.replace("10/08", "10/07"), "2026-10-07 is told twice"),
        (BODY.replace('"2 Mo"', '"1.5 Mo"'), "two columns are of one tenor"),
        (BODY.replace('"2 Mo"', '"1 Mo"'), "the column 1 Mo stands there twice"),
    ],
)
def test_what_cannot_be_trusted_is_one_error_that_says_where(body: str, problem: str) -> None:
    error = failure(TEN, body)
    assert error.reach is Reach.SERIES
    assert error.problem.startswith("US Treasury, 10 Yr: ")
    assert problem in error.problem


@pytest.mark.parametrize(
    ("symbol", "spelled"),
    [("UST10Y", "10 Yr"), ("UST3MO", "3 Mo"), ("UST1.5M", "1.5 Mo"), ("10 Yr", "10 Yr")],
)
def test_symbols(symbol: str, spelled: str) -> None:
    assert VENDORS["treasury"].provider_symbol(symbol) == spelled
