"""What the features are made of: the prices of each session, cleaned, and what one session is to the one before."""

from __future__ import annotations

import math
from typing import Final

import polars as pl

KEY: Final = ("instrument_id", "session_date")
NEEDED: Final = (
    "instrument_id", "symbol", "session_date", "adjustment", "open", "high", "low", "close", "volume",
    "split_open", "split_high", "split_low", "split_close", "split_volume", "raw_close",
    "total_return_close",
)  # fmt: skip
"""The columns of bars that features are computed of: those of BARS and of `transforms.market.adjust.adjusted`."""

_MILLION: Final = 1_000_000.0
_AS_TOLD: Final = pl.col("adjustment").is_in(["unknown", "splits_dividends"])


def prices(bars: pl.DataFrame) -> pl.DataFrame:
    """One row a session: open, high, low, close, total, scale, volume, value. Sorted by KEY.

    * open, high, low, close, volume: split-adjusted; `total`: the total-return close;
    * scale: price as traded for one of the split-adjusted price; value: money traded, close × volume.

    Prices of which the vendor does not say what it adjusted, or that it adjusted for dividends too, are taken as they
    are, for all of these. What is not above 0, or not finite, is missing. `bars` has the columns NEEDED.
    """
    volume = _split_adjusted("volume")
    return bars.select(
        *KEY,
        "symbol",
        "adjustment",
        *(_above_zero(_split_adjusted(name)).alias(name) for name in ("open", "high", "low", "close")),
        total=_above_zero(pl.when(_AS_TOLD).then("close").otherwise("total_return_close")),
        scale=_above_zero(pl.when(_AS_TOLD).then(1.0).otherwise(pl.col("raw_close") / pl.col("split_close"))),
        volume=pl.when(volume.is_finite() & (volume >= 0)).then(volume),
        value=_above_zero(pl.col("close") * pl.col("volume")),
    ).sort(KEY)


def _split_adjusted(name: str) -> pl.Expr:
    return pl.when(_AS_TOLD).then(name).otherwise(f"split_{name}")


def _above_zero(price: pl.Expr) -> pl.Expr:
    return pl.when(price.is_finite() & (price > 0)).then(price)


def with_sessions(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The prices with what one session is, and what it is to the one before of its instrument, which NULL begins:

    * `simple_return`, `log_return`, `previous_log_return` (total return), `overnight` (ln open / previous close),
      `true_range`, `illiquidity` (|simple_return| per million traded);
    * `paired_return`, `paired_benchmark`, `paired_product`: both returns where both are known, and their product;
    * within the session `across` (ln close / open), and what one session adds to the variances by ranges:
      `range_squared`, `garman_klass`, `rogers_satchell`.

    `rows` are those of `prices` with the column `benchmark`, the closes of the benchmark.
    """
    high, low, start = pl.col("high"), pl.col("low"), pl.col("open")
    before = {name: _before(name) for name in ("close", "total", "benchmark")}
    true_range = pl.max_horizontal(high - low, (high - before["close"]).abs(), (low - before["close"]).abs())
    whole = pl.all_horizontal(pl.col("high", "low").is_not_null(), before["close"].is_not_null())
    of_sessions = rows.with_columns(
        simple_return=pl.col("total") / before["total"] - 1.0,
        log_return=(pl.col("total") / before["total"]).log(),
        benchmark_return=pl.col("benchmark") / before["benchmark"] - 1.0,
        overnight=(start / before["close"]).log(),
        true_range=pl.when(whole).then(true_range),
        up=(high / start).log(),
        down=(low / start).log(),
        across=(pl.col("close") / start).log(),
    )
    own, other = pl.col("simple_return"), pl.col("benchmark_return")
    up, down, across = pl.col("up"), pl.col("down"), pl.col("across")
    return of_sessions.with_columns(
        previous_log_return=_before("log_return"),
        illiquidity=own.abs() / pl.col("value") * _MILLION,
        paired_return=pl.when(other.is_not_null()).then(own),
        paired_benchmark=pl.when(own.is_not_null()).then(other),
        paired_product=own * other,
        range_squared=(up - down) ** 2,
        garman_klass=0.5 * (up - down) ** 2 - (2.0 * math.log(2.0) - 1.0) * across**2,
        rogers_satchell=up * (up - across) + down * (down - across),
    )


def _before(name: str) -> pl.Expr:
    """What a column was in the session before of the instrument."""
    instrument = pl.col("instrument_id")
    return pl.when(instrument == instrument.shift(1)).then(pl.col(name).shift(1))
