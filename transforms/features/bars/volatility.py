"""Features of bars: realised volatility by closes and by ranges, and the average true range."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import polars as pl

from transforms.features.bars.feature import Calendar, Feature, Prices, Window, recursive
from transforms.features.bars.windows import rolled

_ANNUAL: Final = "annual fraction"
_ATR: Final = 14


def _close_to_close(months: int) -> Feature:
    def expression(calendar: Calendar) -> pl.Expr:
        deviation = rolled("simple_return", "variance", months * calendar.month).sqrt()
        return deviation * math.sqrt(calendar.year)

    return Feature(
        f"volatility_{months}m",
        f"Standard deviation (n − 1) of the simple returns of {_span(months)} × √year.",
        Window(sessions=1, months=months),
        _ANNUAL,
        "realised volatility, close to close",
        "total return",
        expression,
    )


def _by_range(
    name: str,
    definition: str,
    source: str,
    months: int,
    variance: Callable[[int], pl.Expr],
    prices: Prices = "own session",
) -> Feature:
    """Of the daily variance that `variance` gives for a number of sessions."""
    before = 0 if prices == "own session" else 1
    return Feature(
        f"{name}_{months}m",
        f"√({definition} × year), over {_span(months)}.",
        Window(sessions=before, months=months),
        _ANNUAL,
        source,
        prices,
        lambda calendar: (variance(months * calendar.month) * float(calendar.year)).sqrt(),
    )


def _span(months: int) -> str:
    return "a month" if months == 1 else f"{months} months"


def _parkinson(span: int) -> pl.Expr:
    return rolled("range_squared", "mean", span) / (4.0 * math.log(2.0))


def _garman_klass(span: int) -> pl.Expr:
    return rolled("garman_klass", "mean", span)


def _rogers_satchell(span: int) -> pl.Expr:
    return rolled("rogers_satchell", "mean", span)


def _yang_zhang(span: int) -> pl.Expr:
    share = 0.34 / (1.34 + (span + 1.0) / (span - 1.0))
    return (
        rolled("overnight", "variance", span)
        + share * rolled("across", "variance", span)
        + (1.0 - share) * _rogers_satchell(span)
    )


def _average_true_range(calendar: Calendar) -> pl.Expr:
    before = calendar.before("atr_14")
    scaled = None if before is None else before / pl.col("scale")
    return recursive("true_range", 1.0 / _ATR, _ATR, scaled)


VOLATILITY: Final = (
    *(_close_to_close(months) for months in (1, 3, 12)),
    *(
        feature
        for months in (1, 3)
        for feature in (
            _by_range("parkinson", "mean of ln(H/L)² / (4 ln 2)", "Parkinson 1980", months, _parkinson),
            _by_range(
                "garman_klass",
                "mean of ½ ln(H/L)² − (2 ln 2 − 1) ln(C/O)²",
                "Garman and Klass 1980",
                months,
                _garman_klass,
            ),
            _by_range(
                "rogers_satchell",
                "mean of ln(H/O) ln(H/C) + ln(L/O) ln(L/C)",
                "Rogers and Satchell 1991",
                months,
                _rogers_satchell,
            ),
            _by_range(
                "yang_zhang",
                "var ln(O/C before) + k var ln(C/O) + (1 − k) rogers_satchell², k = 0.34 / (1.34 + (n + 1) / (n − 1))",
                "Yang and Zhang 2000",
                months,
                _yang_zhang,
                "split-adjusted",
            ),
        )
    ),
    Feature(
        "atr_14",
        "Average true range: true range = max(H, C before) − min(L, C before), smoothed with the factor 1/14, which "
        "begins with the mean of the first 14.",
        Window(sessions=_ATR + 1),
        "price as traded",
        "Wilder 1978",
        "split-adjusted",
        lambda calendar: _average_true_range(calendar) * pl.col("scale"),
        recursive=True,
    ),
)
