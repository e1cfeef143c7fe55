"""FRED: observations as texts, pages by offset, vintages of what is revised. No network."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tests.support.vendor_asks import ask_for, failure, read
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Reach
from transforms.schemas.market import READ_OBSERVATIONS

BODY = (
    '{"realtime_start":"2026-11-20","realtime_end":"2026-11-20","observation_start":"2026-10-01",'
    '"observation_end":"9999-12-31","units":"lin","output_type":1,"file_type":"json","order_by":"observation_date",'
    '"sort_order":"asc","count":2,"offset":0,"limit":100000,"observations":[{"realtime_start":"2026-11-20",'
    '"realtime_end":"2026-11-20","date":"2026-10-01","value":"4.12"},{"realtime_start":"2026-11-20",'
    '"realtime_end":"2026-11-20","date":"2026-10-02","value":"."}]}'
)
NO_KEY = (
    '{"error_code":400,"error_message":"Bad Request.  The value for variable api_key is not registered.  Read '
    'https://fred.stlouisfed.org/docs/api/api_key.html for more information."}'
)
TEN = ask_for("fred", "DGS10", first="2026-10-01", last="2026-10-31")
GDP = ask_for("fred", "GDPC1", first="2026-01-01", last="2026-10-31", frequency="3mo")


def body_of(
    *observations: tuple[str, str, str], count: int | None = None, offset: int = 0, limit: int = 100_000
) -> str:
    """A page of (first day known, day, value)."""
    rows = [
        {"realtime_start": known, "realtime_end": "x", "date": on, "value": v}
        for known, on, v in observations
    ]
    return json.dumps(
        {
            "count": len(rows) if count is None else count,
            "offset": offset,
            "limit": limit,
            "observations": rows,
        }
    )


def test_a_daily_series_is_asked_for_as_it_is_now() -> None:
    (request,) = VENDORS["fred"].requests(TEN)
    assert request.path == "/fred/series/observations"
    assert dict(request.params) == {
        "series_id": "DGS10",
        "file_type": "json",
        "observation_start": "2026-10-01",
        "observation_end": "2026-10-31",
        "sort_order": "asc",
        "limit": "100000",
        "offset": "0",
    }


def described(*rows: object) -> str:
    return json.dumps({"realtime_start": "x", "seriess": list(rows)})


def test_the_description_names_the_unit() -> None:
    (about,) = VENDORS["fred"].apart(TEN)
    assert (about.path, about.params) == ("/fred/series", (("series_id", "DGS10"), ("file_type", "json")))
    page = read(TEN, described({"id": "DGS10", "units": "Percent"}), request=about)
    READ_OBSERVATIONS.validate(page.rows)
    assert (page.rows.height, page.units, page.next) == (0, {"DGS10": "Percent"}, None)
    for silent in ({"id": "DGS10"}, {"id": "DGS10", "units": " "}):
        assert read(TEN, described(silent), request=about).units == {}
    assert read(TEN, BODY).units == {}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("{}", "seriess is no list"),
        (described(), "0 descriptions of DGS10 came, and not one"),
        (described({"id": "GDPC1", "units": "Percent"}), "0 descriptions of DGS10 came, and not one"),
        (described({"id": "DGS10", "units": 3}), "field units: '3' is no text"),
    ],
)
def test_a_description_that_cannot_be_right_is_an_error(body: str, problem: str) -> None:
    error = failure(TEN, body, request=VENDORS["fred"].apart(TEN)[0])
    assert error.reach is Reach.SERIES
    assert problem in str(error)


def test_what_is_revised_is_asked_for_with_every_vintage() -> None:
    params = dict(VENDORS["fred"].requests(GDP)[0].params)
    assert (params["realtime_start"], params["realtime_end"]) == ("1776-07-04", "9999-12-31")


def test_observations_are_read_and_a_point_is_a_missing_value() -> None:
    page = read(TEN, BODY)
    READ_OBSERVATIONS.validate(page.rows)
    assert page.rows.rows() == [
        ("DGS10", date(2026, 10, 1), 4.12, date(2026, 10, 1)),
        ("DGS10", date(2026, 10, 2), None, date(2026, 10, 2)),
    ]
    assert page.next is None


def test_each_vintage_is_a_row() -> None:
    page = read(GDP, body_of(("2026-05-28", "2026-01-01", "2.2"), ("2026-04-30", "2026-01-01", "2.0")))
    READ_OBSERVATIONS.validate(page.rows)
    assert page.rows.select("observation_date", "known_from", "value").rows() == [
        (date(2026, 1, 1), date(2026, 4, 30), 2.0),
        (date(2026, 1, 1), date(2026, 5, 28), 2.2),
    ]


def test_the_next_page_begins_where_this_one_ends() -> None:
    page = read(TEN, body_of(("x", "2026-10-01", "1"), ("x", "2026-10-02", "2"), count=3, limit=2))
    assert page.next is not None
    assert dict(page.next.params)["offset"] == "2"
    last = read(TEN, body_of(("x", "2026-10-03", "3"), count=3, offset=2, limit=2), request=page.next)
    assert last.next is None


def test_no_observations_are_an_empty_page() -> None:
    assert read(TEN, body_of()).rows.is_empty()


@pytest.mark.parametrize(
    "body",
    [
        BODY[:300],
        "",
        body_of(("x", "2026-10-01", "1"), count=2),
        body_of(("x", "2026-10-01", "1"), ("x", "2026-10-02", "1"), count=1),
        body_of(count=5),
        body_of(("x", "2026-10-01", "1"), count=3, offset=2),
        body_of(("x", "2026-10-01", "1"), count=1, offset=1),
    ],
)
def test_half_a_page_and_another_page_are_asked_again(body: str) -> None:
    assert failure(TEN, body).reach is Reach.AGAIN


@pytest.mark.parametrize(
    ("status", "body", "reach", "text"),
    [
        (400, NO_KEY, Reach.SOURCE, "FRED_API_KEY"),
        (
            400,
            '{"error_code":400,"error_message":"Bad Request.  The series does not exist."}',
            Reach.SERIES,
            "no such",
        ),
        (
            400,
            '{"error_code":400,"error_message":"Bad Request.  There are 2004 vintage dates in the specified real-time '
            'period: 1776-07-04 to 9999-12-31.  This exceeds the maximum number of vintage dates allowed (2000)."}',
            Reach.SERIES,
            "2004 vintage dates",
        ),
        (
            429,
            '{"error_code":429,"error_message":"Too Many Requests.  Exceeded Rate Limit"}',
            Reach.AGAIN,
            "a minute",
        ),
        (
            500,
            '{"error_code":500,"error_message":"Internal Server Error"}',
            Reach.AGAIN,
            "Internal Server Error",
        ),
        (200, "<html><head><title>Maintenance</title></head></html>", Reach.SOURCE, "web page"),
    ],
)
def test_refusals_are_told_apart_by_their_message(status: int, body: str, reach: Reach, text: str) -> None:
    error = failure(TEN, body, status)
    assert error.reach is reach
    assert text in str(error)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("3", "no JSON object"),
        ("{}", "observations is no list"),
        ('{"observations":[]}', "count, offset and limit of the answer are no numbers"),
        (BODY.replace('"4.12"', "4.12"), "row 1, field value: '4.12' is no number in a text"),
        (BODY.replace('"4.12"', '""'), "row 1, field value: '' is no number"),
        (BODY.replace('"4.12"', '"1e999"'), "row 1, field value: '1e999' is no number"),
        (BODY.replace('"2026-10-02"', '"10/02/2026"'), "row 2, field date: '10/02/2026' is no day"),
        (BODY.replace('"date":"2026-10-02"', '"day":"2026-10-02"'), "row 2, field date: 'None' is no day"),
        (BODY.replace('"2026-10-02"', '"2026-10-01"'), "2026-10-01 is told twice"),
    ],
)
def test_what_cannot_be_trusted_is_one_error_that_says_where(body: str, problem: str) -> None:
    error = failure(TEN, body)
    assert error.reach is Reach.SERIES
    assert error.problem.startswith("FRED, DGS10: ")
    assert problem in error.problem


def test_a_vintage_without_its_first_day_is_an_error() -> None:
    assert "field realtime_start" in failure(GDP, body_of(("later", "2026-01-01", "1"))).problem


def test_symbols() -> None:
    assert VENDORS["fred"].provider_symbol("DGS10") == "DGS10"
