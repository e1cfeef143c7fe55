"""The assets of the tax lots: one replay of the trades makes all three tables. The engine is in transforms/features."""

import logging
from collections.abc import Iterator

import dagster as dg

from orchestration.defs.clean.contract_metadata import contract_metadata
from orchestration.keys import CLEAN, FEATURES, OWNERS
from orchestration.resources.dagster_resources import DataResource
from transforms.features.tax_lots import INPUTS, build_tax_lots
from transforms.schemas import FEATURES as CONTRACTS
from transforms.schemas import ContractError

CONTRACT_CHECK = "contract"
TABLES = ("tax_lots", "lot_balances", "lot_issues")

log = logging.getLogger("tieout")


def _key(name: str) -> dg.AssetKey:
    return dg.AssetKey([FEATURES, name])


@dg.multi_asset(
    name="tax_lots",
    specs=[
        dg.AssetSpec(
            _key(name),
            deps=[dg.AssetKey([CLEAN, table]) for table in INPUTS],
            group_name=FEATURES,
            owners=OWNERS,
            kinds={"polars", "parquet"},
            description=CONTRACTS[name].description,
            metadata=contract_metadata(CONTRACTS[name]),
        )
        for name in TABLES
    ],
    check_specs=[
        dg.AssetCheckSpec(
            CONTRACT_CHECK,
            asset=_key(name),
            blocking=True,
            description="Columns, types, units and keys are as the contract says; nothing is written otherwise.",
        )
        for name in TABLES
    ],
)
def tax_lots(data: DataResource) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Replay the trades, corporate actions and transfers of all accounts into lots."""
    tables = {name: data.clean.read(name, columns) for name, columns in INPUTS.items()}
    try:
        made = build_tax_lots(tables)
    except ContractError as error:
        yield from (
            dg.AssetCheckResult(
                check_name=CONTRACT_CHECK,
                asset_key=_key(name),
                passed=False,
                metadata={"offending": dg.MetadataValue.md(f"```\n{error}\n```")},
            )
            for name in TABLES
        )
        raise dg.Failure(str(error), allow_retries=False) from error
    for name in TABLES:
        table = getattr(made, name)
        data.features.write(name, table)
        log.info("features/%s: %s rows", name, f"{table.height:,}")
        yield dg.MaterializeResult(
            asset_key=_key(name),
            metadata={"dagster/row_count": table.height},
            check_results=[dg.AssetCheckResult(check_name=CONTRACT_CHECK, asset_key=_key(name), passed=True)],
        )
