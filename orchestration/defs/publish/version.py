"""The asset `published/version`: the marts as every reader sees them, and the checks of what they say."""

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import duckdb

from orchestration.keys import OWNERS, PUBLISH, WAREHOUSE_POOL
from orchestration.market.work import MarketData
from orchestration.resources.dagster_resources import DataResource
from orchestration.resources.publisher import FILE_NAME
from orchestration.staleness import inputs_fingerprint

VERSION = dg.AssetKey(["published", "version"])
SHOWN_BREAKS = 50

log = logging.getLogger("tieout")

# The sections of the broker's documents whose totals our figures are held against: one check each. The last three are
# held against another kind of document only.
RECONCILED_SECTIONS = (
    "ChangeInNAV",
    "EquitySummaryInBase",
    "CashReport",
    "StmtFunds",
    "FIFOPerformanceSummaryInBase",
    "OpenPositions",
    "PriorPeriodPositions",
    "Trades",
    "MTMPerformanceSummaryInBase",
    "ChangeInPositionValues",
    "InterestAccruals",
    "ChangeInDividendAccruals",
    "OpenDividendAccruals",
    "TierInterestDetails",
    "TransactionTaxes",
    "SalesTaxes",
    "CashTransactions",
    "CorporateActions",
    "Transfers",
    "PA.Key Statistics",
    "PA.Historical Performance",
    "PA.Allocation by Asset Class",
)


def published_version(marts: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset that publishes these marts."""

    @dg.asset(
        key=VERSION,
        deps=marts,
        group_name=PUBLISH,
        owners=OWNERS,
        kinds={"duckdb"},
        pool=WAREHOUSE_POOL,
        check_specs=[
            dg.AssetCheckSpec(
                _check_name(section),
                asset=VERSION,
                description=f"Our figures equal the broker's own in the section {section}. A break does not block: "
                "it is published with its rows, and `tieout reconcile` explains it.",
            )
            for section in RECONCILED_SECTIONS
        ],
        description="A new version folder with a copy of all marts, then CURRENT flips to it. Readers keep the version "
        "that they have open.",
    )
    def version(data: DataResource) -> Iterator[dg.MaterializeResult]:
        fingerprint = inputs_fingerprint(data.raw.manifest(), data.settings)
        name = data.publisher.next_version(fingerprint)
        rows = data.publisher.publish(data.folder.warehouse, name, MarketData(data.settings).views)
        log.info("published %s", name)
        path = data.folder.published / name / FILE_NAME
        yield dg.MaterializeResult(
            metadata={
                "version": name,
                "path": dg.MetadataValue.path(path),
                "tables": len(rows),
                "dagster/row_count": sum(rows.values()),
                "rows": dg.MetadataValue.json(rows),
            },
            check_results=_reconciled(path),
        )

    return version


def _check_name(section: str) -> str:
    return "ties_to_" + re.sub(r"\W", "_", section)


def _reconciled(path: Path) -> list[dg.AssetCheckResult]:
    """One result per section, with counts and the checks that broke (amounts stay out of the run's metadata)."""
    with duckdb.connect(str(path), read_only=True) as connection:
        counts = connection.execute(
            "select section, status, count(*) from marts.reconciliation group by section, status"
        ).fetchall()
        broken = connection.execute(
            "select section, account_id, period_start, period_end, check_name, currency"
            " from marts.reconciliation where status = 'broken' order by all"
        ).fetchall()
    return [
        _result(
            section,
            {status: n for name, status, n in counts if name == section},
            [row for name, *row in broken if name == section],
        )
        for section in RECONCILED_SECTIONS
    ]


def _result(section: str, counts: Mapping[str, int], broken: list[list[object]]) -> dg.AssetCheckResult:
    lines = ["| account | from | to | check | currency |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(str(value) for value in row) + " |" for row in broken[:SHOWN_BREAKS]]
    return dg.AssetCheckResult(
        check_name=_check_name(section),
        passed=not broken,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "tied": counts.get("tied", 0),
            "broken": counts.get("broken", 0),
            "not_reported": counts.get("not_reported", 0),
            "breaks": dg.MetadataValue.md("\n".join(lines) if broken else "Nothing is broken."),
        },
    )
