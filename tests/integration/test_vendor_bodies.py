"""Every body that vendors are known to send, through the wire, the client, the archive and the vendor's own reader."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from config.settings import load_settings
from orchestration.resources.vendors import OpenVendors, Received, open_vendors
from tests.fakes.vendors import BODIES, FRED_KEY, MASSIVE_KEY, Answer, VendorServer, vendor_server
from tests.support.vendor_walks import Clock
from transforms.market.series import Ask, DatasetId, Series
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Reach, VendorError

TODAY = datetime(2026, 11, 23, 22, tzinfo=UTC)
AGAIN, SERIES, SOURCE = Reach.AGAIN, Reach.SERIES, Reach.SOURCE
ROWS, NOTHING = "rows", "nothing"

# What each body is: rows, nothing (and no error), or an error with its reach. What is to be asked again comes right at
# the second attempt.
MEANING = {
    "stooq": {
        "csv_equity": ROWS, "csv_fx": ROWS, "nodata": NOTHING, "header_only": NOTHING, "header_and_nodata": NOTHING,
        "empty": NOTHING, "quota": SOURCE, "apikey": SOURCE, "challenge": SOURCE, "php_error": AGAIN,
        "php_warning_before_csv": ROWS, "bulk_text": SERIES, "bulk_refused": SOURCE,
    },
    "binance": {
        "klines": ROWS, "empty": NOTHING, "invalid_symbol": SERIES, "invalid_interval": SERIES, "too_much": AGAIN,
        "banned": SOURCE, "restricted": SOURCE, "waf": SOURCE,
    },
    "massive": {
        "aggregates": SERIES, "unadjusted": ROWS, "empty": NOTHING, "no_key": SOURCE, "unknown_key": SOURCE,
        "plan": SERIES, "too_much": AGAIN, "splits": ROWS, "dividends": ROWS,
    },
    "ecb": {
        "csvdata": ROWS, "missing_values": ROWS, "empty": NOTHING, "unchanged": NOTHING, "bad_key": SERIES,
        "eurofxref_hist": SERIES, "eurofxref_daily": SERIES,
    },
    "fred": {
        "observations": ROWS, "empty": NOTHING, "unknown_key": SOURCE, "no_key": SOURCE, "unknown_series": SERIES,
        "too_much": AGAIN, "graph": AGAIN, "graph_old_head": AGAIN,
    },
    "treasury": {"csv_2026": ROWS, "csv_2024": SERIES, "header_only": NOTHING, "not_found": SERIES},
    "yahoo": {"chart": ROWS, "not_found": SERIES, "too_much": AGAIN},
}  # fmt: skip
ASKED = {
    "stooq": ("bars", "AAPL", date(2026, 1, 1)),
    "binance": ("bars", "BTCUSDT", date(2017, 7, 1)),
    "massive": ("bars", "AAPL", date(2005, 4, 1)),
    "ecb": ("observations", "EURUSD", date(2026, 9, 1)),
    "fred": ("observations", "DGS10", date(2026, 10, 1)),
    "treasury": ("observations", "UST10Y", date(2026, 1, 1)),
    "yahoo": ("bars", "AAPL", date(2026, 1, 1)),
}
# The requests that a body answers, where a vendor has several kinds of them.
MATCHING = {"splits": "/reference/splits", "dividends": "/reference/dividends"}
MAIN = {"massive": "/v2/aggs", "fred": "/observations"}
CASES = [(vendor, name) for vendor, bodies in MEANING.items() for name in bodies]


@pytest.fixture
def clock() -> Clock:
    return Clock(TODAY.timestamp())


@pytest.fixture
def server(clock: Clock) -> Iterator[VendorServer]:
    with vendor_server(lambda: datetime.fromtimestamp(clock.time, UTC)) as running:
        yield running


@pytest.fixture
def vendors(
    server: VendorServer, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenVendors]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("TIEOUT_LAKE_URL", raising=False)
    for name, vendor in VENDORS.items():
        monkeypatch.setenv(vendor.base_url_setting, server.base_url(name))
    monkeypatch.setenv("POLYGON_API_KEY", MASSIVE_KEY)
    monkeypatch.setenv("FRED_API_KEY", FRED_KEY)
    monkeypatch.delenv("STOOQ_API_KEY", raising=False)
    with open_vendors(load_settings(), now=clock.now, sleep=clock.sleep) as opened:
        yield opened


def ask(vendor: str, first: date | None = None) -> Ask:
    """An ask whose span holds the rows of the vendor's bodies."""
    kind, symbol, earliest = ASKED[vendor]
    dataset = DatasetId(vendor, kind, "test", "1d")  # type: ignore[arg-type]
    series = Series(dataset, symbol, VENDORS[vendor].provider_symbol(symbol), f"{vendor}:{symbol}")
    return Ask((series,), first or earliest, date(2026, 11, 20), TODAY)


def asked(vendors: OpenVendors, vendor: str, first: date | None = None) -> list[Received]:
    return list(vendors.client(VENDORS[vendor]).pages(ask(vendor, first)))


def rows_of(received: list[Received]) -> int:
    """How many rows and actions came."""
    tables = [table for one in received for table in (one.page.rows, one.page.actions) if table is not None]
    return sum(table.height for table in tables)


def about_apple(body: Answer) -> Answer:
    """The empty answer of Massive is about another symbol."""
    return replace(body, body=body.body.replace(b'"XYZ"', b'"AAPL"'))


def is_archived(vendors: OpenVendors, vendor: str, body: bytes) -> bool:
    kept = vendors.archive.receipts()
    return body in {vendors.archive.body(vendor, one) for one in kept["document_id"].unique()}


def test_every_known_body_has_a_meaning_here() -> None:
    assert {vendor: set(bodies) for vendor, bodies in BODIES.items() if vendor in VENDORS} == {
        vendor: set(bodies) for vendor, bodies in MEANING.items()
    }


EMPTY = about_apple(BODIES["massive"]["empty"])


@pytest.mark.parametrize(("vendor", "name"), CASES)
def test_each_body_is_taken_for_what_it_is(
    vendor: str, name: str, server: VendorServer, vendors: OpenVendors, clock: Clock
) -> None:
    body, meaning = about_apple(BODIES[vendor][name]), MEANING[vendor][name]
    times = 1 if meaning is AGAIN else math.inf
    matching = MATCHING.get(name, MAIN.get(vendor, ""))
    if meaning in (ROWS, NOTHING) and vendor == "massive":
        for other in {"/v2/aggs", *MATCHING.values()} - {matching}:
            server.script(vendor, EMPTY, math.inf, other)
    server.script(vendor, body, times, matching)

    if meaning in (SERIES, SOURCE):
        with pytest.raises(VendorError) as caught:
            asked(vendors, vendor)
        assert caught.value.reach is meaning
        assert caught.value.__cause__ is caught.value.__context__ is None
        assert not any(key in str(caught.value) for key in (MASSIVE_KEY, FRED_KEY))
        assert (vendors.client(VENDORS[vendor]).state.ended is not None) == (meaning is SOURCE)
        assert len(server.requests(vendor)) == 1
    else:
        received = asked(vendors, vendor, date(2026, 9, 1) if meaning is AGAIN else None)
        assert (rows_of(received) > 0) == (meaning != NOTHING)
        assert vendors.client(VENDORS[vendor]).state.ended is None
    assert is_archived(vendors, vendor, body.body)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_web_page_with_status_200_is_never_rows(
    vendor: str, server: VendorServer, vendors: OpenVendors
) -> None:
    server.script(vendor, BODIES["stooq"]["challenge"], math.inf)
    with pytest.raises(VendorError) as caught:
        asked(vendors, vendor)
    assert caught.value.reach is SOURCE


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("compressed", [False, True])
def test_the_synthetic_market_comes_through_and_is_archived(
    vendor: str, compressed: bool, server: VendorServer, vendors: OpenVendors
) -> None:
    server.compressed, server.defects = compressed, False
    received = asked(vendors, vendor, date(2026, 9, 1))
    assert rows_of(received) > 20
    archived = [vendors.archive.body(vendor, one.document_id) for one in received]
    assert all(content[:2] != b"\x1f\x8b" for content in archived)
    assert vendors.archive.receipts().height == len(server.requests(vendor)) == len(received)
    for one in vendors.archive.receipts()["request"]:
        assert not any(key in one for key in (MASSIVE_KEY, FRED_KEY))


def test_massives_next_page_is_asked_of_our_server_with_the_key_in_its_header(
    server: VendorServer, vendors: OpenVendors
) -> None:
    page = BODIES["massive"]["aggregates"].body.replace(b'"adjusted":true', b'"adjusted":false')
    server.script("massive", Answer(page), 1, "/2005-04-01/")
    server.script("massive", EMPTY, math.inf)
    asked(vendors, "massive")
    following = [each for each in server.requests("massive") if "cursor" in each.params]
    assert [each.params for each in following] == [{"cursor": "abc123"}]
    assert following[0].path == "/v2/aggs/ticker/AAPL/range/1/day/1112331600000/1112587200000"
    assert following[0].headers["authorization"] == f"Bearer {MASSIVE_KEY}"


def test_a_ban_of_binance_lasts_over_runs(server: VendorServer, vendors: OpenVendors, clock: Clock) -> None:
    server.script("binance", BODIES["binance"]["banned"])
    with pytest.raises(VendorError):
        asked(vendors, "binance")
    with open_vendors(load_settings(), now=clock.now, sleep=clock.sleep) as later:
        with pytest.raises(VendorError, match="nothing is sent before 2026-11-26 22:00 UTC"):
            asked(later, "binance")
        assert len(server.requests("binance")) == 1
        assert asked(later, "ecb")
        clock.time += 3 * 24 * 3600 + 1
    with open_vendors(load_settings(), now=clock.now, sleep=clock.sleep) as latest:
        assert asked(latest, "binance")


def test_the_quotas_of_the_vendors_are_kept_to(
    server: VendorServer, vendors: OpenVendors, clock: Clock
) -> None:
    server.quotas = {"binance": 4, "massive": 5, "fred": 120}
    for vendor in ("binance", "massive", "fred"):
        assert asked(vendors, vendor)
        assert asked(vendors, vendor)
    assert not any(each["status"] == 418 for each in vendors.archive.receipts().to_dicts())
