"""What is rolled over the sessions of one instrument, each once for all features that need it. No features here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import polars as pl

_WAYS: Final[dict[str, Callable[[pl.Expr, int, int], pl.Expr]]] = {
    "count": lambda values, *_: values.cum_count(),
    "sum": lambda values, *_: values.cum_sum(),
    "before": lambda values, span, _: values.shift(span),
    "mean": lambda values, span, least: values.rolling_mean(span, min_samples=least),
    "variance": lambda values, span, least: values.rolling_var(span, min_samples=least),
    "highest": lambda values, span, least: values.rolling_max(span, min_samples=least),
}


def rolled(column: str, way: str, span: int, least: int | None = None) -> pl.Expr:
    """The column that `with_windows` makes of `column`: its mean, variance (n − 1) or highest of the last `span`
    sessions, or what it was so many sessions before. NULL where the window has less than `least` values (all of them).
    """
    return pl.col(f"{column} {way} {span} {span if least is None else least}")


def so_far(column: str, way: str) -> pl.Expr:
    """The column that `with_windows` makes of `column`: the count or the sum of its values up to this row's day."""
    return rolled(column, way, 0)


def with_windows(rows: pl.DataFrame, needing: Iterable[pl.Expr]) -> pl.DataFrame:
    """The rows with all that is `rolled` or `so_far` in the expressions; they are sorted by instrument and session."""
    names = {name for one in needing for name in one.meta.root_names() if " " in name}
    # not lazily: each window stands here once, and to look for equal parts of them takes as long as half of them
    return rows.with_columns(_window(name).over("instrument_id").alias(name) for name in sorted(names))


def _window(name: str) -> pl.Expr:
    column, way, span, least = name.split(" ")
    return _WAYS[way](pl.col(column), int(span), int(least))
