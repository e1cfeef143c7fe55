"""Features of bars: drawdown, beta and correlation with a benchmark, liquidity."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.features.bars.feature import Calendar, Feature, Window, resumed
from transforms.features.bars.windows import rolled

_TOTAL: Final = pl.col("total")


def _drawdown(calendar: Calendar) -> pl.Expr:
    before = calendar.before("drawdown")
    path = _TOTAL if before is None else resumed(_TOTAL, _TOTAL / (1.0 + before), _TOTAL)
    return _TOTAL / path.cum_max() - 1.0


def _beta(months: int) -> Feature:
    def expression(calendar: Calendar) -> pl.Expr:
        span = months * calendar.month
        return _covariance(span) / rolled("paired_benchmark", "variance", span)

    return Feature(
        f"beta_{months}m",
        f"Covariance with the benchmark's returns / their variance, of the simple returns of {months} months.",
        Window(sessions=1, months=months),
        "ratio",
        "market model",
        "total return",
        expression,
    )


def _correlation(months: int) -> Feature:
    def expression(calendar: Calendar) -> pl.Expr:
        span = months * calendar.month
        own, other = (rolled(name, "variance", span) for name in ("paired_return", "paired_benchmark"))
        scale = own.sqrt() * other.sqrt()
        # rounding leaves [−1, 1]; clipping alone would make 1 of a division by 0
        return pl.when(scale > 0).then(_covariance(span) / scale).clip(-1.0, 1.0)

    return Feature(
        f"correlation_{months}m",
        f"Correlation with the benchmark's returns, of the simple returns of {months} months.",
        Window(sessions=1, months=months),
        "ratio",
        "Pearson's correlation",
        "total return",
        expression,
    )


def _covariance(span: int) -> pl.Expr:
    """With n − 1, as the variances are."""
    own, other, product = (
        rolled(name, "mean", span) for name in ("paired_return", "paired_benchmark", "paired_product")
    )
    return (product - own * other) * (span / (span - 1.0))


def _enough(calendar: Calendar) -> int:
    """Four of five sessions of a year: more than the 200 of 252 that Amihud asks for."""
    return 12 * calendar.month * 4 // 5


MARKET: Final = (
    Feature(
        "drawdown",
        "Total-return close / the highest since the series begins − 1.",
        Window(sessions=1),
        "fraction, 0 or below",
        "drawdown from the running maximum",
        "total return",
        _drawdown,
        recursive=True,
    ),
    Feature(
        "drawdown_12m",
        "Total-return close / the highest of the last 12 months − 1.",
        Window(months=12),
        "fraction, 0 or below",
        "drawdown in a window",
        "total return",
        lambda calendar: _TOTAL / rolled("total", "highest", 12 * calendar.month) - 1.0,
    ),
    *(_beta(months) for months in (3, 12)),
    *(_correlation(months) for months in (3, 12)),
    Feature(
        "dollar_volume",
        "Close × volume.",
        Window(sessions=1),
        "currency of the bar",
        "money traded",
        "none",
        lambda _: pl.col("value"),
    ),
    Feature(
        "dollar_volume_1m",
        "Mean of dollar_volume over a month.",
        Window(months=1),
        "currency of the bar",
        "average daily money traded",
        "none",
        lambda calendar: rolled("value", "mean", calendar.month),
    ),
    Feature(
        "amihud_12m",
        "Illiquidity: mean of |simple_return| / dollar_volume × 10⁶ over the sessions of 12 months on which it traded.",
        Window(sessions=1, months=12),
        "fraction per million of the currency",
        "Amihud 2002",
        "total return",
        lambda calendar: rolled("illiquidity", "mean", 12 * calendar.month, _enough(calendar)),
        minimum=_enough,
    ),
)
