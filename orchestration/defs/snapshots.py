"""When TWS is asked by itself: the job, its schedule in the hours of exchanges, and what a new fill starts."""

from datetime import datetime, timedelta

import dagster as dg
import polars as pl

from config.settings import Settings, load_settings
from orchestration.defs.raw.tws_snapshots import TWS_SNAPSHOTS
from orchestration.exchange_hours import calendars_of, hours_at
from orchestration.keys import REFRESH_JOB, SNAPSHOT_JOB
from orchestration.resources.dagster_resources import DataView
from orchestration.resources.raw_store import RawStore
from orchestration.resources.tws import TwsResource
from orchestration.staleness import is_fresh

DAY_MINUTES = 24 * 60
UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]

_WAITING = dg.RunsFilter(
    job_name=SNAPSHOT_JOB, statuses=[dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]
)

snapshot_job = dg.define_asset_job(
    SNAPSHOT_JOB,
    selection=dg.AssetSelection.assets(TWS_SNAPSHOTS),
    description="Ask TWS for a snapshot and keep it in the raw layer; the marts take it with the next refresh.",
)


def every(minutes: int) -> str | list[str]:
    """Cron lines for each so many minutes of a day, from midnight: one line where an hour is like the next."""
    by_hour: dict[int, list[str]] = {}
    for minute in range(0, DAY_MINUTES, minutes):
        by_hour.setdefault(minute // 60, []).append(str(minute % 60))
    if len(by_hour) == 24 and len({tuple(found) for found in by_hour.values()}) == 1:
        return f"{','.join(by_hour[0])} * * * *"
    return [f"{','.join(found)} {hour} * * *" for hour, found in by_hour.items()]


def snapshot_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Each UPDATE_INTERVAL_MINUTES while an exchange of the positions is open; off where TWS is not configured."""
    running = (
        dg.DefaultScheduleStatus.RUNNING if settings.tws_configured else dg.DefaultScheduleStatus.STOPPED
    )

    @dg.schedule(
        name="snapshot_schedule",
        job=snapshot_job,
        cron_schedule=every(settings.update_interval_minutes),
        execution_timezone="UTC",
        default_status=running,
        description="A snapshot of TWS each UPDATE_INTERVAL_MINUTES, while an exchange is open on which a position "
        "of the last snapshot is listed (New York's before the first one, and for one that is not known), and one "
        "after it has closed.",
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, data_view: DataView, tws: TwsResource
    ) -> dg.RunRequest | dg.SkipReason:
        if context.instance.get_runs_count(_WAITING):
            return dg.SkipReason("A snapshot is queued: it tells what there is when it is taken.")
        interval = timedelta(minutes=settings.update_interval_minutes)
        return _due(context.scheduled_execution_time, interval, data_view.raw, tws)

    return schedule


def _due(at: datetime, interval: timedelta, raw: RawStore, tws: TwsResource) -> dg.RunRequest | dg.SkipReason:
    if not tws.configured:
        return dg.SkipReason("TWS is not configured: set IBKR_HOST or IBKR_PORT to say where it listens.")
    hours = hours_at(at, calendars_of(exchanges_held(raw)), interval)
    if not hours.is_open:
        named = ", ".join(hours.calendars)
        return dg.SkipReason(
            f"{named}: closed; the next session opens at {hours.next_open:%Y-%m-%d %H:%M} UTC."
        )
    if not tws.listens():
        return dg.SkipReason(
            f"Nothing listens on {tws.endpoint}: start TWS or IB Gateway and log in. `tieout doctor tws` says more."
        )
    return dg.RunRequest()


def exchanges_held(raw: RawStore) -> list[str]:
    """The exchanges of the positions in the newest whole snapshot, as TWS names them; "" stands for none named."""
    heads, positions = raw.scan("TWS.snapshot"), raw.scan("TWS.positions")
    if heads is None or positions is None:
        return []
    whole = heads.filter(pl.col("scope") == "all").sort("taken_at").select("_document_id").collect()
    if whole.is_empty():
        return []
    names = [name for name in ("primary_exchange", "contract_exchange") if name in positions.collect_schema()]
    named = [pl.col(name).replace("", None) for name in names]
    held = positions.filter(pl.col("_document_id") == whole.row(-1)[0])
    return sorted(set(held.select(pl.coalesce(*named, pl.lit(""))).collect().to_series()))


@dg.sensor(
    name="fills_sensor",
    job_name=REFRESH_JOB,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a refresh for a snapshot that brought fills or commissions which no document told before. "
    "A snapshot without them waits for the next refresh.",
)
def fills_sensor(context: dg.SensorEvaluationContext, data_view: DataView) -> dg.RunRequest | dg.SkipReason:
    """Ask for one run per document with news; the run key is the document's id."""
    manifest = data_view.raw.manifest()
    told = [receipt for receipt in manifest.receipts if receipt.news]
    if not told or is_fresh(manifest, data_view.publisher.current(), load_settings()):
        return dg.SkipReason("The published version has every fill that TWS told.")
    if context.instance.get_runs(filters=dg.RunsFilter(job_name=REFRESH_JOB, statuses=UNDER_WAY), limit=1):
        return dg.SkipReason(
            "A refresh is under way; if it began before the fill was told, another one follows."
        )
    return dg.RunRequest(run_key=told[-1].document_id)
