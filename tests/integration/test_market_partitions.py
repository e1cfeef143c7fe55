"""Market data in Dagster, on a real instance: partitions and backfills as its UI starts them, and what runs tell."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor

from config.settings import Settings
from orchestration.build import build_defs
from orchestration.defs.market.automation import (
    RANGE_END,
    RANGE_START,
    follow_plan,
    market_plan_sensor,
    update_request,
)
from orchestration.defs.market.checks import SHOWN, check_results
from orchestration.defs.market.data import ANSWERS_KEYS, BAR_FEATURES_KEY, BARS_KEY
from orchestration.market.outcome import DatasetOutcome
from orchestration.market.work import MarketData
from orchestration.market_build import run_market_update
from orchestration.resources.vendors import Way
from tests.fakes.vendors import VendorServer, vendor_server
from transforms.market.checks import FINDINGS
from transforms.market.series import DatasetId
from transforms.market.vendors import VENDORS

STOOQ = DatasetId("stooq", "bars", "main", "1d")
PLAN = '[[dataset]]\nprovider = "stooq"\nfirst = 2024-01-02\nsymbols = ["SPY", "AAPL"]\n'


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with vendor_server() as running:
        running.clock = lambda: datetime.now(UTC)
        running.defects = False
        yield running


@pytest.fixture
def market(server: VendorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MarketData:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIEOUT_DATA_DIR", str(tmp_path))
    addresses = {v.base_url_setting: server.base_url(name) for name, v in VENDORS.items()}
    for name, value in addresses.items():
        monkeypatch.setenv(name, value)
    data = MarketData(Settings.model_validate({"TIEOUT_DATA_DIR": tmp_path, **addresses}), Way(paced=False))
    data.plan.path.write_text(PLAN)
    return data


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    folder = tmp_path / "dagster"
    folder.mkdir(exist_ok=True)
    with dg.DagsterInstance.local_temp(str(folder)) as running:
        yield running


def run(
    market: MarketData,
    instance: dg.DagsterInstance,
    key: dg.AssetKey,
    partition: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    """What *Materialize* of one asset starts; the two that one function makes come together."""
    keys = [key] if key == BAR_FEATURES_KEY else [ANSWERS_KEYS["bars"], key]
    job = build_defs({"market": market}).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance,
        asset_selection=keys,
        partition_key=partition,
        tags=dict(tags or {}),
        raise_on_error=False,
    )


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [one for one in result.all_events if one.is_step_failure]
    error = event.step_failure_data.error
    told = event.step_failure_data.user_failure_data
    return f"{told.description if told else ''} {error.message if error else ''}"


def test_one_year_of_one_dataset_then_a_backfill_of_years(
    market: MarketData, instance: dg.DagsterInstance, server: VendorServer
) -> None:
    skipped = market_plan_sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(skipped, dg.SkipReason)
    assert instance.get_dynamic_partitions("market_bars") == ["stooq.main.1d"]

    one = run(market, instance, BARS_KEY, "stooq.main.1d|2025")

    assert one.success
    assert market.lake.years("clean", STOOQ) == [2025]
    assert {asked.params["d1"] for asked in server.asked} == {"20250101"}
    assert {asked.params["d2"] for asked in server.asked} == {"20251231"}
    assert instance.get_materialized_partitions(BARS_KEY) == {"stooq.main.1d|2025"}
    checks = {check.check_name: check.passed for check in one.get_asset_check_evaluations()}
    assert {"answered", "duplicate_key", "gap", "stale"} <= set(checks)

    span = {RANGE_START: "stooq.main.1d|2024", RANGE_END: "stooq.main.1d|2026"}
    assert run(market, instance, BARS_KEY, tags=span).success
    assert market.lake.years("clean", STOOQ) == [2024, 2025, 2026]
    years = {f"stooq.main.1d|{year}" for year in (2024, 2025, 2026)}
    assert instance.get_materialized_partitions(BARS_KEY) == years
    rows = market.lake.read("clean", STOOQ)
    assert rows.select("symbol", "session_date").is_unique().all()

    assert run(market, instance, BAR_FEATURES_KEY, "stooq.main.1d|2026").success
    assert market.lake.years("features", STOOQ) == [2024, 2025, 2026]


def test_features_follow_bars_that_came_without_them_once(
    market: MarketData, instance: dg.DagsterInstance
) -> None:
    follow_plan(instance, market.plan.wanted())
    whole = dg.AssetSelection.assets(BAR_FEATURES_KEY)

    def requested(cursor: AssetDaemonCursor | None) -> tuple[set[str], AssetDaemonCursor]:
        told = dg.evaluate_automation_conditions(
            build_defs({"market": market}), instance, asset_selection=whole, cursor=cursor
        )
        return set(told.get_requested_partitions(BAR_FEATURES_KEY)), told.cursor

    none, cursor = requested(None)
    assert none == set()
    span = {RANGE_START: "stooq.main.1d|2024", RANGE_END: "stooq.main.1d|2025"}
    assert run(market, instance, BARS_KEY, tags=span).success
    years, cursor = requested(cursor)
    assert years == {"stooq.main.1d|2024", "stooq.main.1d|2025"}
    again, cursor = requested(cursor)
    assert again == set()
    assert run(market, instance, BAR_FEATURES_KEY, tags=span).success
    again, cursor = requested(cursor)
    assert again == set()


def test_an_update_asks_for_no_second_run_of_the_features(
    market: MarketData, instance: dg.DagsterInstance
) -> None:
    defs, whole = build_defs({"market": market}), dg.AssetSelection.assets(BAR_FEATURES_KEY)
    first = dg.evaluate_automation_conditions(defs, instance, asset_selection=whole)
    request = update_request(instance, "bars", market.plan.wanted(), market)
    assert request is not None
    done = defs.resolve_job_def("update_bars").execute_in_process(
        instance=instance, run_config=request.run_config, tags=dict(request.tags)
    )
    assert done.success
    then = dg.evaluate_automation_conditions(defs, instance, asset_selection=whole, cursor=first.cursor)
    assert then.total_requested == 0


def test_a_dataset_that_market_toml_names_no_more_is_said(
    market: MarketData, instance: dg.DagsterInstance, server: VendorServer
) -> None:
    follow_plan(instance, market.plan.wanted())
    market.plan.path.write_text(PLAN.replace("stooq", "yahoo"))
    result = run(market, instance, BARS_KEY, "stooq.main.1d|2025")
    assert not result.success
    assert "names no dataset stooq.main.1d any more" in failure(result)
    assert server.asked == []


def test_the_demos_market_is_asked_of_nobody_by_the_ui_either(
    market: MarketData, instance: dg.DagsterInstance, server: VendorServer
) -> None:
    follow_plan(instance, market.plan.wanted())
    market.plan.path.write_text("simulated = true\n" + PLAN)
    result = run(MarketData(market.settings), instance, BARS_KEY, "stooq.main.1d|2025")
    assert not result.success
    assert "whose market is invented" in failure(result)
    assert server.asked == []


def test_a_run_that_failed_tells_nothing_of_the_run_before(market: MarketData) -> None:
    assert [one.added > 100 for one in run_market_update(market.settings).datasets] == [True]
    (Path(market.lake.root) / STOOQ.partition("clean", date.today().year)).write_bytes(b"no Parquet")
    broken = run_market_update(market.settings)
    assert broken.datasets == ()
    assert broken.failure is not None
    assert "cannot be read as Parquet" in broken.failure


def test_a_check_shows_some_of_many_rows() -> None:
    count = 5000
    told = {
        "check_name": "gap", "severity": "warning", "instrument_id": "XNYS:A", "symbol": "A",
        "session_date": date(2026, 1, 5), "timestamp": datetime(2026, 1, 5, tzinfo=UTC),
        "found": "a | b" * 100, "expected": "none", "document_id": "0" * 64,
    }  # fmt: skip
    findings = pl.DataFrame([told] * count, schema=FINDINGS)
    results = check_results("bars", BARS_KEY, [DatasetOutcome(STOOQ, (), findings=findings)])
    by_name = {result.check_name: result for result in results}
    assert [name for name, result in by_name.items() if not result.passed] == ["gap"]
    gap = by_name["gap"]
    assert gap.metadata["found"].value == count
    text = str(gap.metadata["rows"].value)
    lines = text.splitlines()
    assert sum(line.startswith("| stooq/bars/main/1d |") for line in lines) == SHOWN
    assert lines[-1] == f"… and {count - SHOWN} more"
    assert len(text) < 30_000
