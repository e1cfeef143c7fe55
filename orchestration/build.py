"""Where everything is put together, and the public entry through which the command starts runs.

Imports of Dagster and dbt stand inside the functions: a command that finds nothing to do must not pay for them.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.data_folder import DataFolder
from config.settings import Settings, load_settings, prepare_environment
from orchestration.as_of import AsOfError as AsOfError
from orchestration.as_of import AsOfOutcome, build_as_of, parse_instant
from orchestration.command_run import QUIET_CONSOLE, failure_of, instance_for_command
from orchestration.fetching import FetchError as FetchError
from orchestration.fetching import QueryOutcome, fetch_queries
from orchestration.instance import BY_COMMAND, end_killed_runs, prepare_instance
from orchestration.keys import (
    INGEST_JOB,
    INSPECT_JOB,
    REFRESH_JOB,
    SERVICES_LOCK,
    SNAPSHOT_JOB,
    WRITER_LOCK,
)
from orchestration.quality.inspection import INDEX, Inspector, Verdict
from orchestration.resources.files import exclusive, try_exclusive
from orchestration.resources.publisher_state import current_version
from orchestration.resources.raw_manifest import RawManifest, Receipt
from orchestration.resources.raw_store import RawStore
from orchestration.staleness import is_fresh

if TYPE_CHECKING:
    import dagster as dg

    from orchestration.flex_probe import Probe


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended. `version` is the published version that readers see now."""

    success: bool
    nothing_new: bool
    receipts: tuple[Receipt, ...]
    version: str | None
    failure: str | None = None
    snapshots_waiting: int = 0
    """Snapshots of TWS without new fills that came after the version: the next refresh takes them."""


def build_defs(resource_overrides: Mapping[str, Any] | None = None) -> "dg.Definitions":
    """All assets, checks, jobs, sensors and schedules, with their resources. Tests override resources here."""
    import dagster as dg

    from orchestration.defs.automation import automation, ingest_job, inspect_job, refresh_job
    from orchestration.defs.clean.benchmark import clean_benchmark_prices
    from orchestration.defs.clean.documents import clean_document_sections, clean_documents
    from orchestration.defs.clean.tables import clean_tables
    from orchestration.defs.features.tax_lots import tax_lots
    from orchestration.defs.flex_automation import backfill_job, fetch_job, flex_automation
    from orchestration.defs.market.automation import market_automation, market_jobs
    from orchestration.defs.market.data import market_assets
    from orchestration.defs.market.features import bar_features
    from orchestration.defs.marts.models import dbt_models
    from orchestration.defs.publish.data_docs import data_docs
    from orchestration.defs.publish.version import published_version
    from orchestration.defs.raw.documents import documents
    from orchestration.defs.raw.flex_documents import FlexSource, flex_fetch, flex_history
    from orchestration.defs.raw.tws_snapshots import tws_snapshots
    from orchestration.defs.snapshots import snapshot_job
    from orchestration.executors import market_executor
    from orchestration.market.work import MarketData
    from orchestration.resources.dagster_resources import data_resources
    from orchestration.resources.dbt import Dbt
    from orchestration.resources.tws import tws_resource

    settings = load_settings()
    prepare_environment(settings.data)
    models = dbt_models(Dbt(settings.data.warehouse).manifest())
    marts = [key for key in models.keys if key.path[0] == "marts"]
    schedules_and_sensors = [*automation(), *flex_automation(settings), *market_automation()]
    return dg.Definitions(
        assets=[
            flex_fetch,
            flex_history(settings),
            documents,
            tws_snapshots,
            clean_documents,
            clean_document_sections,
            clean_benchmark_prices,
            clean_tables(),
            tax_lots,
            models,
            published_version(marts),
            data_docs(),
            *market_assets(),
            bar_features,
        ],
        jobs=[
            ingest_job,
            refresh_job,
            inspect_job,
            snapshot_job,
            fetch_job,
            backfill_job,
            *market_jobs(market_executor(settings)),
        ],
        schedules=[d for d in schedules_and_sensors if isinstance(d, dg.ScheduleDefinition)],
        sensors=[d for d in schedules_and_sensors if isinstance(d, dg.SensorDefinition)],
        resources={
            **data_resources(settings),
            "flex": FlexSource(),
            "tws": tws_resource(settings),
            "market": MarketData(settings),
            **(resource_overrides or {}),
        },
        executor=dg.in_process_executor,
    )


def run_ingest(settings: Settings) -> RunOutcome:
    """Take the inbox into the raw layer, as a Dagster run."""
    return _run(settings, INGEST_JOB)


@dataclass(frozen=True)
class FetchOutcome:
    """What became of each query, and of the documents that came; `ingest` is None when none came."""

    queries: tuple[QueryOutcome, ...]
    ingest: RunOutcome | None


def run_fetch(settings: Settings, period: tuple[date, date] | None = None) -> FetchOutcome:
    """Fetch the documents of all queries from the Flex Web Service and take them into the raw layer.

    Raises `FetchError` when the settings do not say what to fetch.
    """
    queries = tuple(fetch_queries(settings, period))
    came = any(query.file for query in queries)
    return FetchOutcome(queries, run_ingest(settings) if came else None)


@dataclass(frozen=True)
class SnapshotOutcome:
    """What became of a snapshot of TWS; `receipt` is None when it told what the last one told, at `taken_at`.

    `rows` counts what the document holds, by section. `refresh` is the run that brought new fills into the marts.
    """

    taken_at: str | None
    receipt: Receipt | None
    rows: Mapping[str, int]
    refresh: RunOutcome | None = None
    failure: str | None = None


def run_snapshot(settings: Settings) -> SnapshotOutcome:
    """Ask TWS for a snapshot and keep it, as a Dagster run; the marts are rebuilt if it brings new fills."""
    store = RawStore(settings.data, settings.flex_timezone)
    outcome = _run(settings, SNAPSHOT_JOB)
    if not outcome.success:
        return SnapshotOutcome(None, None, {}, failure=outcome.failure)
    kept = next((r for r in outcome.receipts if r.kind == "tws_snapshot"), None)
    told = kept or store.newest("tws_snapshot")
    assert told is not None, "a snapshot was taken, so there is one"
    rows = store.section_rows(told.document_id)
    refresh = _run(settings, REFRESH_JOB) if kept and kept.news and not _is_fresh(settings, store) else None
    return SnapshotOutcome(told.when_generated_at, kept, rows, refresh)


def probe_flex_queries(settings: Settings) -> Iterator["Probe"]:
    """Fetch the document of each Flex query and look at it; nothing is kept. Raises `FetchError`."""
    from orchestration.flex_probe import probe_queries

    return probe_queries(settings)


def probe_flex_file(settings: Settings, path: Path) -> "Probe":
    """Look at a Flex document on disk. Raises OSError."""
    from orchestration.flex_probe import probe_file

    return probe_file(settings, path)


def run_refresh(settings: Settings, force: bool = False) -> RunOutcome:
    """From the inbox to a published version, as a Dagster run; no run if there is nothing new.

    Documents that came before are taken out of the inbox by an ingest alone: they change nothing.
    """
    store = RawStore(settings.data, settings.flex_timezone)
    if force or not _is_fresh(settings, store):
        return _run(settings, REFRESH_JOB)
    waiting = store.waiting()
    if not waiting:
        version = current_version(settings.data.published)
        later = _snapshots_waiting(settings, store)
        return RunOutcome(
            success=True, nothing_new=True, receipts=(), version=version, snapshots_waiting=later
        )
    if not _came_before(waiting, store.manifest()):
        return _run(settings, REFRESH_JOB)
    ingested = _run(settings, INGEST_JOB)
    if not ingested.success or _is_fresh(settings, store):
        return replace(ingested, nothing_new=ingested.success)
    refreshed = _run(settings, REFRESH_JOB)  # a file was exchanged while we looked
    return replace(refreshed, receipts=(*ingested.receipts, *refreshed.receipts))


def run_as_of(
    settings: Settings, instant: str, out: Path, known_by: str, overwrite: bool = False
) -> AsOfOutcome:
    """The marts as known at an instant, in one file; the data folder and its published version stay as they are.

    Raises `AsOfError` for what cannot be asked.
    """
    from orchestration.resources.raw_subset import KnownBy

    def refresh(then: Settings) -> RunOutcome:
        return _run(then, REFRESH_JOB)

    return build_as_of(settings, parse_instant(instant), out, KnownBy(known_by), refresh, overwrite)


@dataclass(frozen=True)
class Inspection:
    """What was found of the published version. `failure` says why nothing could be found."""

    version: str | None
    verdicts: tuple[Verdict, ...]
    page: Path | None
    failure: str | None = None


def run_inspection(settings: Settings) -> Inspection:
    """Judge the published version with Great Expectations, as a Dagster run."""
    if current_version(settings.data.published) is None:
        return Inspection(
            None, (), None, f"nothing is published in {settings.data.published}: `tieout run` first"
        )
    outcome = _run(settings, INSPECT_JOB)
    inspector = Inspector(settings.data.quality, settings.keep_versions)
    if not outcome.success or outcome.version not in inspector.versions():
        return Inspection(
            outcome.version, (), None, outcome.failure or "the version changed meanwhile; try again"
        )
    page = inspector.folder / outcome.version / INDEX
    return Inspection(outcome.version, tuple(inspector.verdicts(outcome.version)), page)


class ServicesRunningError(Exception):
    """`tieout up` runs on this data folder; the message says what to do."""


@contextmanager
def the_only_services(data: DataFolder) -> Iterator[int]:
    """Hold the place of `tieout up` on a data folder: two of them would start every run twice.

    Yields the descriptor that holds it: children that inherit it keep the place if we are killed.
    """
    with try_exclusive(data.root / SERVICES_LOCK) as held:
        if held is None:
            raise ServicesRunningError(
                f"`tieout up` is running on {data.root}, or what a killed one left, or the containers are; "
                "end it first (Ctrl-C, kill, or docker compose down)"
            )
        yield held.fileno()


def prepare_services(data: DataFolder) -> None:
    """Make Dagster's instance ready for its daemon. The caller holds the services' place.

    Runs that died with the last services are marked as failed: the daemon starts one run at a time, and would wait
    for them for ever.
    """
    prepare_environment(data)
    prepare_instance(data)
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        end_killed_runs(instance, by_command=False)


@contextmanager
def nobody_writes(data: DataFolder) -> Iterator[None]:
    """Hold the data folder as a run does: waits for the one that is writing, and the next one waits for us."""
    with exclusive(data.root / WRITER_LOCK):
        yield


def _is_fresh(settings: Settings, store: RawStore) -> bool:
    return is_fresh(store.manifest(), current_version(settings.data.published), settings)


def _snapshots_waiting(settings: Settings, store: RawStore) -> int:
    """How many snapshots of TWS came after the published version was made."""
    version = current_version(settings.data.published)
    made = (settings.data.published / str(version)).stat().st_mtime
    return sum(
        r.kind == "tws_snapshot" and datetime.fromisoformat(r.received_at).timestamp() > made
        for r in store.manifest().receipts
    )


def _came_before(waiting: Sequence[Path], manifest: RawManifest) -> bool:
    """Whether every one of these files has come before, loaded or refused."""
    known = {receipt.document_id for receipt in manifest.receipts}
    for path in waiting:
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() not in known:
                return False
    return True


def _run(settings: Settings, job_name: str) -> RunOutcome:
    store = RawStore(settings.data, settings.flex_timezone)
    known = len(store.manifest().receipts)
    with instance_for_command(settings) as instance:
        result = (
            build_defs()
            .resolve_job_def(job_name)
            .execute_in_process(
                instance=instance, raise_on_error=False, run_config=QUIET_CONSOLE, tags=BY_COMMAND
            )
        )
    return RunOutcome(
        success=result.success,
        nothing_new=False,
        receipts=store.manifest().receipts[known:],
        version=current_version(settings.data.published),
        failure=None if result.success else failure_of(result),
    )
