"""Returns against a benchmark's over the same days: alpha, beta, tracking error, capture. No prices here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transforms.metrics.conventions import BOOKS, DAYS_PER_YEAR, Conventions
from transforms.metrics.dispersion import NO_DEVIATION
from transforms.metrics.series import Doubles, Figure, Returns, SeriesError, Withheld

FEW_RETURNS = "Fewer than three daily returns beside the benchmark's."
FLAT = "The benchmark's returns do not vary."


@dataclass(frozen=True)
class Regression:
    """Least squares of excess returns on the benchmark's excess returns, with HAC t-statistics."""

    alpha: float
    """Intercept × periods a year (arithmetic); in a window under a year × the number of returns, not annualised."""
    beta: float
    alpha_t: float | Withheld
    """Against 0, Newey–West."""
    beta_t: float | Withheld
    lags: int


def regress(
    returns: Returns, benchmark: Returns, calendar_days: int = DAYS_PER_YEAR, conventions: Conventions = BOOKS
) -> Regression | Withheld:
    """Alpha and beta. Both series have shape (n,) and end on the same days; the risk-free rate is taken off both.

    Standard errors allow for heteroscedasticity and autocorrelation: Newey and West 1987 with Bartlett weights and
    ⌊4 (n / 100)^(2/9)⌋ lags (Newey and West 1994), without a small-sample factor.
    """
    _same_days(returns, benchmark)
    n = len(returns)
    if n < 3:
        return Withheld(FEW_RETURNS)
    y, x = returns.values - conventions.risk_free, benchmark.values - conventions.risk_free
    if x.std(ddof=1) <= NO_DEVIATION:
        return Withheld(FLAT)
    centred = x - x.mean()
    beta = float(centred @ (y - y.mean()) / (centred @ centred))
    alpha = float(y.mean() - beta * x.mean())
    lags = int(4 * (n / 100) ** (2 / 9))
    errors = _newey_west(np.column_stack([np.ones(n), x]), y - alpha - beta * x, lags)
    scale = conventions.periods_per_year if calendar_days >= DAYS_PER_YEAR else n
    exact = Withheld("The returns are a straight line of the benchmark's.")
    return Regression(
        alpha=alpha * scale,
        beta=beta,
        alpha_t=alpha / errors[0] if errors[0] > NO_DEVIATION else exact,
        beta_t=beta / errors[1] if errors[1] > NO_DEVIATION else exact,
        lags=lags,
    )


def _newey_west(design: Doubles, residuals: Doubles, lags: int) -> Doubles:
    """Standard errors of the coefficients, shape (k,), of a design of shape (n, k)."""
    scores = design * residuals[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        product = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (product + product.T)
    inverse = np.linalg.inv(design.T @ design)
    return np.asarray(np.sqrt(np.maximum(np.diag(inverse @ middle @ inverse), 0.0)))


def tracking_error(returns: Returns, benchmark: Returns, conventions: Conventions = BOOKS) -> Figure:
    """Standard deviation (ddof = 1) of the differences × √periods a year, a fraction per year."""
    difference = _difference(returns, benchmark)
    if len(returns) < 3:
        return Withheld(FEW_RETURNS)
    return float(difference.std(ddof=1) * np.sqrt(conventions.periods_per_year))


def information_ratio(returns: Returns, benchmark: Returns, conventions: Conventions = BOOKS) -> Figure:
    """Mean difference over its standard deviation × √periods a year. Source: Grinold and Kahn; Goodwin 1998."""
    difference = _difference(returns, benchmark)
    if len(returns) < 3:
        return Withheld(FEW_RETURNS)
    deviation = difference.std(ddof=1)
    if deviation <= NO_DEVIATION:
        return Withheld("The differences to the benchmark do not vary.")
    return float(difference.mean() / deviation * np.sqrt(conventions.periods_per_year))


def up_capture(returns: Returns, benchmark: Returns) -> Figure:
    """Geometric mean return on the benchmark's rising days over the benchmark's own; 1 keeps pace, more is better.

    Morningstar takes months; empyrical annualises both means, which is the same for small returns only.
    """
    return _capture(returns, benchmark, benchmark.values > 0, "rising")


def down_capture(returns: Returns, benchmark: Returns) -> Figure:
    """The same on the benchmark's falling days; less than 1 loses less."""
    return _capture(returns, benchmark, benchmark.values < 0, "falling")


def correlation(returns: Returns, benchmark: Returns) -> Figure:
    """Pearson's correlation, −1 to 1."""
    _same_days(returns, benchmark)
    if len(returns) < 3:
        return Withheld(FEW_RETURNS)
    if min(returns.values.std(ddof=1), benchmark.values.std(ddof=1)) <= NO_DEVIATION:
        return Withheld("Returns that do not vary correlate with nothing.")
    return float(np.clip(np.corrcoef(returns.values, benchmark.values)[0, 1], -1.0, 1.0))


def _capture(returns: Returns, benchmark: Returns, chosen: NDArray[np.bool_], word: str) -> Figure:
    _same_days(returns, benchmark)
    days = int(chosen.sum())
    if days == 0:
        return Withheld(f"No {word} day of the benchmark in this window.")
    ours, theirs = (np.prod(1 + series.values[chosen]) ** (1 / days) - 1 for series in (returns, benchmark))
    return float(ours / theirs)


def _difference(returns: Returns, benchmark: Returns) -> Doubles:
    _same_days(returns, benchmark)
    return returns.values - benchmark.values


def _same_days(returns: Returns, benchmark: Returns) -> None:
    if len(returns) != len(benchmark):
        raise SeriesError(
            f"{len(returns)} returns beside {len(benchmark)} of the benchmark: align them by date"
        )
    if returns.dates is not None and benchmark.dates is not None and (returns.dates != benchmark.dates).any():
        raise SeriesError("the returns and the benchmark's end on different days: align them by date")
