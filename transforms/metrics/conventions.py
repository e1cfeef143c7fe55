"""The choices that two people may make differently: days a year, risk-free rate, acceptable return. No formulas.

Each is described, with its source and who differs, in docs/conventions.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAYS_PER_YEAR: Final = 365
"""Calendar days a year, for growth and for rates that balance dated flows."""


@dataclass(frozen=True)
class Conventions:
    """What ratios compare with. Rates are annual fractions and are converted geometrically to a period."""

    periods_per_year: int = 252
    """252 business days; 365 for assets that trade on seven days a week."""
    risk_free_annual: float = 0.0
    minimum_acceptable_annual: float = 0.0

    @property
    def risk_free(self) -> float:
        """The risk-free rate of one period, a fraction."""
        return float((1 + self.risk_free_annual) ** (1 / self.periods_per_year) - 1)

    @property
    def minimum_acceptable(self) -> float:
        """The minimum acceptable return (MAR) of one period, a fraction."""
        return float((1 + self.minimum_acceptable_annual) ** (1 / self.periods_per_year) - 1)


BOOKS: Final = Conventions()
"""How the books compute unless a setting says otherwise."""

IBKR_PORTFOLIO_ANALYST: Final = Conventions(risk_free_annual=0.0240, minimum_acceptable_annual=0.0751)
"""The two rates that IBKR's PortfolioAnalyst fixes: the three-month Treasury bill of 31 December 2018 for Sharpe, the
S&P 500's historical annual return up to that day for Sortino. Source: PortfolioAnalyst's notes, items 8 and 9
(ibkrguides.com/portfolioanalyst/performanceandstatements/notes.htm). How it makes a period's rate of an annual one is
not documented; here it is geometric, as everywhere."""
