"""What new rows of a dataset become: checked, merged with what is stored, or refused. The one call of an update.

An error in an answer's rows of a series refuses all of them: an answer that is wrong in one place is not trusted in
the next. What is stored of the series stays as it is, and the other series go on. A bar whose period was not over is
the one exception: it alone is left out. Warnings are told about the rows that are stored then, and refuse nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from transforms.market.checks import CHECKS, Context, run_checks
from transforms.market.checks.model import Blocks
from transforms.market.merge import SERIES, Merged, merge

_MERGE_REFUSES: Final = "restated_overlap"
"""The error that `merge` finds by itself: it also says by which ratio, and that the series is to be asked again."""


@dataclass(frozen=True)
class Judged:
    """What is to be stored (`merged.frame`), what became of each series (`merged.series`), and what is wrong.

    `errors` and `warnings` have the columns of FINDINGS. `refused` are the new rows that were left out: the columns
    of the new rows and `reason`.
    """

    merged: Merged
    errors: pl.DataFrame
    warnings: pl.DataFrame
    refused: pl.DataFrame

    @property
    def failed(self) -> pl.DataFrame:
        """The errors that refused a series: all but bars that come again when their period is over."""
        return self.errors.filter(pl.col("check_name").is_in(_blocking("series")))


def judge(
    stored: pl.DataFrame, new: pl.DataFrame, context: Context, *, whole: bool = False, warn: bool = True
) -> Judged:
    """Check new rows (columns of BARS or OBSERVATIONS) of one dataset and merge them with the stored ones.

    `stored` and `whole` are those of `merge`, and `context.stored` is set here. Without `warn` no warnings are looked
    for, which need the whole frame.
    """
    errors = run_checks(new, replace(context, stored=None if whole else stored), "error")
    left_out = _left_out(new, errors.filter(pl.col("check_name") != _MERGE_REFUSES))
    merged = merge(stored, left_out.filter(pl.col("reason").is_null()).select(new.columns), whole=whole)
    by_merge = pl.Series(list(merged.refused), dtype=pl.String).implode()
    reasons = pl.col("instrument_id").replace_strict(merged.refused, default=None, return_dtype=pl.String)
    refused = left_out.with_columns(
        pl.when(pl.col("instrument_id").is_in(by_merge))
        .then(pl.coalesce("reason", reasons))
        .otherwise("reason")
        .alias("reason")
    ).filter(pl.col("reason").is_not_null())
    return Judged(
        replace(merged, series=_every_series(merged.series, refused, _reasons(errors, "series"))),
        errors,
        run_checks(merged.frame, context, "warning") if warn else errors.clear(),
        refused,
    )


def _blocking(what: Blocks) -> list[str]:
    return [check.name for check in CHECKS.values() if check.blocks == what]


def _left_out(new: pl.DataFrame, errors: pl.DataFrame) -> pl.DataFrame:
    """The new rows with the `reason` for which they are left out; NULL where there is none."""
    series = _reasons(errors, "series")
    row = ["instrument_id", "document_id", "timestamp"]
    rows = errors.filter(pl.col("check_name").is_in(_blocking("rows"))).select(
        *row, _reason().alias("row_reason")
    )
    if "timestamp" not in new.columns:
        return new.join(series, on="instrument_id", how="left", maintain_order="left")
    return (
        new.join(series, on="instrument_id", how="left", maintain_order="left")
        .join(rows.unique(row), on=row, how="left", maintain_order="left")
        .with_columns(pl.coalesce("reason", "row_reason").alias("reason"))
        .drop("row_reason")
    )


def _reason() -> pl.Expr:
    return pl.format("{}: {} on {}; expected {}", "check_name", "found", "session_date", "expected")


def _reasons(errors: pl.DataFrame, what: Blocks) -> pl.DataFrame:
    """Why each series is refused: the first error, and how many more there are."""
    blocking = errors.filter(pl.col("check_name").is_in(_blocking(what)))
    more = pl.when(pl.len() > 1).then(pl.format(" (and {} more)", pl.len() - 1)).otherwise(pl.lit(""))
    return blocking.group_by("instrument_id", maintain_order=True).agg(
        (_reason().first() + more).alias("reason")
    )


def _every_series(series: pl.DataFrame, refused: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
    """The outcome of `merge`, with the series of which nothing was merged, and what was left out of each."""
    out = refused.group_by("instrument_id").agg(pl.first("symbol"), left_out=pl.len())
    both = (
        series.drop("left_out")
        .join(out, on="instrument_id", how="full", coalesce=True)
        .join(reasons, on="instrument_id", how="left")
    )
    numbers = [name for name, dtype in SERIES.items() if dtype == pl.UInt32]
    return (
        both.with_columns(
            pl.coalesce("symbol", "symbol_right").alias("symbol"),
            pl.col(numbers).fill_null(0),
            pl.col("refetch").fill_null(False),
            pl.coalesce("refused", "reason").alias("refused"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in SERIES.items())
        .sort("symbol", "instrument_id")
    )
