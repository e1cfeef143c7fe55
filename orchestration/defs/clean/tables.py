"""One asset per canonical table, made from the registry of builders and the contracts of `transforms`."""

import logging
from collections.abc import Iterator

import dagster as dg
import polars as pl

from orchestration.defs.clean.contract_metadata import contract_metadata
from orchestration.defs.raw.documents import DOCUMENTS
from orchestration.keys import CLEAN, OWNERS
from orchestration.resources.dagster_resources import DataResource
from transforms.clean import CLEAN_TABLES, CleanContext, CleanTable
from transforms.schemas import CONTRACTS, ContractError, TableContract

CONTRACT_CHECK = "contract"

log = logging.getLogger("tieout")


def clean_assets() -> list[dg.AssetsDefinition]:
    """The assets, in the order of the registry."""
    return [_asset(table, CONTRACTS[table.name]) for table in CLEAN_TABLES.values()]


def _asset(table: CleanTable, contract: TableContract) -> dg.AssetsDefinition:
    key = dg.AssetKey([CLEAN, table.name])

    @dg.asset(
        key=key,
        deps=[DOCUMENTS],
        group_name=CLEAN,
        owners=OWNERS,
        kinds={"polars", "parquet"},
        description=contract.description,
        metadata={
            **contract_metadata(contract),
            "sections": ", ".join(s for s in table.inputs if not s.startswith("_")),
        },
        check_specs=[
            dg.AssetCheckSpec(
                CONTRACT_CHECK,
                asset=key,
                blocking=True,
                description="Columns, types, units and keys are as the contract says; nothing is written otherwise.",
            )
        ],
    )
    def build(data: DataResource) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        settings = data.settings
        try:
            cleaned = table.build(data.raw.scan, CleanContext(data.timezone, settings.base_currency))
            valid = contract.validate(cleaned.table)
        except ContractError as error:
            yield dg.AssetCheckResult(
                check_name=CONTRACT_CHECK,
                passed=False,
                metadata={"offending": dg.MetadataValue.md(f"```\n{error}\n```")},
            )
            raise dg.Failure(str(error), allow_retries=False) from error
        data.clean.write(table.name, valid)
        log.info("clean/%s: %s rows", table.name, f"{valid.height:,}")
        data.clean.write(f"_issues/{table.name}", cleaned.issues)
        data.clean.write(f"_restatements/{table.name}", cleaned.restatements)
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": valid.height,
                "cells_not_read": _errors(cleaned.issues),
                "restatements": cleaned.restatements.height,
            },
            check_results=[dg.AssetCheckResult(check_name=CONTRACT_CHECK, passed=True)],
        )

    return build


def _errors(issues: pl.DataFrame) -> int:
    return issues.filter(pl.col("severity") == "error").height
