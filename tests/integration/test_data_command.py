"""`tieout data` as a user calls it, against the simulated vendors over real HTTP."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.vendors import BODIES, FRED_KEY, MASSIVE_KEY, VendorServer, vendor_server
from tests.support.command import ROOT, query, runs, tieout
from transforms.market.vendors import VENDORS


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with vendor_server() as running:
        running.defects = False
        yield running


def settings(server: VendorServer) -> dict[str, str]:
    addresses = {vendor.base_url_setting: server.base_url(name) for name, vendor in VENDORS.items()}
    return {"POLYGON_API_KEY": MASSIVE_KEY, "FRED_API_KEY": FRED_KEY, "COLUMNS": "250", **addresses}


def test_pull_update_catalog_and_show(server: VendorServer, tmp_path: Path) -> None:
    known = settings(server)
    pulled = tieout(tmp_path, "data", "pull", "stooq", "SPY", "BRK.B", "--from", "2025-01-02", settings=known)
    assert "stooq/bars/main/1d: " in pulled.stdout
    assert "rows added to 2 of 2 series" in pulled.stdout
    assert 'symbols = ["SPY", "BRK.B"]' in (tmp_path / "market.toml").read_text()
    server.asked.clear()
    server.script("ecb", BODIES["ecb"]["bad_key"], times=20)

    tieout(tmp_path, "data", "pull", "ecb", "EURUSD", "--universe", "fx", settings=known, expect=1)
    later = tieout(
        tmp_path,
        "data",
        "pull",
        "binance",
        "BTCUSDT",
        "--universe",
        "coins",
        "--from",
        "2026-11-02",
        settings=known,
    )
    assert "rows added to 1 of 1 series" in later.stdout
    server.asked.clear()
    done = tieout(tmp_path, "data", "update", "--json", settings=known, expect=1)

    told = {one["dataset"]: one for one in json.loads(done.stdout)}
    stooq = told["stooq/bars/main/1d"]
    assert stooq["years_written"] == []
    assert [(one["added"], one["problem"]) for one in stooq["series"]] == [(0, None), (0, None)]
    assert told["ecb/observations/fx/1d"]["series"][0]["problem"]
    assert len([one for one in server.asked if one.vendor == "stooq"]) == 2

    catalog = {
        row["dataset"]: row for row in json.loads(tieout(tmp_path, "data", "catalog", "--json").stdout)
    }
    assert catalog["stooq/bars/main/1d"]["series_stored"] == 2
    assert catalog["ecb/observations/fx/1d"]["not_answered"] == 1
    shown = json.loads(tieout(tmp_path, "data", "show", "BRK.B", "--from", "2025-06-02", "--json").stdout)
    assert shown[0]["session_date"] == "2025-06-02"
    assert {row["provider"] for row in shown} == {"stooq"}
    names = json.loads(tieout(tmp_path, "data", "symbols", "--json").stdout)
    assert ("XNYS:BRK.B", "brk-b.us", None) in {
        (row["instrument_id"], row["provider_symbol"], row["reason"]) for row in names
    }
    assert [job for job, _ in runs(tmp_path)] == [
        "update_bars", "update_observations", "update_bars", "update_bars", "update_observations"
    ]  # fmt: skip


def test_what_cannot_be_asked_is_one_sentence(server: VendorServer, tmp_path: Path) -> None:
    known = settings(server)
    nobody = tieout(tmp_path, "data", "pull", "nobody", "SPY", settings=known, expect=2)
    assert "no provider is called nobody; there are stooq, " in nobody.stderr
    assert not (tmp_path / "market.toml").exists()
    universe = tieout(tmp_path, "data", "update", "us", settings=known, expect=2)
    assert "has no universe us; there are none yet" in universe.stderr
    (tmp_path / "market.toml").write_text('[[dataset]]\nprovider = "stooq"\nsymbol = ["SPY"]\n')
    broken = tieout(tmp_path, "data", "update", settings=known, expect=2)
    assert "market.toml, entry 1 of [[dataset]]: symbol is not known there" in broken.stderr
    nothing = tieout(tmp_path, "data", "show", "SPY", settings=known, expect=2)
    assert "nothing is stored of SPY" in nothing.stderr
    assert server.asked == []


def test_progress_is_a_line_for_each_step_of_each_series(server: VendorServer, tmp_path: Path) -> None:
    known = settings(server)
    server.script("stooq", BODIES["stooq"]["challenge"], matching="qqq.us")
    asked = ("stooq", "SPY", "QQQ", "--from", "2026-10-01", "--progress")
    done = tieout(tmp_path, "data", "pull", *asked, settings=known, expect=1)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    states = [one["state"] for one in told if one.get("symbol") == "SPY"]
    assert states == ["waiting", "asking", "answered", "done"]
    last = {one["symbol"]: one for one in told if one["state"] == "done"}
    assert last["SPY"]["added"] > 10
    assert last["SPY"]["problem"] is None
    assert last["QQQ"]["added"] == 0
    assert last["QQQ"]["problem"]
    assert told[-1] == {"state": "ended", "problem": None}
    record = json.loads((tmp_path / "state/market/stooq.bars.main.1d.json").read_text())
    assert len(record["sessions"]) > 150

    refused = tieout(tmp_path, "data", "pull", "nobody", "SPY", "--progress", settings=known, expect=2)
    assert "no provider is called nobody" in json.loads(refused.stdout)["problem"]


def test_the_demos_market_is_asked_of_nobody_else(server: VendorServer, tmp_path: Path) -> None:
    (tmp_path / "market.toml").write_text(
        'simulated = true\n\n[[dataset]]\nprovider = "stooq"\nsymbols = ["SPY"]\n'
    )
    refused = tieout(tmp_path, "data", "update", settings=settings(server), expect=2)
    assert "whose market is invented: `tieout demo --clear` first" in refused.stderr
    before = (tmp_path / "market.toml").read_text()
    pulled = tieout(tmp_path, "data", "pull", "stooq", "QQQ", settings=settings(server), expect=2)
    assert "whose market is invented: `tieout demo --clear` first" in pulled.stderr
    assert (tmp_path / "market.toml").read_text() == before
    assert server.asked == []


def test_a_benchmark_of_the_lake_reaches_the_books(tmp_path: Path) -> None:
    """The demo's own: its market is there before its books are made."""
    tieout(tmp_path, "demo")
    bars = query(tmp_path, "select count(distinct symbol) as n from bars where provider = 'massive'")
    assert bars[0]["n"] > 10
    rates = query(tmp_path, "select count(*) as n from observations where symbol in ('EURUSD', 'UST10Y')")
    assert rates[0]["n"] > 1000
    kept = query(tmp_path, "select dataset from dataset_catalog order by 1")
    assert [row["dataset"] for row in kept] == [
        "ecb/observations/fx/1d", "massive/bars/us/1d", "treasury/observations/rates/1d"
    ]  # fmt: skip
    beta = query(
        tmp_path,
        "select account_id, value from performance_metric where metric = 'beta' and \"window\" = '1Y' order by 1",
    )
    assert [row["value"] is not None for row in beta] == [True, True]
    guide = (ROOT / "docs/guides/market-symbols.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```sql\n(.*?)```", guide, re.DOTALL)
    joined = query(tmp_path, example)
    assert len({row["symbol"] for row in joined}) > 5
    # the synthetic broker marks its positions at the closes of the synthetic market
    assert all(row["close"] == row["mark_price"] for row in joined if row["mark_price"] is not None)
    rates = query(tmp_path, "select distinct unit from observations order by 1")
    assert [row["unit"] for row in rates][-1] == "percent"
    assert rates[0]["unit"].endswith(" per EUR")
    closes = query(tmp_path, "select distinct benchmark, currency, adjustment from benchmark_close")
    assert closes == [{"benchmark": "SPY", "currency": "USD", "adjustment": "total_return"}]
    features = query(tmp_path, "select count(*) as n from features where provider = 'massive' and sma_20 > 0")
    assert features[0]["n"] > 1000
    update = tieout(tmp_path, "data", "update", expect=2)
    assert "demo --clear" in update.stderr
    tieout(tmp_path, "demo", "--clear")
    assert not (tmp_path / "lake").exists()
    assert not (tmp_path / "market.toml").exists()
