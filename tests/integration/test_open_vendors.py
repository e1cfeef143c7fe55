"""The vendors of a run as the settings make them: addresses, keys, where the archive lies, the pace over runs."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from config.settings import load_settings
from orchestration.resources.vendors import open_vendors
from tests.support.scripted_http import Said, ScriptedServer, scripted_server
from tests.support.vendor_walks import Clock
from transforms.market.series import Ask, DatasetId, Series
from transforms.market.vendors import VENDORS
from transforms.market.vendors.contract import Reach, VendorError

KEY = "k3y-of-the-tests-0123456789"
CSV = b"Date,Open,High,Low,Close,Volume\n2026-11-20,1,2,0.5,1.5,1000\n"
AAPL = Series(DatasetId("stooq", "bars", "us", "1d"), "AAPL", "aapl.us", "XNAS:AAPL", venue="XNAS")
ASK = Ask((AAPL,), date(2026, 11, 16), date(2026, 11, 20), datetime(2026, 11, 23, tzinfo=UTC))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("TIEOUT_LAKE_URL", raising=False)
    for vendor in VENDORS.values():
        monkeypatch.delenv(vendor.base_url_setting, raising=False)
        if vendor.key is not None:
            monkeypatch.delenv(vendor.key.setting, raising=False)
            monkeypatch.delenv(f"{vendor.key.setting}_FILE", raising=False)
    with scripted_server() as running:
        monkeypatch.setenv("STOOQ_BASE_URL", running.base_url)
        running.otherwise = lambda asked: Said(CSV)
        yield running


@pytest.mark.parametrize("name", VENDORS)
def test_every_vendor_has_its_settings(name: str, server: ScriptedServer) -> None:
    vendor = VENDORS[name]
    assert vendor.base_url.startswith("https://")
    with open_vendors(load_settings()) as vendors:
        client = vendors.client(vendor)
        assert client.base_url == (server.base_url if name == "stooq" else vendor.base_url)
        assert client.key == ""
        assert client is vendors.client(vendor)


def test_a_run_asks_where_the_settings_say_and_archives_in_the_lake(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOOQ_API_KEY", KEY)
    with open_vendors(load_settings()) as vendors:
        (received,) = vendors.client(VENDORS["stooq"]).pages(ASK)
    assert received.page.rows["close"].to_list() == [1.5]
    assert dict(server.asked[0].params)["apikey"] == KEY
    raw = tmp_path / "data" / "lake" / "raw" / "vendors"
    assert (raw / "stooq" / received.document_id[:2] / f"{received.document_id}.zst").is_file()
    assert len(list((raw / "receipts").rglob("*.parquet"))) == 1
    state = [path.name for path in (tmp_path / "data" / "state").rglob("*") if path.is_file()]
    assert sorted(state) == [".stooq.json.lock", "stooq.json"]
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_the_archive_may_be_an_object_store(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_LAKE_URL", "memory://of-the-vendors")
    with open_vendors(load_settings()) as vendors:
        (received,) = vendors.client(VENDORS["stooq"]).pages(ASK)
        assert vendors.archive.body("stooq", received.document_id) == CSV
    with open_vendors(load_settings()) as vendors:
        assert vendors.archive.receipts()["document_id"].to_list() == [received.document_id]


def test_a_source_ends_for_one_run_and_a_hold_lasts_over_runs(server: ScriptedServer) -> None:
    clock = Clock()
    server.script.append(Said(b"Exceeded the daily hits limit"))
    with open_vendors(load_settings(), now=clock.now, sleep=clock.sleep) as vendors:
        for _ in range(2):
            with pytest.raises(VendorError) as caught:
                list(vendors.client(VENDORS["stooq"]).pages(ASK))
            assert caught.value.reach is Reach.SOURCE
    assert len(server.asked) == 1
    server.script.append(Said(b"", 503, {"Retry-After": "7200"}))
    with (
        open_vendors(load_settings(), now=clock.now, sleep=clock.sleep) as vendors,
        pytest.raises(VendorError),
    ):
        list(vendors.client(VENDORS["stooq"]).pages(ASK))
    assert len(server.asked) == 2
    with (
        open_vendors(load_settings(), now=clock.now, sleep=clock.sleep) as vendors,
        pytest.raises(VendorError),
    ):
        list(vendors.client(VENDORS["stooq"]).pages(ASK))
    assert len(server.asked) == 2


def test_a_key_that_is_needed_is_asked_for_by_name(server: ScriptedServer) -> None:
    series = Series(DatasetId("fred", "observations", "rates", "1d"), "DGS10", "DGS10", "fred:DGS10")
    ask = Ask((series,), ASK.first, ASK.last, ASK.asked_at)
    with open_vendors(load_settings()) as vendors, pytest.raises(VendorError) as caught:
        list(vendors.client(VENDORS["fred"]).pages(ask))
    assert "FRED_API_KEY is not set" in str(caught.value)
