"""The checks of market data as Dagster shows them. What they look for is transforms/market/checks."""

from collections.abc import Sequence

import dagster as dg
import polars as pl

from orchestration.market.outcome import DatasetOutcome
from transforms.market.checks import CHECKS, Check
from transforms.market.series import Kind

SHOWN = 50
LONGEST = 200
"""Characters of a cell."""
_COLUMNS = ("symbol", "session_date", "found", "expected", "document_id")
_SEVERITY = {"error": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}
_REFUSED = " What breaks it is not stored: the series stays as it was."


def check_specs(kind: Kind, asset: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """A check for each of the registry's. None blocks what follows: what an error refuses is not stored."""
    return [
        dg.AssetCheckSpec(
            check.name,
            asset=asset,
            description=check.description + (_REFUSED if check.severity == "error" else ""),
        )
        for check in _of(kind)
    ]


def check_results(
    kind: Kind, asset: dg.AssetKey, outcomes: Sequence[DatasetOutcome]
) -> list[dg.AssetCheckResult]:
    """What each check found in some datasets, with the offending rows."""
    found = pl.concat(
        [
            pl.DataFrame(schema={"dataset": pl.String}),
            *(one.findings.with_columns(dataset=pl.lit(str(one.dataset))) for one in outcomes),
        ],
        how="diagonal",
    )
    return [_result(check, asset, found.filter(_named(found, check))) for check in _of(kind)]


def _named(found: pl.DataFrame, check: Check) -> pl.Expr:
    return pl.col("check_name") == check.name if "check_name" in found.columns else pl.lit(False)


def _of(kind: Kind) -> list[Check]:
    return [check for check in CHECKS.values() if check.kind == kind]


def _result(check: Check, asset: dg.AssetKey, rows: pl.DataFrame) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=check.name,
        passed=rows.is_empty(),
        severity=_SEVERITY[check.severity],
        metadata={"found": rows.height, "rows": dg.MetadataValue.md(_table(rows))},
    )


def _table(rows: pl.DataFrame) -> str:
    """The first of the offending rows as Markdown."""
    if rows.is_empty():
        return "Nothing was found."
    lines = [f"| dataset | {' | '.join(_COLUMNS)} |", "|---" * (len(_COLUMNS) + 1) + "|"]
    lines += [
        "| " + " | ".join(str(value).replace("|", "\\|")[:LONGEST] for value in row) + " |"
        for row in rows.select("dataset", *_COLUMNS).head(SHOWN).iter_rows()
    ]
    more = f"\n\n… and {rows.height - SHOWN} more" if rows.height > SHOWN else ""
    return "\n".join(lines) + more
