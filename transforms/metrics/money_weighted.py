"""The rate at which dated amounts balance (XIRR): searched on a grid, closed in by Brent. Time-weighted: growth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from transforms.metrics.conventions import DAYS_PER_YEAR
from transforms.metrics.series import Doubles, Figure, Withheld

# The grid of log growth over one basis, the same in the SQL (dbt_project/macros/money_weighted.sql).
# 0 itself lies between two steps.
GRID_STEPS: Final = 1024
LOWEST_GROWTH: Final = 0.0001
HIGHEST_GROWTH: Final = 10000.0
_OFFSET: Final = 0.37

NO_ROOT = "No rate balances the flows of this window."


def xirr(bookings: Sequence[tuple[date, float]], basis_days: int = DAYS_PER_YEAR) -> Figure:
    """The rate r with Σ amount / (1 + r)^(days / basis_days) = 0, a fraction per basis (a year by default).

    What is paid in is negative, what is received positive, the ending value included; days count from the first date.
    For a window under a year give its length as the basis: the rate is then the window's own, not annualised.
    No rate, or several (flows that change sign more than once may have them), is withheld: no one of several is *the*
    return. Rates from −99.99 % to +999,900 % are searched. Source: the definition of Excel's XIRR.
    """
    # Imported late: it costs a quarter of a second, and most readers of this package need no rate.
    from scipy.optimize import brentq  # type: ignore[import-untyped]

    years, amounts = _netted(bookings, basis_days)
    span = np.log(HIGHEST_GROWTH) - np.log(LOWEST_GROWTH)
    grid = np.log(LOWEST_GROWTH) + span * (np.arange(GRID_STEPS + 1) + _OFFSET) / (GRID_STEPS + 1)
    values = np.exp(-np.outer(grid, years)) @ amounts if amounts.size else np.zeros_like(grid)
    crossings = np.flatnonzero(np.diff(values >= 0))
    if crossings.size == 0:
        return Withheld(NO_ROOT)
    if crossings.size > 1:
        return Withheld(f"{crossings.size} rates balance the flows of this window; none is the one.")
    low, high = grid[crossings[0]], grid[crossings[0] + 1]
    root = brentq(lambda growth: float(np.exp(-growth * years) @ amounts), low, high, xtol=1e-15, rtol=1e-14)
    return float(np.exp(root) - 1)


def _netted(bookings: Sequence[tuple[date, float]], basis_days: int) -> tuple[Doubles, Doubles]:
    """Years since the first date and net amounts, shape (k,) each; days whose amounts cancel are left out."""
    by_day: defaultdict[date, float] = defaultdict(float)
    for day, amount in bookings:
        by_day[day] += amount
    first = min(by_day, default=date.min)
    kept = [
        ((day - first).days / basis_days, amount) for day, amount in sorted(by_day.items()) if amount != 0
    ]
    return np.array([year for year, _ in kept]), np.array([amount for _, amount in kept])
