"""The assets of market data: vendors' answers and the bars and observations that they tell, by dataset and year."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final

import dagster as dg
from pydantic import Field

from orchestration.defs.clean.contract_metadata import contract_metadata
from orchestration.defs.market.checks import check_results, check_specs
from orchestration.keys import CLEAN, FEATURES, MARKET_POOL, OWNERS, RAW
from orchestration.market.errors import PlanError
from orchestration.market.outcome import DatasetOutcome
from orchestration.market.plan import Wanted
from orchestration.market.work import MarketData
from transforms.market.series import DatasetId, Kind
from transforms.schemas.contract import TableContract
from transforms.schemas.market import BARS, OBSERVATIONS

BARS_KEY = dg.AssetKey([CLEAN, "bars"])
OBSERVATIONS_KEY = dg.AssetKey([CLEAN, "observations"])
ANSWERS_KEYS: Final[dict[Kind, dg.AssetKey]] = {
    "bars": dg.AssetKey([RAW, "vendor_bars"]),
    "observations": dg.AssetKey([RAW, "vendor_observations"]),
}
"""The assets of the answers that a kind is read from."""
DATA_KEYS: Final[dict[Kind, dg.AssetKey]] = {"bars": BARS_KEY, "observations": OBSERVATIONS_KEY}
BAR_FEATURES_KEY = dg.AssetKey([FEATURES, "bars"])
MARKET_KEYS: Final = (*ANSWERS_KEYS.values(), *DATA_KEYS.values(), BAR_FEATURES_KEY)
ANSWERED = "answered"
FIRST_YEAR = 1960
_PER_YEAR = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 1 *", start=str(FIRST_YEAR), fmt="%Y", end_offset=1
)


class MarketConfig(dg.Config):
    """What to ask for. `update`: what each series lacks, whatever the partitions' years; else these years as a whole.

    `datasets`: those of the partitions that count; all of them if none is named.
    """

    update: bool = Field(default=False)
    datasets: list[str] = Field(default_factory=list)


def partitions(kind: Kind) -> dg.MultiPartitionsDefinition:
    """A partition for each dataset of `market.toml` and each year."""
    return dg.MultiPartitionsDefinition(
        {"dataset": dg.DynamicPartitionsDefinition(name=f"market_{kind}"), "year": _PER_YEAR}
    )


def key_of(dataset: DatasetId) -> str:
    """What a dataset is called among the partitions of its kind."""
    return f"{dataset.provider}.{dataset.universe}.{dataset.frequency}"


def market_assets() -> list[dg.AssetsDefinition]:
    """The assets of bars and of observations."""
    return [_assets("bars", BARS_KEY, BARS), _assets("observations", OBSERVATIONS_KEY, OBSERVATIONS)]


def _assets(kind: Kind, key: dg.AssetKey, contract: TableContract) -> dg.AssetsDefinition:
    raw = ANSWERS_KEYS[kind]

    @dg.multi_asset(
        name=f"market_{kind}",
        specs=[
            dg.AssetSpec(
                raw,
                group_name=RAW,
                owners=OWNERS,
                kinds={"http"},
                description=f"What vendors answered when they were asked for {kind}, word for word and for ever.",
            ),
            dg.AssetSpec(
                key,
                deps=[raw],
                group_name=CLEAN,
                owners=OWNERS,
                kinds={"polars", "parquet"},
                description=contract.description,
                metadata=contract_metadata(contract),
            ),
        ],
        check_specs=[
            dg.AssetCheckSpec(
                ANSWERED, asset=raw, description="Every series that was asked for was answered."
            ),
            *check_specs(kind, key),
        ],
        partitions_def=partitions(kind),
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=MARKET_POOL,
    )
    def build(
        context: dg.AssetExecutionContext, config: MarketConfig, market: dg.ResourceParam[MarketData]
    ) -> Iterator[dg.MaterializeResult]:
        years = _years_by_dataset(context.partition_keys)
        wanted = _wanted(market, kind, set(config.datasets or years) & set(years))
        outcomes = []
        for one in wanted:
            span = None if config.update else _span(years[key_of(one.dataset)])
            outcomes += market.bring_in([one], span)
        market.publish_catalog()
        yield dg.MaterializeResult(
            asset_key=raw,
            metadata={"series": sum(len(o.series) for o in outcomes), "datasets": _table(outcomes)},
            check_results=[_answered(raw, outcomes)],
        )
        facts = [market.lake.facts("clean", one.dataset) for one in wanted]
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "dagster/row_count": sum(fact.rows for fact in facts),
                "bytes": sum(fact.bytes for fact in facts),
                "added": sum(outcome.added for outcome in outcomes),
                "years_written": ", ".join(f"{o.dataset}: {listed(o.years)}" for o in outcomes if o.years)
                or "none",
            },
            check_results=check_results(kind, key, outcomes),
        )

    return build


def _wanted(market: MarketData, kind: Kind, chosen: set[str]) -> list[Wanted]:
    """The datasets of these partitions. Fails where `market.toml` does not name one: nobody can ask for it."""
    try:
        wanted = [
            one for one in market.chosen(()) if one.dataset.kind == kind and key_of(one.dataset) in chosen
        ]
    except PlanError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    unknown = chosen - {key_of(one.dataset) for one in wanted}
    if unknown:
        raise dg.Failure(
            f"{market.plan.path} names no dataset {', '.join(sorted(unknown))} any more; what is stored of it stays. "
            "Where several machines work they need the same market.toml",
            allow_retries=False,
        )
    return wanted


def _years_by_dataset(keys: Sequence[str]) -> dict[str, list[int]]:
    """The years that were chosen of each dataset. A key is `dataset|year`, its dimensions in alphabetical order."""
    found: dict[str, list[int]] = {}
    for key in keys:
        dataset, year = key.split("|")
        found.setdefault(dataset, []).append(int(year))
    return found


def _span(years: Sequence[int]) -> tuple[date, date]:
    return date(min(years), 1, 1), min(date(max(years), 12, 31), datetime.now(UTC).date())


def listed(years: Sequence[int]) -> str:
    """Years as text."""
    return ", ".join(str(year) for year in years)


def _answered(key: dg.AssetKey, outcomes: Sequence[DatasetOutcome]) -> dg.AssetCheckResult:
    problems = [f"{outcome.dataset}: {problem}" for outcome in outcomes for problem in outcome.problems]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ANSWERED,
        passed=not problems,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(problems) or "every series was answered",
    )


def _table(outcomes: Sequence[DatasetOutcome]) -> dg.MarkdownMetadataValue:
    lines = [
        f"| {o.dataset} | {len(o.series)} | {o.added} | {sum(s.restated for s in o.series)} | {len(o.problems)} |"
        for o in outcomes
    ]
    head = ["| dataset | series | rows added | rows restated | problems |", "|---|---|---|---|---|"]
    return dg.MetadataValue.md("\n".join([*head, *lines]))
