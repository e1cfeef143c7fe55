"""When the Flex queries are fetched by themselves: jobs and the morning's schedule. Which ones: flex_schedule.py."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from config.flex_token import token_name
from config.settings import Settings, load_settings
from orchestration.defs.raw.flex_documents import FLEX_FETCH, FLEX_HISTORY, FetchConfig
from orchestration.fetching import missing_settings
from orchestration.flex_schedule import verdicts
from orchestration.keys import BACKFILL_JOB, FETCH_JOB
from orchestration.resources.dagster_resources import DataView

fetch_job = dg.define_asset_job(
    FETCH_JOB,
    selection=dg.AssetSelection.assets(FLEX_FETCH),
    description="Fetch the documents of the Flex queries into the inbox; the inbox sensor goes on with them.",
)
backfill_job = dg.define_asset_job(
    BACKFILL_JOB,
    selection=dg.AssetSelection.assets(FLEX_HISTORY),
    tags={"dagster/priority": "-1"},
    description="Fetch whole months of the Flex queries into the inbox, one run for each month and query. Everything "
    "else that is queued goes first.",
)


def flex_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """When it is looked for new statements: FLEX_FETCH_CRON, in New York."""

    @dg.schedule(
        name="flex_schedule",
        job=fetch_job,
        cron_schedule=settings.flex_fetch_cron,
        execution_timezone="America/New_York",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="From 05:15 to 09:45 New York, each half hour (or as FLEX_FETCH_CRON says), asks for the queries "
        "that have no document for the last weekday yet. Nothing is sent while the broker holds the token or a query "
        "up, nor again for what a person has to mend. A machine that slept over the morning looks once when it wakes.",
    )
    def schedule(context: dg.ScheduleEvaluationContext, data_view: DataView) -> dg.RunRequest | dg.SkipReason:
        return _due(context, data_view)

    return schedule


def _due(context: dg.ScheduleEvaluationContext, data_view: DataView) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run with the queries that are due; else say why there is none."""
    from state_store.database import StateStore
    from state_store.flex_fetches import recorded

    settings = load_settings()
    missing = missing_settings(settings)
    if missing:
        return dg.SkipReason(f"{' and '.join(missing)} not set: nothing can be fetched.")
    unfinished = dg.RunsFilter(job_name=FETCH_JOB, statuses=_UNFINISHED)
    if context.instance.get_runs_count(unfinished):
        return dg.SkipReason("The queries are being fetched.")
    found = verdicts(
        settings.flex_queries,
        recorded(StateStore(settings.state_url)),
        data_view.raw.manifest().receipts,
        token_name(settings.flex_token_text),
        context.scheduled_execution_time,
        _is_session,
    )
    due = [verdict.query.name for verdict in found if verdict.due]
    if not due:
        return dg.SkipReason(
            "Nothing to fetch. " + "; ".join(f"{v.query.name} {v.reason}" for v in found) + "."
        )
    config = dg.RunConfig(ops={FLEX_FETCH.to_python_identifier(): FetchConfig(queries=due)})
    return dg.RunRequest(run_config=config)


_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def _is_session(day: date) -> bool:
    """Whether the New York Stock Exchange was open. The calendar takes a second to load: it is asked for last."""
    import exchange_calendars

    return bool(exchange_calendars.get_calendar("XNYS").is_session(day.isoformat()))


def flex_automation(settings: Settings) -> Iterator[dg.ScheduleDefinition]:
    """All schedules of the Flex queries."""
    yield flex_schedule(settings)
