"""Falls from the running peak, the starting value included. Growth itself is in growth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transforms.metrics.growth import index
from transforms.metrics.series import Doubles, Figure, Returns, Withheld


@dataclass(frozen=True)
class Drawdown:
    """The deepest fall of a series. Positions count returns from 0; −1 is the starting value."""

    depth: float
    """0 or negative, a fraction of the peak."""
    peak: int | None
    """Last position at the peak before the trough; None without a fall."""
    trough: int | None
    """First position of the deepest fall."""
    recovery: int | None
    """First position back at the peak; None while it is not reached."""


def drawdowns(returns: Returns) -> Doubles:
    """Index over its highest value so far less 1, shape (n,): 0 or negative, exactly 0 at a peak.

    The starting value counts as a peak: without it a loss on the first day would not be seen.
    """
    levels = index(returns)
    peaks = np.maximum.accumulate(levels)
    return np.asarray(np.where(levels == peaks, 0.0, levels / peaks - 1)[1:])


def deepest(returns: Returns) -> Drawdown | Withheld:
    """The deepest drawdown with its peak, trough and recovery."""
    if not len(returns):
        return Withheld("No return in this window.")
    falls = drawdowns(returns)
    trough = int(np.argmin(falls))
    depth = float(falls[trough])
    if depth == 0:
        return Drawdown(0.0, None, None, None)
    levels = index(returns)
    before = levels[: trough + 1]  # up to the position before the trough; levels[i + 1] is position i
    peak = int(np.flatnonzero(before == before.max())[-1]) - 1
    back = np.flatnonzero(levels[trough + 2 :] >= before.max())
    return Drawdown(depth, peak, trough, int(back[0]) + trough + 1 if back.size else None)


def calmar(yearly_growth: Figure, depth: float) -> Figure:
    """Growth a year over the deepest drawdown, both of the same window. Source: Young 1991, who took 36 months."""
    if isinstance(yearly_growth, Withheld):
        return yearly_growth
    if depth == 0:
        return Withheld("No drawdown in this window.")
    return yearly_growth / abs(depth)
