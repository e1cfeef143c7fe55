"""When market data is brought up to date by itself, and how its partitions follow `market.toml`."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
from dagster import MultiPartitionKey

from config.settings import load_settings
from orchestration.defs.market.data import (
    ANSWERS_KEYS,
    BAR_FEATURES_KEY,
    DATA_KEYS,
    FIRST_YEAR,
    key_of,
    market_assets,
)
from orchestration.defs.market.features import bar_features
from orchestration.keys import MARKET_JOBS, VENDOR_TAG
from orchestration.market.errors import PlanError
from orchestration.market.importing import Imported
from orchestration.market.plan import Wanted
from orchestration.market.work import MarketData
from transforms.market.series import Kind

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def market_jobs(executor: dg.ExecutorDefinition) -> "list[UnresolvedAssetJobDefinition]":
    """A job for each kind of market data; `executor` says where its steps run."""
    return [
        dg.define_asset_job(
            name,
            selection=dg.AssetSelection.assets(
                ANSWERS_KEYS[kind], DATA_KEYS[kind], *([BAR_FEATURES_KEY] if kind == "bars" else [])
            ),
            executor_def=executor,
            description=f"Ask the vendors for {kind}: for what is new, or for the years that were chosen.",
        )
        for kind, name in MARKET_JOBS.items()
    ]


def market_definitions(market: MarketData) -> dg.Definitions:
    """The assets and jobs of market data alone, for a run that touches nothing else."""
    return dg.Definitions(
        assets=[*market_assets(), bar_features],
        jobs=market_jobs(dg.in_process_executor),
        resources={"market": market},
        executor=dg.in_process_executor,
    )


def follow_plan(instance: dg.DagsterInstance, wanted: Sequence[Wanted]) -> None:
    """Let each dataset that is wanted be a partition; one that is no longer wanted stays, with its history."""
    for kind in MARKET_JOBS:
        keys = [key_of(one.dataset) for one in wanted if one.dataset.kind == kind]
        instance.add_dynamic_partitions(f"market_{kind}", keys)


def update_request(
    instance: dg.DagsterInstance, kind: Kind, wanted: Sequence[Wanted], market: MarketData
) -> dg.RunRequest | None:
    """The run that brings these datasets of a kind up to date; None where there are none of it.

    It stands for the partitions from the year that the oldest of them goes on from until this year.
    """
    own = [one for one in wanted if one.dataset.kind == kind]
    if not own:
        return None
    follow_plan(instance, own)
    chosen = {key_of(one.dataset) for one in own}
    # the order of partitions, and so of what lies between two of them, is that in which they were added
    names = [name for name in instance.get_dynamic_partitions(f"market_{kind}") if name in chosen]
    first = min((market.lake.years("clean", one.dataset) or [one.first.year])[-1] for one in own)
    years = (str(first), str(datetime.now(UTC).year))
    start, end = (
        MultiPartitionKey({"dataset": dataset, "year": year})
        for dataset, year in zip((names[0], names[-1]), years, strict=True)
    )
    return dg.RunRequest(
        job_name=MARKET_JOBS[kind],
        run_config=update_config(kind, names),
        tags={RANGE_START: str(start), RANGE_END: str(end)},
    )


def update_requests(
    instance: dg.DagsterInstance, kind: Kind, wanted: Sequence[Wanted], market: MarketData
) -> list[dg.RunRequest]:
    """The runs that bring them up to date: one, or where there are workers one for each dataset.

    Each of those bears its vendor's name as a tag, by which the instance lets one run at a time ask a vendor.
    """
    if market.settings.executor == "in_process":
        request = update_request(instance, kind, wanted, market)
        return [request] if request else []
    return [
        request.with_replaced_attrs(tags={**request.tags, VENDOR_TAG: one.dataset.provider})
        for one in wanted
        if (request := update_request(instance, kind, [one], market)) is not None
    ]


def tell_of_import(instance: dg.DagsterInstance, done: Imported) -> None:
    """Let the years that an import wrote stand as materialized, from the file; their features follow them."""
    name = key_of(done.outcome.dataset)
    instance.add_dynamic_partitions("market_bars", [name])
    for year in done.outcome.years:
        if year >= FIRST_YEAR:
            instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    DATA_KEYS["bars"],
                    description="Imported from a file that a person downloaded.",
                    partition=str(MultiPartitionKey({"dataset": name, "year": str(year)})),
                    metadata={"document_id": done.document_id},
                )
            )


def update_config(kind: Kind, names: Sequence[str]) -> dict[str, object]:
    """The configuration of a run that asks for what is new of these datasets."""
    return {"ops": {f"market_{kind}": {"config": {"update": True, "datasets": list(names)}}}}


@dg.sensor(
    jobs=[],
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Lets the datasets of market.toml be partitions, so that they can be chosen in a backfill.",
)
def market_plan_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Follow the file."""
    try:
        wanted = MarketData(load_settings()).plan.wanted()
    except PlanError as error:
        return dg.SkipReason(str(error))
    follow_plan(context.instance, wanted)
    return dg.SkipReason(f"{len(wanted)} datasets are kept up to date.")


bar_features_sensor = dg.AutomationConditionSensorDefinition(
    "bar_features_sensor",
    target=dg.AssetSelection.assets(BAR_FEATURES_KEY),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=60,
    description="Computes the features of bars that came without them: imported, or chosen in a backfill.",
)


def _schedule(kind: Kind) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{MARKET_JOBS[kind]}_schedule",
        job_name=MARKET_JOBS[kind],
        cron_schedule=load_settings().market_update_cron,
        execution_timezone="America/New_York",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Asks the vendors for what is new of all {kind} that market.toml names (MARKET_UPDATE_CRON).",
    )
    def update(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        market = MarketData(load_settings())
        try:
            wanted = market.chosen(())
        except PlanError as error:
            return dg.SkipReason(str(error))
        follow_plan(context.instance, wanted)
        requests = update_requests(context.instance, kind, wanted, market)
        return requests or dg.SkipReason(f"market.toml names no {kind}.")

    return update


def market_automation() -> Iterator[dg.ScheduleDefinition | dg.SensorDefinition]:
    """Schedules and sensors of market data."""
    yield market_plan_sensor
    yield bar_features_sensor
    for kind in MARKET_JOBS:
        yield _schedule(kind)
