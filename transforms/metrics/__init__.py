"""Performance figures as pure functions of typed series: the same definitions as the SQL of the books.

Risk of the tail (VaR, CVaR) and everything that needs positions belongs elsewhere. Conventions: docs/conventions.md.
"""

from transforms.metrics.benchmark import (
    Regression,
    correlation,
    down_capture,
    information_ratio,
    regress,
    tracking_error,
    up_capture,
)
from transforms.metrics.conventions import BOOKS, IBKR_PORTFOLIO_ANALYST, Conventions
from transforms.metrics.dispersion import downside_deviation, sharpe, sortino, volatility
from transforms.metrics.drawdown import Drawdown, calmar, deepest, drawdowns
from transforms.metrics.growth import cagr, index, link, modified_dietz, period_return
from transforms.metrics.money_weighted import xirr
from transforms.metrics.outcomes import best, profit_factor, win_rate, win_rate_days, worst
from transforms.metrics.series import Figure, Prices, Returns, SeriesError, Withheld, days

__all__ = [
    "BOOKS",
    "IBKR_PORTFOLIO_ANALYST",
    "Conventions",
    "Drawdown",
    "Figure",
    "Prices",
    "Regression",
    "Returns",
    "SeriesError",
    "Withheld",
    "best",
    "cagr",
    "calmar",
    "correlation",
    "days",
    "deepest",
    "down_capture",
    "downside_deviation",
    "drawdowns",
    "index",
    "information_ratio",
    "link",
    "modified_dietz",
    "period_return",
    "profit_factor",
    "regress",
    "sharpe",
    "sortino",
    "tracking_error",
    "up_capture",
    "volatility",
    "win_rate",
    "win_rate_days",
    "worst",
    "xirr",
]
