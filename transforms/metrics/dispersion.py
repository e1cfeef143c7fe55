"""How much returns vary, and what they earn for it: volatility, Sharpe, Sortino. Tail losses are not here."""

from __future__ import annotations

import numpy as np

from transforms.metrics.conventions import BOOKS, Conventions
from transforms.metrics.series import Doubles, Figure, Returns, Withheld

# Below this a deviation is the rounding of equal numbers.
NO_DEVIATION = 1e-15


def volatility(returns: Returns, conventions: Conventions = BOOKS) -> Figure:
    """Standard deviation (ddof = 1) of simple returns × √periods a year, a fraction per year.

    Portfolio Performance takes log returns and scales by the number of returns.
    """
    if len(returns) < 2:
        return Withheld("Fewer than two daily returns.")
    return float(returns.values.std(ddof=1) * np.sqrt(conventions.periods_per_year))


def sharpe(returns: Returns, conventions: Conventions = BOOKS) -> Figure:
    """Mean excess return over its standard deviation (ddof = 1) × √periods a year.

    The risk-free rate is annual and converted geometrically; empyrical wants it per period. Source: Sharpe 1994.
    """
    excess = returns.values - conventions.risk_free
    deviation = excess.std(ddof=1) if len(returns) > 1 else 0.0
    if deviation <= NO_DEVIATION:
        return Withheld("Fewer than two daily returns, or returns that do not vary.")
    return float(excess.mean() / deviation * np.sqrt(conventions.periods_per_year))


def sortino(returns: Returns, conventions: Conventions = BOOKS) -> Figure:
    """Mean return over the acceptable one, over the downside deviation of *all* periods, × √periods a year.

    Source: Sortino and Price 1994. Lean averages the downside over the negative days only, which makes few losses
    look like many.
    """
    downside = downside_deviation(returns, conventions)
    if isinstance(downside, Withheld) or downside <= 0:
        return Withheld("No daily return below the minimum acceptable one.")
    return float(
        (returns.values - conventions.minimum_acceptable).mean()
        / downside
        * np.sqrt(conventions.periods_per_year)
    )


def downside_deviation(returns: Returns, conventions: Conventions = BOOKS) -> Figure:
    """Root mean square of min(r − MAR, 0) over all n periods; a fraction per period, not annualised."""
    if not len(returns):
        return Withheld("No return in this window.")
    return float(np.sqrt((shortfalls(returns, conventions) ** 2).mean()))


def shortfalls(returns: Returns, conventions: Conventions = BOOKS) -> Doubles:
    """min(r − MAR, 0) of each period, shape (n,)."""
    return np.minimum(returns.values - conventions.minimum_acceptable, 0.0)
