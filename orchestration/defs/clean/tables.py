"""An asset per canonical table, made from the registry of builders and the contracts of `transforms`."""

import logging
from collections.abc import Iterator

import dagster as dg
import polars as pl

from orchestration.defs.clean.contract_metadata import contract_metadata
from orchestration.defs.raw.documents import DOCUMENTS
from orchestration.defs.raw.tws_snapshots import TWS_SNAPSHOTS
from orchestration.keys import CLEAN, OWNERS
from orchestration.resources.dagster_resources import DataResource
from transforms.clean import CLEAN_TABLES, CleanContext, CleanTable
from transforms.schemas import CONTRACTS, ContractError
from transforms.tws.known_sections import PREFIX as TWS

CONTRACT_CHECK = "contract"

_Result = dg.MaterializeResult | dg.AssetCheckResult

log = logging.getLogger("tieout")


def clean_tables() -> dg.AssetsDefinition:
    """All canonical tables: an asset each, built by one step, because a step costs more than most tables do."""
    tables = {dg.AssetKey([CLEAN, name]): table for name, table in CLEAN_TABLES.items()}

    @dg.multi_asset(
        name="clean_tables",
        specs=[_spec(key, table) for key, table in tables.items()],
        check_specs=[contract_check_spec(key) for key in tables],
        can_subset=True,
    )
    def build(context: dg.AssetExecutionContext, data: DataResource) -> Iterator[_Result]:
        broken = []
        for key, table in tables.items():
            if key not in context.selected_asset_keys:
                continue
            try:
                yield _materialize(key, table, data)
            except ContractError as error:
                broken.append(str(error))
                yield contract_check(key, error)
        if broken:
            raise dg.Failure("\n".join(broken), allow_retries=False)

    return build


def _materialize(key: dg.AssetKey, table: CleanTable, data: DataResource) -> dg.MaterializeResult:
    """Build one table and write it with its issues. Raises ContractError; nothing is written then."""
    context = CleanContext(data.timezone, data.settings.base_currency)
    cleaned = table.build(data.raw.scan, context)
    data.clean.write(table.name, cleaned.table)
    data.clean.write(f"_issues/{table.name}", cleaned.issues)
    data.clean.write(f"_restatements/{table.name}", cleaned.restatements)
    log.info("clean/%s: %s rows", table.name, f"{cleaned.table.height:,}")
    return dg.MaterializeResult(
        asset_key=key,
        metadata={
            "dagster/row_count": cleaned.table.height,
            "cells_not_read": _errors(cleaned.issues),
            "restatements": cleaned.restatements.height,
        },
        check_results=[contract_check(key)],
    )


def contract_check(key: dg.AssetKey, error: ContractError | None = None) -> dg.AssetCheckResult:
    """The verdict on a table: passed, or failed with the rows that offend."""
    offending = {"offending": dg.MetadataValue.md(f"```\n{error}\n```")} if error else {}
    return dg.AssetCheckResult(
        asset_key=key, check_name=CONTRACT_CHECK, passed=error is None, metadata=offending
    )


def _spec(key: dg.AssetKey, table: CleanTable) -> dg.AssetSpec:
    contract = CONTRACTS[table.name]
    return dg.AssetSpec(
        key,
        # A document of TWS may lie in the inbox too: the live feed puts fills there.
        deps=[DOCUMENTS, TWS_SNAPSHOTS]
        if any(name.startswith(TWS) for name in table.inputs)
        else [DOCUMENTS],
        group_name=CLEAN,
        owners=OWNERS,
        kinds={"polars", "parquet"},
        description=contract.description,
        metadata={
            **contract_metadata(contract),
            "sections": ", ".join(s for s in table.inputs if not s.startswith("_")),
        },
    )


def contract_check_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """The blocking check that a clean table keeps its contract."""
    return dg.AssetCheckSpec(
        CONTRACT_CHECK,
        asset=key,
        blocking=True,
        description="Columns, types, units and keys are as the contract says; nothing is written otherwise.",
    )


def _errors(issues: pl.DataFrame) -> int:
    return issues.filter(pl.col("severity") == "error").height
