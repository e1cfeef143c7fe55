"""What must not enter the lake: rows that cannot be true, or that do not belong together. Doubts are in `warnings`."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from transforms.market.checks.model import Context, in_order, same_series, told
from transforms.market.overlap import PRICES, VALUES, overlap, restated_histories

_ROUNDING: Final = 1e-9
"""Relative rounding of doubles: adjusted prices are products."""
_LENGTHS: Final = {"1h": timedelta(hours=1), "1m": timedelta(minutes=1)}
_LONGEST_SESSION: Final = timedelta(hours=12)
_RECENT: Final = timedelta(days=3)
"""A daily bar that came later than this after its day's start is over in every calendar."""


def duplicate_bars(frame: pl.DataFrame, _: Context) -> pl.DataFrame:
    """Bars whose period another bar of the series has too; the same bar in two answers is none."""
    again = same_series() & (pl.col("timestamp") == pl.col("timestamp").shift(1))
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift(1)) for name in (*VALUES, "is_final")
    )
    one_answer = pl.col("document_id") == pl.col("document_id").shift(1)
    rows = frame.with_columns(pl.col("close").shift(1).alias("close_before")).filter(
        again & (differs | one_answer)
    )
    return told(rows, pl.format("closes {} and {}", "close_before", "close"), "one bar for a period")


def inconsistent_range(frame: pl.DataFrame, _: Context) -> pl.DataFrame:
    """Bars whose high is not the highest or whose low is not the lowest of their prices."""
    slack = _ROUNDING * pl.max_horizontal(pl.col(name).abs() for name in PRICES)
    top, bottom = pl.max_horizontal("open", "close", "low"), pl.min_horizontal("open", "close", "high")
    rows = frame.filter((pl.col("high") < top - slack) | (pl.col("low") > bottom + slack))
    return told(rows, _ohlc(), "low ≤ open, close ≤ high")


def impossible_price(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Bars with a price that is not a positive finite number; of some instruments it may be negative."""
    infinite = pl.any_horizontal(~pl.col(name).is_finite() for name in PRICES)
    low = pl.min_horizontal(PRICES) <= 0
    if context.may_be_negative:
        low &= ~pl.col("instrument_id").is_in(list(context.may_be_negative))
    return told(frame.filter(infinite | low), _ohlc(), "positive finite prices")


def future_bar(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Bars that begin after now. A day is stamped with its midnight UTC, before which Sydney trades already."""
    later = frame.filter(pl.col("timestamp") > context.now)
    ends = later.join(context.calendar_of(), on="instrument_id", how="left", maintain_order="left").join(
        context.session_days(), on=["calendar", "session_date"], how="left", maintain_order="left"
    )
    trades = (pl.col("frequency") == "1d") & (pl.col("closes_at") <= context.now + _LONGEST_SESSION)
    rows = ends.filter(~trades.fill_null(False))
    return told(rows, _instant("timestamp"), f"not after {context.now:%Y-%m-%d %H:%M} UTC")


def partial_bar(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Bars whose period was not over when they came, whether the vendor's answer says so or not."""
    rows = frame.filter(~pl.col("is_final") | (pl.col("timestamp") > pl.col("ingested_at") - _RECENT))
    length = pl.col("frequency").replace_strict(_LENGTHS, default=None, return_dtype=pl.Duration("us"))
    ends = (
        rows.join(context.calendar_of(), on="instrument_id", how="left", maintain_order="left")
        .join(context.session_days(), on=["calendar", "session_date"], how="left", maintain_order="left")
        .with_columns(pl.coalesce(pl.col("timestamp") + length, "closes_at").alias("ends_at"))
    )
    open_yet = ends.filter(~pl.col("is_final") | (pl.col("ends_at") > pl.col("ingested_at")))
    came = pl.format("it came at {}", _instant("ingested_at"))
    over = pl.format("not before its period was over, at {}", _instant("ends_at"))
    return told(open_yet, came, pl.coalesce(over, pl.lit("not before its period was over")))


def mixed_adjustment(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Series whose bars have more than one adjustment: a finding for each."""
    return _mixed(frame, context, "adjustment")


def mixed_currency(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Series whose bars have more than one currency: a finding for each."""
    return _mixed(frame, context, "currency")


def mixed_unit(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Series whose values have more than one unit: a finding for each."""
    return _mixed(frame, context, "unit")


def _mixed(frame: pl.DataFrame, context: Context, name: str) -> pl.DataFrame:
    """Series whose rows have other values in a column than their first stored row, or else their first row."""
    starts = _starts(frame, name)
    if context.stored is not None:
        starts = pl.concat([_starts(in_order(context.stored), name), starts])
    first = starts.group_by("instrument_id", maintain_order=True).agg(pl.first(name).alias("first"))
    differs = pl.col(name).ne_missing(pl.col("first"))
    odd = starts.join(first, on="instrument_id").filter(differs).select("instrument_id", "first").unique()
    other = frame.join(odd, on="instrument_id", maintain_order="left").filter(differs)
    rows = other.group_by("instrument_id", maintain_order=True).agg(pl.all().first(), rows=pl.len())
    have = pl.format("{} {} on {} rows", pl.lit(name), pl.col(name).fill_null("none"), "rows")
    return told(rows, have, pl.format("{}, as before", pl.col("first").fill_null("none")))


def _starts(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The first row of each run of rows of one series with one value: instrument_id, the value."""
    goes_on = same_series() & pl.col(name).eq_missing(pl.col(name).shift(1))
    return frame.select("instrument_id", name).filter(~goes_on.fill_null(False))


def restated_overlap(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Series whose stored history has other prices in the new answer: a finding for each, at the oldest such bar."""
    if context.stored is None:
        return told(frame.clear(), pl.lit(""), "")
    pairs = overlap(context.stored, frame)
    histories = restated_histories(pairs)
    oldest = pairs.sort("timestamp").group_by("instrument_id").first()
    rows = histories.join(oldest, on="instrument_id").sort("symbol", "instrument_id")
    by = pl.coalesce(
        pl.format("a ratio of {} to the {} that are stored", "ratio", "of"),
        pl.format("{} of {} stored bars with other prices", "differing", "bars"),
    )
    return told(rows, by, "the stored bars again; ask for the whole history")


def duplicate_observations(frame: pl.DataFrame, _: Context) -> pl.DataFrame:
    """Different values of one observation and vintage in one answer."""
    group = ["instrument_id", "observation_date", "known_from", "document_id"]
    values = pl.col("value").n_unique().over(group)
    rows = frame.filter(values > 1)
    return told(
        rows, pl.format("value {}", pl.col("value").cast(pl.String).fill_null("missing")), "one value"
    )


def future_observation(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Observations of a day that is not there yet, or that will be known only later."""
    day = pl.max_horizontal("observation_date", "known_from")
    rows = frame.filter(day > context.now.date())
    return told(rows, day.cast(pl.String), f"not after {context.now:%Y-%m-%d}")


def impossible_value(frame: pl.DataFrame, _: Context) -> pl.DataFrame:
    """Values that are no finite numbers; a missing one is allowed."""
    rows = frame.filter(~pl.col("value").is_finite())
    return told(rows, pl.format("value {}", "value"), "a finite number, or none")


def _ohlc() -> pl.Expr:
    return pl.format("open {}, high {}, low {}, close {}", *PRICES)


def _instant(name: str) -> pl.Expr:
    return pl.col(name).dt.strftime("%Y-%m-%d %H:%M UTC")
