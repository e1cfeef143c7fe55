"""Single days and single trades: best, worst, how often it won, what wins paid for losses. No ratios of dispersion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from transforms.metrics.series import Figure, Returns, Withheld


def best(returns: Returns) -> tuple[float, int] | Withheld:
    """Highest return and the first position that has it."""
    if not len(returns):
        return Withheld("No return in this window.")
    place = int(np.argmax(returns.values))
    return float(returns.values[place]), place


def worst(returns: Returns) -> tuple[float, int] | Withheld:
    """Lowest return and the first position that has it."""
    if not len(returns):
        return Withheld("No return in this window.")
    place = int(np.argmin(returns.values))
    return float(returns.values[place]), place


def win_rate_days(returns: Returns) -> Figure:
    """Share of the days with a gain among those that moved; days at exactly 0 count for neither."""
    moved = int((returns.values != 0).sum())
    return float((returns.values > 0).sum() / moved) if moved else Withheld("No day with a gain or a loss.")


def win_rate(realized: Sequence[float]) -> Figure:
    """Share of closing trades with a gain among those with a gain or a loss; one amount a trade, one currency."""
    wins, losses = sum(pnl > 0 for pnl in realized), sum(pnl < 0 for pnl in realized)
    return wins / (wins + losses) if wins + losses else Withheld("No closing trade with a gain or a loss.")


def profit_factor(realized: Sequence[float]) -> Figure:
    """Gains over losses of the closing trades; without a loss there is nothing to divide by."""
    loss = -sum(pnl for pnl in realized if pnl < 0)
    gain = sum(pnl for pnl in realized if pnl > 0)
    return gain / loss if loss else Withheld("No closing trade with a loss.")
