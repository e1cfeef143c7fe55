"""All features of daily bars as one writes them at a desk, in polars and in pandas: peers of transforms/features/bars.

They know none of its code. Their bars have no gaps, no missing prices and nothing that adjusts them; all trade on
weekdays. Each gives a column for each feature, in the order of instrument and session.
"""

import math

import numpy as np
import pandas as pd
import polars as pl

MONTH, QUARTER, YEAR = 21, 63, 252
ANNUAL = math.sqrt(YEAR)
LN2 = math.log(2)


def in_polars(bars: pl.DataFrame, benchmark: str) -> pl.DataFrame:
    """Formulas in one statement, each over its instrument."""
    market = bars.filter(pl.col("instrument_id") == benchmark).select(
        "session_date", benchmark="total_return_close"
    )
    rows = bars.join(market, on="session_date", how="left").sort("instrument_id", "session_date")
    start, high, low, close, total = (
        pl.col(name)
        for name in ("split_open", "split_high", "split_low", "split_close", "total_return_close")
    )
    volume, value = pl.col("split_volume"), pl.col("close") * pl.col("volume")
    change, market_change = total.pct_change(), pl.col("benchmark").pct_change()
    log_change = (total / total.shift(1)).log()
    session = 0.5 * (high / low).log() ** 2 - (2 * LN2 - 1) * (close / start).log() ** 2
    satchell = (high / start).log() * (high / close).log() + (low / start).log() * (low / close).log()
    night, day = (start / close.shift(1)).log(), (close / start).log()
    true_range = pl.max_horizontal(high - low, (high - close.shift(1)).abs(), (low - close.shift(1)).abs())
    found = {
        "simple_return": change,
        "log_return": log_change,
        "momentum_12_1": total.shift(MONTH) / total.shift(YEAR) - 1,
        "momentum_6_1": total.shift(MONTH) / total.shift(6 * MONTH) - 1,
        "momentum_3m": total.pct_change(QUARTER),
        "momentum_1m": total.pct_change(MONTH),
        **{f"sma_{n}": close.rolling_mean(n) for n in (20, 50, 200)},
        **{f"ema_{n}": _smoothed(close, n, 2 / (n + 1), 0) for n in (20, 50, 200)},
        **{
            f"{name}_zscore_{n}": (of - of.rolling_mean(n)) / of.rolling_std(n)
            for name, of, n in (("close", close, 20), ("close", close, 60), ("volume", volume, 20))
        },
        "return_zscore_12m": (log_change - log_change.shift(1).rolling_mean(YEAR))
        / log_change.shift(1).rolling_std(YEAR),
        **{
            f"volatility_{n}": change.rolling_std(span) * ANNUAL
            for n, span in (("1m", MONTH), ("3m", QUARTER), ("12m", YEAR))
        },
        "atr_14": _smoothed(true_range, 14, 1 / 14, 1),
        "drawdown": total / total.cum_max() - 1,
        "drawdown_12m": total / total.rolling_max(YEAR) - 1,
        "dollar_volume": value,
        "dollar_volume_1m": value.rolling_mean(MONTH),
        "amihud_12m": (change.abs() / value * 1e6).rolling_mean(YEAR, min_samples=201),
    }
    for n, span in (("1m", MONTH), ("3m", QUARTER)):
        share = 0.34 / (1.34 + (span + 1) / (span - 1))
        variance = night.rolling_var(span) + share * day.rolling_var(span)
        found |= {
            f"parkinson_{n}": ((high / low).log() ** 2).rolling_mean(span).sqrt()
            * ANNUAL
            / math.sqrt(4 * LN2),
            f"garman_klass_{n}": session.rolling_mean(span).sqrt() * ANNUAL,
            f"rogers_satchell_{n}": satchell.rolling_mean(span).sqrt() * ANNUAL,
            f"yang_zhang_{n}": (variance + (1 - share) * satchell.rolling_mean(span)).sqrt() * ANNUAL,
        }
    for n, span in (("3m", QUARTER), ("12m", YEAR)):
        together = pl.rolling_cov(change, market_change, window_size=span)
        found |= {
            f"beta_{n}": together / market_change.rolling_var(span),
            f"correlation_{n}": pl.rolling_corr(change, market_change, window_size=span),
        }
    return rows.select(value.over("instrument_id").alias(name) for name, value in found.items()).fill_nan(
        None
    )


def _smoothed(values: pl.Expr, span: int, alpha: float, skipped: int) -> pl.Expr:
    """An exponential average from the mean of the first `span` values on, of which so many are skipped before."""
    place = pl.int_range(pl.len()) - skipped
    begun = (
        pl.when(place == span - 1).then(values.slice(skipped, span).mean()).when(place >= span).then(values)
    )
    return begun.ewm_mean(alpha=alpha, adjust=False)


def in_pandas(bars: pd.DataFrame, benchmark: str) -> pd.DataFrame:
    """The same with groupby, rolling and ewm. `instrument_id` is categorical, which is the quickest to group by."""
    market = bars.loc[bars["instrument_id"] == benchmark].set_index("session_date")["total_return_close"]
    frame = bars.assign(benchmark=bars["session_date"].map(market))
    frame = frame.sort_values(["instrument_id", "session_date"], ignore_index=True)
    instrument = frame["instrument_id"]

    def by(values: pd.Series) -> pd.api.typing.SeriesGroupBy:
        return values.groupby(instrument, observed=True, sort=False)

    def rolled(values: pd.Series, span: int, how: str, least: int | None = None) -> pd.Series:
        found = getattr(by(values).rolling(span, min_periods=least), how)()
        return pd.Series(found.to_numpy(), index=frame.index)

    start, high, low, close, total = (
        frame[name] for name in ("split_open", "split_high", "split_low", "split_close", "total_return_close")
    )
    volume, value = frame["split_volume"], frame["close"] * frame["volume"]
    place = frame.groupby(instrument, observed=True, sort=False).cumcount()

    def smoothed(values: pd.Series, span: int, alpha: float, skipped: int) -> pd.Series:
        begun = values.where(place >= span + skipped)
        begun = begun.mask(place == span - 1 + skipped, rolled(values, span, "mean"))
        found = by(begun).ewm(alpha=alpha, adjust=False).mean()
        return pd.Series(found.to_numpy(), index=frame.index)

    before = by(close).shift(1)
    change, market_change = by(total).pct_change(), by(frame["benchmark"]).pct_change()
    log_change = np.log1p(change)
    previous = by(log_change).shift(1)
    night, day = np.log(start / before), np.log(close / start)
    across = np.log(high / low) ** 2
    session = 0.5 * across - (2 * LN2 - 1) * day**2
    satchell = np.log(high / start) * np.log(high / close) + np.log(low / start) * np.log(low / close)
    true_range = pd.concat([high - low, (high - before).abs(), (low - before).abs()], axis=1).max(
        axis=1, skipna=False
    )
    found = {
        "simple_return": change,
        "log_return": log_change,
        "momentum_12_1": by(total).shift(MONTH) / by(total).shift(YEAR) - 1,
        "momentum_6_1": by(total).shift(MONTH) / by(total).shift(6 * MONTH) - 1,
        "momentum_3m": by(total).pct_change(QUARTER),
        "momentum_1m": by(total).pct_change(MONTH),
        **{f"sma_{n}": rolled(close, n, "mean") for n in (20, 50, 200)},
        **{f"ema_{n}": smoothed(close, n, 2 / (n + 1), 0) for n in (20, 50, 200)},
        **{
            f"{name}_zscore_{n}": (of - rolled(of, n, "mean")) / rolled(of, n, "std")
            for name, of, n in (("close", close, 20), ("close", close, 60), ("volume", volume, 20))
        },
        "return_zscore_12m": (log_change - rolled(previous, YEAR, "mean")) / rolled(previous, YEAR, "std"),
        **{
            f"volatility_{n}": rolled(change, span, "std") * ANNUAL
            for n, span in (("1m", MONTH), ("3m", QUARTER), ("12m", YEAR))
        },
        "atr_14": smoothed(true_range, 14, 1 / 14, 1),
        "drawdown": total / by(total).cummax() - 1,
        "drawdown_12m": total / rolled(total, YEAR, "max") - 1,
        "dollar_volume": value,
        "dollar_volume_1m": rolled(value, MONTH, "mean"),
        "amihud_12m": rolled(change.abs() / value * 1e6, YEAR, "mean", least=201),
    }
    for n, span in (("1m", MONTH), ("3m", QUARTER)):
        share = 0.34 / (1.34 + (span + 1) / (span - 1))
        satchell_mean = rolled(satchell, span, "mean")
        variance = rolled(night, span, "var") + share * rolled(day, span, "var")
        found |= {
            f"parkinson_{n}": np.sqrt(rolled(across, span, "mean") / (4 * LN2)) * ANNUAL,
            f"garman_klass_{n}": np.sqrt(rolled(session, span, "mean")) * ANNUAL,
            f"rogers_satchell_{n}": np.sqrt(satchell_mean) * ANNUAL,
            f"yang_zhang_{n}": np.sqrt(variance + (1 - share) * satchell_mean) * ANNUAL,
        }
    for n, span in (("3m", QUARTER), ("12m", YEAR)):
        # `rolling().cov()` of a groupby makes a matrix of all pairs; the means of the products are the quick way
        means = rolled(change, span, "mean") * rolled(market_change, span, "mean")
        together = (rolled(change * market_change, span, "mean") - means) * span / (span - 1)
        market_variance = rolled(market_change, span, "var")
        found |= {
            f"beta_{n}": together / market_variance,
            f"correlation_{n}": together / (rolled(change, span, "std") * np.sqrt(market_variance)),
        }
    return pd.DataFrame(found)
