"""What a feature of bars is: its definition, window, unit, source and expression. The features are beside this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from transforms.features.bars.windows import so_far

Prices = Literal["total return", "split-adjusted", "own session", "none"]
"""The closes that a feature is of. `own session`: ratios within each session, which no adjustment changes."""

BEFORE: Final = "before_"
"""Of a column that holds the values of a recursive feature as they are known already."""


@dataclass(frozen=True)
class Calendar:
    """How many sessions a year and a month have, by which windows are counted and volatilities made annual.

    `resumed`: values of recursive features are known, in columns that begin with BEFORE.
    """

    year: int
    month: int
    resumed: bool = False

    def before(self, name: str) -> pl.Expr | None:
        """The values of a feature that are known already; None where the series begins here."""
        return pl.col(BEFORE + name) if self.resumed else None


WEEKDAYS: Final = Calendar(252, 21)
EVERY_DAY: Final = Calendar(365, 30)
"""Of what trades on all seven days."""


@dataclass(frozen=True)
class Window:
    """So many months of the calendar and so many sessions: the session of the row, and those before it."""

    sessions: int = 0
    months: int = 0

    def length(self, calendar: Calendar) -> int:
        """In sessions."""
        return self.sessions + self.months * calendar.month


@dataclass(frozen=True)
class Feature:
    """One feature of daily bars.

    `expression` gives the feature's values from the columns of the same session (`sessions.with_sessions`, and what is
    `windows.rolled` of them): doubles, NULL where an input is missing or the window is not full; what is no number
    (0 / 0) is made NULL of all. That of a `recursive` feature sees all sessions of one instrument in their order.

    `window` is what a value depends on; of a `recursive` feature, how many sessions its first value takes: it depends
    on all before. `minimum`: how many observations a window has to hold, where that is fewer than all.
    """

    name: str
    definition: str
    window: Window
    unit: str
    source: str
    prices: Prices
    expression: Callable[[Calendar], pl.Expr]
    minimum: Callable[[Calendar], int] | None = None
    recursive: bool = False

    def observations(self, calendar: Calendar) -> int:
        """The fewest sessions that a value is told of."""
        return self.minimum(calendar) if self.minimum else self.window.length(calendar)


def recursive(column: str, alpha: float, seed: int, before: pl.Expr | None) -> pl.Expr:
    """y(t) = y(t−1) + alpha · (x(t) − y(t−1)), which begins with the mean of the first `seed` values.

    Where `before` has values, it goes on from the last of them instead. A missing value is passed over: none is told
    then, and the next goes on from the last.
    """
    values, count = pl.col(column), so_far(column, "count")
    told = values.is_not_null()
    begin = so_far(column, "sum") / float(seed)
    chain = pl.when(count > seed).then(values).when((count == seed) & told).then(begin)
    if before is not None:
        chain = resumed(values, before, chain)  # type: ignore[assignment]
    return pl.when(told).then(chain.ewm_mean(alpha=alpha, adjust=False, ignore_nulls=True))


def resumed(values: pl.Expr, before: pl.Expr, otherwise: pl.Expr) -> pl.Expr:
    """The last value of `before` in its place and `values` after it; `otherwise` where `before` has none."""
    known = before.is_not_null()
    left = known.cum_sum(reverse=True)
    return (
        pl.when(~known.any())
        .then(otherwise)
        .when(left == 0)
        .then(values)
        .when((left == 1) & known)
        .then(before)
    )
