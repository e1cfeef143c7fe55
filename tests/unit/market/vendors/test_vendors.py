"""What holds for every vendor: its contract, its refusals, and bodies that nothing can be read in. No network."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.support.vendor_asks import ask_for, failure, read
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Reach
from transforms.schemas.market import READ_BARS, READ_OBSERVATIONS

SYMBOLS = {
    "stooq": "AAPL",
    "binance": "BTCUSDT",
    "massive": "AAPL",
    "ecb": "EURUSD",
    "fred": "DGS10",
    "treasury": "UST10Y",
    "yahoo": "AAPL",
}
EVERY = pytest.mark.parametrize("name", sorted(VENDORS))


def ask_of(name: str, frequency: str = "1d"):
    """An ask for the vendor's usual series, as it spells it."""
    spelled = VENDORS[name].provider_symbol(SYMBOLS[name])
    return ask_for(name, spelled, first="2026-10-01", last="2026-11-20", frequency=frequency)


def test_there_are_these_vendors_by_their_names() -> None:
    assert set(VENDORS) == set(SYMBOLS)
    assert all(name == vendor.name for name, vendor in VENDORS.items())


@EVERY
def test_a_vendor_is_reached_over_tls_and_its_settings_have_names(name: str) -> None:
    vendor = VENDORS[name]
    assert vendor.base_url.startswith("https://")
    assert not vendor.base_url.endswith("/")
    assert vendor.base_url_setting.endswith("_BASE_URL")
    assert vendor.key is None or vendor.key.setting == vendor.base_url_setting.replace("BASE_URL", "API_KEY")


@pytest.mark.parametrize(
    ("name", "host", "adjustment"),
    [
        ("stooq", "https://stooq.com", "unknown"),
        ("binance", "https://data-api.binance.vision", "raw"),
        ("massive", "https://api.massive.com", "raw"),
        ("ecb", "https://data-api.ecb.europa.eu", "raw"),
        ("fred", "https://api.stlouisfed.org", "raw"),
        ("treasury", "https://home.treasury.gov", "raw"),
        ("yahoo", "https://query2.finance.yahoo.com", "splits"),
    ],
)
def test_where_a_vendor_answers_and_what_it_adjusts_its_prices_for(
    name: str, host: str, adjustment: str
) -> None:
    assert (VENDORS[name].base_url, VENDORS[name].adjustment) == (host, adjustment)


def test_binances_pace_keeps_its_weight_of_a_minute() -> None:
    """A page weighs 2 of 6,000."""
    limit = VENDORS["binance"].limit
    assert 2 * (limit.per_minute + limit.burst) <= 6000


@EVERY
def test_every_frequency_has_its_requests_and_none_carries_a_key(name: str) -> None:
    vendor = VENDORS[name]
    for frequency in vendor.frequencies:
        ask = ask_of(name, frequency)
        for request in (*vendor.requests(ask), *vendor.apart(ask)):
            assert request.path.startswith("/")
            assert "?" not in request.path
            assert not {"apikey", "api_key"} & {key.lower() for key, _ in request.params}


@EVERY
@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE html>\n<html><body>Sign in</body></html>",
        "\ufeff  <HTML><head></head></HTML>",
        "<head><title>Proxy</title></head>",
    ],
)
def test_a_web_page_with_status_200_ends_the_source_for_the_run(name: str, body: str) -> None:
    error = failure(ask_of(name), body)
    assert error.reach is Reach.SOURCE
    assert "web page" in error.problem


@EVERY
@pytest.mark.parametrize("body", [b"\x00\xff\xfe\x9d", b"\x1f\x8b\x08\x00\x00", b"%PDF-1.7\n1 0 obj\n"])
def test_bytes_of_another_kind_are_an_error(name: str, body: bytes) -> None:
    failure(ask_of(name), body)


@EVERY
@pytest.mark.parametrize(
    ("status", "reach"),
    [
        (500, Reach.AGAIN),
        (502, Reach.AGAIN),
        (408, Reach.AGAIN),
        (429, Reach.AGAIN),
        (401, Reach.SOURCE),
        (403, Reach.SOURCE),
        (451, Reach.SOURCE),
        (307, Reach.SOURCE),
        (204, Reach.SOURCE),
        (410, Reach.SERIES),
    ],
)
@pytest.mark.parametrize("body", ["", "<html>no</html>", "[]", "{}", '{"error": 5}'])
def test_a_status_without_rows_is_judged_whatever_the_body_is(
    name: str, status: int, reach: Reach, body: str
) -> None:
    error = failure(ask_of(name), body, status)
    assert error.reach is reach
    assert VENDORS[name].title in error.problem
    assert error.fix


@EVERY
@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:01:30 GMT", "date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 90.0),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT", "date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:01:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "999999999999"}, 999_999_999_999.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:00 +99999999999999999999"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_what_the_vendor_says(
    name: str, headers: dict[str, str], wait: float | None
) -> None:
    assert failure(ask_of(name), "", 503, headers).wait == wait


@EVERY
def test_a_page_that_holds_this_machine_off_is_not_blamed_on_a_key(name: str) -> None:
    error = failure(ask_of(name), "<html>\n<head><title>403 Forbidden</title></head></html>", 403)
    assert error.reach is Reach.SOURCE
    assert "a web page instead of data, status 403" in error.problem
    assert "key" not in error.fix


@EVERY
def test_a_long_message_of_a_vendor_is_cut_and_on_one_line(name: str) -> None:
    endless = "x\\n" * 5_000
    body = f'{{"msg": "{endless}", "error": "{endless}", "error_message": "{endless}"}}'
    problem = failure(ask_of(name), body, 409).problem
    assert len(problem) < 400
    assert "\n" not in problem


def test_many_series_are_named_shortly() -> None:
    tenors = [f"{years} Yr" for years in (1, 2, 3, 5, 7, 10, 20, 30)]
    ask = ask_for("treasury", *tenors, first="2026-10-01", last="2026-11-20")
    assert failure(ask, "", 503).problem.startswith("US Treasury, 1 Yr, 2 Yr, 3 Yr and 5 more: ")


def test_a_session_has_one_timestamp_at_every_vendor_of_bars() -> None:
    day, midnight = date(2026, 11, 19), datetime(2026, 11, 19, tzinfo=UTC)
    milliseconds = int(midnight.timestamp()) * 1000
    new_york = milliseconds + 5 * 3_600_000
    bodies = {
        "stooq": "Date,Open,High,Low,Close\n2026-11-19,1,1,1,1\n",
        "binance": f'[[{milliseconds},"1","1","1","1","1",{milliseconds + 86_399_999},"1",1,"1","1","0"]]',
        "massive": f'{{"status":"OK","results":[{{"o":1,"h":1,"l":1,"c":1,"t":{new_york}}}]}}',
    }
    for name, body in bodies.items():
        assert read(ask_of(name), body).rows.select("timestamp", "session_date").rows() == [
            (midnight, day)
        ], name


@EVERY
def test_an_empty_page_keeps_its_contract(name: str) -> None:
    bodies = {
        "stooq": "No data",
        "binance": "[]",
        "massive": '{"status":"OK"}',
        "ecb": "",
        "fred": '{"count":0,"offset":0,"limit":100000,"observations":[]}',
        "treasury": "Date,10 Yr\n",
        "yahoo": '{"chart":{"result":[{"meta":{"exchangeTimezoneName":"UTC"},"indicators":{}}]}}',
    }
    page = read(ask_of(name), bodies[name])
    contract = READ_BARS if "bars" in VENDORS[name].kinds else READ_OBSERVATIONS
    contract.validate(page.rows)
    assert page.rows.is_empty()
