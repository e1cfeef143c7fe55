"""Features of bars: returns, momentum, moving averages, scores. Volatility and the market are elsewhere."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.features.bars.feature import Calendar, Feature, Window, recursive
from transforms.features.bars.windows import rolled


def _momentum(months: int, skipped: int) -> Feature:
    def expression(calendar: Calendar) -> pl.Expr:
        end = rolled("total", "before", skipped * calendar.month) if skipped else pl.col("total")
        return end / rolled("total", "before", months * calendar.month) - 1.0

    ago = f"{months} months" if months > 1 else "a month"
    return Feature(
        f"momentum_{months}_{skipped}" if skipped else f"momentum_{months}m",
        f"Total return from {ago} ago until a month ago: C(t − a month) / C(t − {ago}) − 1."
        if skipped
        else f"Total return of {ago}: C(t) / C(t − {ago}) − 1.",
        Window(sessions=1, months=months),
        "fraction",
        "Jegadeesh and Titman 1993" if skipped else "rate of change",
        "total return",
        expression,
        minimum=lambda _: 2,
    )


def _sma(span: int) -> Feature:
    return Feature(
        f"sma_{span}",
        f"Simple moving average: the mean of the last {span} closes.",
        Window(sessions=span),
        "price as traded",
        "simple moving average",
        "split-adjusted",
        lambda _: rolled("close", "mean", span) * pl.col("scale"),
    )


def _ema(span: int) -> Feature:
    name = f"ema_{span}"

    def expression(calendar: Calendar) -> pl.Expr:
        before = calendar.before(name)
        scaled = None if before is None else before / pl.col("scale")
        return recursive("close", 2.0 / (span + 1.0), span, scaled) * pl.col("scale")

    return Feature(
        name,
        f"Exponential moving average of closes with the factor 2 / {span + 1}, which begins with the mean of the first "
        f"{span}.",
        Window(sessions=span),
        "price as traded",
        "exponential moving average",
        "split-adjusted",
        expression,
        recursive=True,
    )


def _score(name: str, of: str, column: str, span: int) -> Feature:
    return Feature(
        name,
        f"How far {of} is from the mean of the last {span}, in their standard deviations.",
        Window(sessions=span),
        "standard deviations (n − 1)",
        "z-score",
        "split-adjusted",
        lambda _: _distance(column, column, span),
    )


def _distance(column: str, among: str, span: int) -> pl.Expr:
    """Of a value from the mean of a window, in standard deviations of it."""
    return (pl.col(column) - rolled(among, "mean", span)) / rolled(among, "variance", span).sqrt()


TREND: Final = (
    Feature(
        "simple_return",
        "Total return since the session before: C(t) / C(t − 1) − 1.",
        Window(sessions=2),
        "fraction",
        "simple return",
        "total return",
        lambda _: pl.col("simple_return"),
    ),
    Feature(
        "log_return",
        "Logarithm of 1 + simple_return.",
        Window(sessions=2),
        "logarithm",
        "continuously compounded return",
        "total return",
        lambda _: pl.col("log_return"),
    ),
    _momentum(12, 1),
    _momentum(6, 1),
    _momentum(3, 0),
    _momentum(1, 0),
    *(_sma(span) for span in (20, 50, 200)),
    *(_ema(span) for span in (20, 50, 200)),
    _score("close_zscore_20", "the close", "close", 20),
    _score("close_zscore_60", "the close", "close", 60),
    _score("volume_zscore_20", "the volume", "volume", 20),
    Feature(
        "return_zscore_12m",
        "How far log_return is from the mean of those of the 12 months before it, in their standard deviations.",
        Window(sessions=2, months=12),
        "standard deviations (n − 1)",
        "z-score",
        "total return",
        lambda calendar: _distance("log_return", "previous_log_return", 12 * calendar.month),
    ),
)
