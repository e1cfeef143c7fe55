"""Market data on two Celery workers over S3: as one process makes it, and one of them killed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from polars.testing import assert_frame_equal

from config.settings import Settings
from deploy.check.postgres import MISSING, binaries
from orchestration.defs.market.automation import update_requests
from orchestration.keys import MARKET_POOL
from orchestration.market.plan import Wanted
from orchestration.market.work import MarketData
from orchestration.resources.market_lake import MarketLake
from orchestration.resources.vendors import Way
from tests.fakes.vendors import Asked, VendorServer, settings, vendor_server
from tests.scale.conftest import S3Server
from tests.support.celery_stack import (
    BROKER_PASSWORD,
    DATABASE_PASSWORD,
    INSTANCE,
    REDIS_MISSING,
    Stack,
    celery_stack,
    redis_server,
    wait_for_end,
    worker_of,
)
from transforms.market.series import DatasetId

pytest.importorskip("dagster_celery", reason="dagster-celery is not here; `make test-scale` has it")
pytestmark = [
    pytest.mark.skipif(redis_server() is None, reason=REDIS_MISSING),
    pytest.mark.skipif(binaries() is None, reason=MISSING),
]

FIRST = date(2024, 1, 2)
SECONDS = 200.0


@dataclass(frozen=True)
class Market:
    """The stack, its instance and its vendors; `plan` makes a `market.toml` of its own."""

    stack: Stack
    instance: dg.DagsterInstance
    vendors: VendorServer
    s3: S3Server

    def wanted(self, *datasets: tuple[str, str, Sequence[str]]) -> tuple[MarketData, tuple[Wanted, ...]]:
        """What both workers are told to keep, and the market data of who launches."""
        path = self.stack.folder / f"plan-{uuid4().hex}"
        launcher = MarketData(Settings.model_validate({**self.stack.settings, "TIEOUT_DATA_DIR": path}))
        for provider, universe, symbols in datasets:
            launcher.plan.add(provider, universe, symbols, first=FIRST)
        self.stack.work(launcher.plan.path)
        return launcher, launcher.plan.wanted()

    def runs(self, launcher: MarketData, wanted: Sequence[Wanted]) -> list[dg.RunRequest]:
        """The runs that the schedule asks for."""
        return update_requests(self.instance, "bars", wanted, launcher)

    def newest(self, count: int) -> list[dg.DagsterRun]:
        """The runs that were started last."""
        return list(self.instance.get_runs(limit=count))


@pytest.fixture(scope="module")
def market(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    import s3fs

    # what the vendors know ends with yesterday, so that two updates are told the same
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    bucket = f"celery-{uuid4().hex}"
    s3fs.S3FileSystem(key="test", secret="test", endpoint_url=s3_server.address).call_s3(
        "create_bucket", Bucket=bucket
    )
    with vendor_server(lambda: midnight) as vendors, pytest.MonkeyPatch.context() as patch:
        vendors.defects = False
        common = {
            **settings(vendors),
            "TIEOUT_LAKE_URL": f"s3://{bucket}/market",
            "AWS_ENDPOINT_URL": s3_server.address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        with celery_stack(tmp_path_factory.mktemp("celery"), common) as stack:
            for name, value in stack.settings.items():
                patch.setenv(name, value)
            with dg.DagsterInstance.from_config(str(INSTANCE)) as instance:
                instance.event_log_storage.set_concurrency_slots(MARKET_POOL, 4)
                yield Market(stack, instance, vendors, s3_server)


def made_here(market: Market, wanted: Sequence[Wanted], folder: Path) -> MarketLake:
    """The lake that one process makes in a folder, without Dagster."""
    here = {"TIEOUT_DATA_DIR": folder, "TIEOUT_LAKE_URL": str(folder / "lake"), **settings(market.vendors)}
    alone = MarketData(Settings.model_validate(here), Way(paced=False))
    for one in wanted:
        alone.plan.add(
            one.dataset.provider, one.dataset.universe, [s.symbol for s in one.series], first=FIRST
        )
    list(alone.bring_in(alone.plan.wanted()))
    for one in wanted:
        alone.bar_features(one.dataset).bring_up_to_date()
    return alone.lake


def assert_same(lake: MarketLake, other: MarketLake, dataset: DatasetId, *but: str) -> None:
    """The same rows in the same years, but for when they came, and for these columns."""
    for layer in ("clean", "features"):
        assert lake.years(layer, dataset) == other.years(layer, dataset) != []
        ours, theirs = (
            one.read(layer, dataset).drop("ingested_at", *but, strict=False) for one in (lake, other)
        )
        assert_frame_equal(ours, theirs)


@dataclass
class Gate:
    """Holds requests until it is opened. `reached` is set by the first that comes."""

    reached: threading.Event
    opened: threading.Event

    @classmethod
    def shut(cls) -> Gate:
        return cls(threading.Event(), threading.Event())

    def hold(self) -> None:
        self.reached.set()
        assert self.opened.wait(SECONDS)


def held_by_vendor(server: VendorServer, gates: dict[str, Gate]) -> Callable[[Asked, str], Any]:
    """A `respond` that holds the first answer of these vendors."""
    respond = server.respond

    def holding(asked: Asked, target: str) -> Any:
        if asked.vendor in gates:
            gates[asked.vendor].hold()
        return respond(asked, target)

    return holding


def test_both_workers_make_what_one_process_makes(
    market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher, wanted = market.wanted(("stooq", "us", ["SPY", "AAPL"]), ("binance", "coins", ["BTCUSDT"]))
    requests = market.runs(launcher, wanted)
    assert [request.tags["tieout/vendor"] for request in requests] == ["stooq", "binance"]
    gates = {"stooq": Gate.shut(), "binance": Gate.shut()}
    monkeypatch.setattr(market.vendors, "respond", held_by_vendor(market.vendors, gates))

    running = [market.stack.run(request, f"run{number}") for number, request in enumerate(requests)]
    # each vendor is asked while the other has not answered yet: two workers are at it
    for gate in gates.values():
        assert gate.reached.wait(SECONDS), market.stack.log("run0").read_text()[-4000:]
    for gate in gates.values():
        gate.opened.set()

    logs = [market.stack.log(f"run{number}") for number in range(2)]
    assert [wait_for_end(*one) for one in zip(running, (SECONDS, SECONDS), logs, strict=True)] == [0, 0]
    told = [worker_of(market.instance, run.run_id) for run in market.newest(2)]
    assert {steps["market_bars"] for steps in told} == {"one", "two"}
    assert all(steps.keys() == {"market_bars", "bar_features"} for steps in told)
    local = made_here(market, wanted, tmp_path)
    for one in wanted:
        assert_same(launcher.lake, local, one.dataset)
        recorded = launcher.records.of(one.dataset)
        assert recorded is not None, "what one worker recorded is seen by who launched"
        assert recorded.outcome.problems == ()
    no_secret_is_told(market)


def no_secret_is_told(market: Market) -> None:
    """Neither passwords nor keys stand in what processes print, in runs or in their events."""
    secrets = [BROKER_PASSWORD, DATABASE_PASSWORD, *market.vendors.keys.values()]
    texts = {path.name: path.read_text() for path in market.stack.folder.glob("*.log")}
    for run in market.newest(10):
        texts[f"run {run.run_id}"] = json.dumps([run.run_config, run.tags])
        texts[f"events {run.run_id}"] = "".join(str(e) for e in market.instance.all_logs(run.run_id))
    assert {"one.log", "two.log", "run0.log"} <= texts.keys()
    assert [name for name, text in texts.items() if any(one in text for one in secrets)] == []


def test_a_killed_worker_leaves_nothing_half_and_the_next_run_completes(
    market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher, wanted = market.wanted(("binance", "other", ["BTCUSDT", "ETHUSDT"]))
    (dataset,) = [one.dataset for one in wanted]
    (request,) = market.runs(launcher, wanted)
    gate = Gate.shut()

    def hold_the_second_year(method: str, path: str) -> None:
        if method == "PUT" and path.endswith("clean/binance/bars/other/1d/year=2025/part.parquet"):
            gate.hold()

    monkeypatch.setattr(market.s3, "before", hold_the_second_year)
    running = market.stack.run(request, "killed")
    log = market.stack.log("killed")
    assert gate.reached.wait(SECONDS), log.read_text()[-4000:]
    (run,) = market.newest(1)
    victim = worker_of(market.instance, run.run_id)["market_bars"]

    market.stack.kill(victim)
    gate.opened.set()

    assert wait_for_end(running, SECONDS, log) != 0
    assert "no worker knows of this step any more" in log.read_text()
    assert market.newest(1)[0].status == dg.DagsterRunStatus.FAILURE
    assert launcher.lake.years("clean", dataset)[:1] == [2024]
    assert 2026 not in launcher.lake.years("clean", dataset)
    for year in launcher.lake.years("clean", dataset):
        stored = launcher.lake.read("clean", dataset, years=[year])
        assert set(stored["symbol"]) == {"BTCUSDT", "ETHUSDT"}
        assert stored["session_date"].dt.year().unique().to_list() == [year]
    # the daemon does so a few seconds after a run has failed
    market.instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)

    (again,) = market.runs(launcher, wanted)
    log = market.stack.log("again")
    assert wait_for_end(market.stack.run(again, "again"), SECONDS, log) == 0, log.read_text()[-4000:]
    (run,) = market.newest(1)
    assert set(worker_of(market.instance, run.run_id).values()) == {"one", "two"} - {victim}
    # of what was stored before the kill less was asked again: those rows may be of another answer
    assert_same(launcher.lake, made_here(market, wanted, tmp_path), dataset, "document_id")
