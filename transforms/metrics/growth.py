"""How capital grew: daily returns net of flows, linking, modified Dietz, growth a year. Rates that balance: xirr."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from transforms.metrics.conventions import DAYS_PER_YEAR
from transforms.metrics.series import Doubles, Figure, Returns, Withheld

NO_RETURN = "No return in this window."
UNDER_A_YEAR = "Shorter than one year: not annualised."


def period_return(nav_start: float, nav_end: float, inflow: float = 0.0, outflow: float = 0.0) -> Figure:
    """Return of one period net of external flows, a fraction: (end + out) / (start + in) − 1.

    Inflows come at the start of the period and outflows, given positive, leave at its end; amounts in one currency.
    Source: Portfolio Performance uses the same timing; either one-sided rule explodes on a large flow.
    """
    capital = nav_start + inflow
    if capital <= 0:
        return Withheld("The net asset value at the start plus the inflows is not above zero.")
    return (nav_end + outflow - capital) / capital


def link(returns: Returns) -> Figure:
    """Time-weighted return over the whole series, a fraction: Π(1 + r) − 1. Source: GIPS 2020."""
    if not len(returns):
        return Withheld(NO_RETURN)
    return float(np.prod(1 + returns.values) - 1)


def index(returns: Returns) -> Doubles:
    """Growth of 1: shape (n + 1,), the first element is the starting value 1."""
    return np.concatenate([[1.0], np.cumprod(1 + returns.values)])


def cagr(twr: float, calendar_days: int) -> Figure:
    """Growth a year, (1 + twr)^(365 / days) − 1; under one year it is not annualised (GIPS).

    quantstats and empyrical count N / 252 years of N returns instead.
    """
    if calendar_days < DAYS_PER_YEAR:
        return Withheld(UNDER_A_YEAR)
    if twr < -1:
        return Withheld("Nothing is left to grow from.")
    return float((1 + twr) ** (DAYS_PER_YEAR / calendar_days) - 1)


def modified_dietz(
    nav_start: float, nav_end: float, start: date, end: date, flows: Sequence[tuple[date, float]]
) -> Figure:
    """Return of a period of which only the two values and the dated flows are known, a fraction.

    (end − start − ΣF) / (start + Σ w·F). `start` is the day whose closing value the period starts from. The flows (in
    positive, out negative) are dated after `start` and up to `end`. As in the daily returns, an inflow works from the
    start of its day, w = (end − day + 1) / days, and an outflow until the end of its day, w = (end − day) / days.
    Source: GIPS 2020 names the method; it leaves the choice of the flow's hour to the firm.
    """
    span = (end - start).days
    if span <= 0:
        return Withheld("No time has passed in this window.")
    outside = [day for day, _ in flows if not start < day <= end]
    if outside:
        raise ValueError(f"the flow of {outside[0]} is not after {start} and up to {end}")
    weighted = sum(amount * ((end - day).days + (amount > 0)) / span for day, amount in flows)
    capital = nav_start + weighted
    if capital <= 0:
        return Withheld("The average capital of the period is not above zero.")
    return (nav_end - nav_start - sum(amount for _, amount in flows)) / capital
