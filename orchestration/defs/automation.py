"""When things run by themselves: jobs, the daily schedule, the inbox sensor, and what to do when a run fails."""

import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from config.settings import Settings, load_settings
from orchestration.defs.market.data import MARKET_KEYS
from orchestration.defs.publish.data_docs import DATA_DOCS
from orchestration.defs.raw.documents import DOCUMENTS
from orchestration.defs.raw.flex_documents import FLEX_FETCH, FLEX_HISTORY
from orchestration.defs.raw.tws_snapshots import TWS_SNAPSHOTS
from orchestration.defs.snapshots import fills_sensor, snapshot_schedule
from orchestration.keys import BACKFILL_JOB, FETCH_JOB, INGEST_JOB, INSPECT_JOB, REFRESH_JOB, SNAPSHOT_JOB
from orchestration.resources.dagster_resources import DataView
from orchestration.staleness import is_fresh

log = logging.getLogger("tieout")

ingest_job = dg.define_asset_job(
    INGEST_JOB,
    selection=dg.AssetSelection.assets(DOCUMENTS),
    description="Take the documents of the inbox into the raw layer, and nothing else.",
)
refresh_job = dg.define_asset_job(
    REFRESH_JOB,
    selection=dg.AssetSelection.all()
    - dg.AssetSelection.assets(DATA_DOCS, TWS_SNAPSHOTS, FLEX_FETCH, FLEX_HISTORY, *MARKET_KEYS),
    description="From the inbox to a new published version: raw, clean, features, marts, publish.",
)
inspect_job = dg.define_asset_job(
    INSPECT_JOB,
    selection=dg.AssetSelection.assets(DATA_DOCS),
    description="Judge the published version with Great Expectations; nothing waits for it.",
)


@dg.schedule(
    job=refresh_job,
    cron_schedule="30 6 * * 1-6",
    execution_timezone="America/New_York",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each morning after the broker's statements of the day before are there (Tuesday to Saturday for "
    "trading days; Monday catches what came over the weekend).",
)
def daily_refresh(
    context: dg.ScheduleEvaluationContext, data_view: DataView
) -> dg.RunRequest | dg.SkipReason:
    """Refresh, unless the published version already says everything."""
    if not data_view.raw.waiting() and is_fresh(
        data_view.raw.manifest(), data_view.publisher.current(), load_settings()
    ):
        return dg.SkipReason(
            "Nothing new: the inbox is empty and the published version is made from all documents."
        )
    return dg.RunRequest()


_QUEUED = dg.RunsFilter(
    job_name=REFRESH_JOB, statuses=[dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]
)


def inbox_sensor(settings: Settings) -> dg.SensorDefinition:
    """Looks into the inbox each TIEOUT_INBOX_SECONDS."""

    @dg.sensor(
        name="inbox_sensor",
        job=refresh_job,
        minimum_interval_seconds=settings.inbox_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a refresh for what lies in the inbox, once it has stopped growing.",
    )
    def sensor(context: dg.SensorEvaluationContext, data_view: DataView) -> dg.SensorResult:
        return _look_into_the_inbox(context, data_view)

    return sensor


def _look_into_the_inbox(context: dg.SensorEvaluationContext, data_view: DataView) -> dg.SensorResult:
    """Ask for one run for all files that are as large and as old as at the last tick.

    The run key is the document's hash (for several documents, the hash of their hashes): the same documents never
    start a second run.
    """
    if context.instance.get_runs_count(_QUEUED):
        return dg.SensorResult(
            skip_reason="A refresh is queued: it takes what lies in the inbox when it starts.",
            cursor=context.cursor,
        )
    waiting = data_view.raw.waiting()
    now = {path.name: _state(path) for path in waiting}
    before = json.loads(context.cursor) if context.cursor else {}
    settled = [path for path in waiting if now[path.name] == before.get(path.name)]
    cursor = json.dumps(now)
    if not settled:
        reason = (
            "The inbox is empty." if not waiting else f"Waiting for {len(waiting)} file(s) to stop growing."
        )
        return dg.SensorResult(skip_reason=reason, cursor=cursor)
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=_run_key(settled))], cursor=cursor)


@dg.sensor(
    job=inspect_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Inspects each version once, after it was published.",
)
def published_sensor(
    context: dg.SensorEvaluationContext, data_view: DataView
) -> dg.RunRequest | dg.SkipReason:
    """Ask for one run per published version; the run key is the version's id."""
    version = data_view.publisher.current()
    if version is None:
        return dg.SkipReason("Nothing is published yet.")
    if version in data_view.inspector.versions():
        return dg.SkipReason(f"Version {version} is inspected.")
    return dg.RunRequest(run_key=version)


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Says in the log what failed, that the published version still stands, and what to do.",
)
def say_what_to_do(context: dg.RunFailureSensorContext) -> None:
    """Log what a person should do about a failed run."""
    run, said = context.dagster_run, context.failure_event.message
    log.error("run %s of job %s failed: %s. %s", run.run_id, run.job_name, said, _advice(run))


def _advice(run: dg.DagsterRun) -> str:
    """What stands after a failed run, and what a person should do; a run of an asset alone is like that of its job."""
    jobs = {_JOB_OF.get(asset, "") for asset in run.asset_selection or ()}
    return _ADVICE.get(
        jobs.pop() if len(jobs) == 1 else run.job_name,
        "The published version stands as it was. Correct the cause and run `tieout run`: it starts again from what "
        "is in the raw layer, and no document has to be given again.",
    )


_JOB_OF = {TWS_SNAPSHOTS: SNAPSHOT_JOB, FLEX_FETCH: FETCH_JOB, FLEX_HISTORY: BACKFILL_JOB}
_ADVICE = {
    SNAPSHOT_JOB: "TWS gave no snapshot. Nothing was changed, and the next tick of the schedule asks again; "
    "`tieout doctor tws` tries the connection step by step.",
    FETCH_JOB: "What came lies in the inbox. The next tick of flex_schedule asks for the rest; "
    "`tieout doctor flex` says what the broker answers.",
    BACKFILL_JOB: "The other months are not touched by it. Correct the cause and run this part of raw/flex_history "
    "again in Dagster; `tieout doctor flex` says what the broker answers.",
}


def _state(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _run_key(paths: list[Path]) -> str:
    hashes = sorted({_sha256(path) for path in paths})
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def automation() -> Iterator[dg.ScheduleDefinition | dg.SensorDefinition]:
    """All schedules and sensors."""
    settings = load_settings()
    yield daily_refresh
    yield snapshot_schedule(settings)
    yield inbox_sensor(settings)
    yield fills_sensor
    yield published_sensor
    yield say_what_to_do
