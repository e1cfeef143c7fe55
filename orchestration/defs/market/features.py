"""The asset of the features of daily bars, which follow their bars. The work is orchestration/market/features.py."""

from typing import Final

import dagster as dg

from orchestration.defs.clean.contract_metadata import contract_metadata
from orchestration.defs.market.data import BAR_FEATURES_KEY, BARS_KEY, key_of, listed, partitions
from orchestration.keys import FEATURES, MARKET_POOL, OWNERS
from orchestration.market.features import FREQUENCY
from orchestration.market.work import MarketData
from orchestration.resources.market_lake import UnreadableError
from transforms.market.series import DatasetId
from transforms.schemas.bar_features import BAR_FEATURES

FOLLOWS_BARS: Final = dg.AutomationCondition.eager().without(dg.AutomationCondition.in_latest_time_window())
"""Of every year, not of the last one alone. Updates bring the features in their own run; this is for bars that came
without them: from a file that was imported, or from years that were chosen in the UI.
"""


@dg.multi_asset(
    name="bar_features",
    specs=[
        dg.AssetSpec(
            BAR_FEATURES_KEY,
            deps=[BARS_KEY],
            group_name=FEATURES,
            owners=OWNERS,
            kinds={"polars", "parquet"},
            description=BAR_FEATURES.description,
            metadata=contract_metadata(BAR_FEATURES),
            automation_condition=FOLLOWS_BARS,
        )
    ],
    partitions_def=partitions("bars"),
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool=MARKET_POOL,
)
def bar_features(
    context: dg.AssetExecutionContext, market: dg.ResourceParam[MarketData]
) -> dg.MaterializeResult:
    """Bring the features of these partitions' datasets up to date; a dataset that fails leaves the others."""
    chosen = {key.split("|")[0] for key in context.partition_keys}
    datasets = [one for one in market.lake.datasets("clean") if _has_features(one) and key_of(one) in chosen]
    written, failures = [], []
    for dataset in datasets:
        try:
            years = market.bar_features(dataset).bring_up_to_date()
        except (ValueError, UnreadableError) as error:
            failures.append(f"features of {dataset} stay as they were: {error}")
        else:
            written += [f"{dataset}: {listed(years)}"] if years else []
    if failures:
        raise dg.Failure("\n".join(failures), allow_retries=False)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(market.lake.facts("features", one).rows for one in datasets),
            "years_written": "; ".join(written) or "none",
        }
    )


def _has_features(dataset: DatasetId) -> bool:
    return dataset.kind == "bars" and dataset.frequency == FREQUENCY
