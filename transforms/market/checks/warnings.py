"""What is told and stands: gaps, stale series, jumps, odd volumes, flat days, vendors that disagree. No errors here."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from transforms.market.adjust import adjusted, factors
from transforms.market.checks.model import Context, before, in_order, same_series, told
from transforms.schemas.contract import INSTANT

LARGEST_RETURN: Final = 0.5
LARGEST_DEVIATIONS: Final = 10.0
LARGEST_VOLUME: Final = 10.0
FLAT_DAYS: Final = 5
LARGEST_DIFFERENCE: Final = 0.005
LATEST: Final = {
    "1d": timedelta(days=7),
    "1w": timedelta(days=21),
    "1mo": timedelta(days=75),
    "3mo": timedelta(days=200),
}
"""How old the newest observation of a living series may be: its period, and the time until it is published."""


def gap(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Sessions of the calendar between two bars of a series: a finding for each run of them, at the bar after it."""
    days = _on_sessions(frame, context).filter(pl.col("ordinal").is_not_null())
    last = before(pl.col("ordinal"))
    rows = days.with_columns(
        (pl.col("ordinal") - last - 1).alias("missing"), before(pl.col("session_date")).alias("after")
    ).filter(pl.col("missing") > 0)
    return told(
        rows.sort("symbol", "instrument_id", "timestamp"),
        pl.format("{} sessions missing after {}", "missing", "after"),
        pl.format("one on every session of {}", "calendar"),
    )


def outside_sessions(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Bars on days that are no session of the calendar, within the span in which its sessions are known."""
    known = (
        context.session_days()
        .group_by("calendar")
        .agg(first=pl.min("session_date"), last=pl.max("session_date"))
    )
    rows = (
        _on_sessions(frame, context)
        .filter(pl.col("ordinal").is_null())
        .join(known, on="calendar", maintain_order="left")
        .filter(pl.col("session_date").is_between("first", "last"))
    )
    return told(
        rows.sort("symbol", "instrument_id", "timestamp"),
        pl.format("a bar on {}", "session_date"),
        pl.format("none: no session of {}", "calendar"),
    )


def stale(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Series whose last bar is older than the last session that should be there."""
    due = []
    for name, sessions in context.sessions.items():
        over = sessions.last_over(context.now)
        if over is not None:
            due.append((name, sessions.back(over, context.late_sessions)))
    expected = pl.DataFrame(due, schema={"calendar": pl.String, "due": pl.Date}, orient="row")
    rows = (
        _last_rows(frame)
        .filter(~pl.col("instrument_id").is_in(list(context.ended)))
        .join(context.calendar_of(), on="instrument_id", maintain_order="left")
        .join(expected, on="calendar", maintain_order="left")
        .filter(pl.col("session_date") < pl.col("due"))
    )
    return told(rows, pl.format("last bar of {}", "session_date"), pl.format("a bar of {} or later", "due"))


def unexplained_return(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Returns beyond max(50 %, 10 median absolute deviations of the series), in logs, that no action explains.

    A split explains a jump of prices that are not adjusted for it, a dividend one of prices that are not adjusted for
    dividends.
    """
    positive = pl.when(pl.col("close") > 0).then(pl.col("close"))
    moves = frame.select(
        "instrument_id", "symbol", "session_date", "timestamp", "adjustment", "document_id", "close",
        since=before(pl.col("session_date")),
        close_before=before(positive),
        move=positive.log() - before(positive.log()),
    )  # fmt: skip
    large = moves.filter(pl.col("move").abs() > LARGEST_RETURN)
    if large.is_empty():
        return told(large, pl.lit(""), "")
    middle = (pl.col("move") - pl.col("move").median()).abs().median()
    spread = (
        moves.join(large, on="instrument_id", how="semi").group_by("instrument_id").agg(middle.alias("mad"))
    )
    far = large.join(spread, on="instrument_id", maintain_order="left").filter(
        pl.col("move").abs() > LARGEST_DEVIATIONS * pl.col("mad")
    )
    rows = _unexplained(far, context.actions)
    return told(
        rows,
        pl.format("close {} after {}", "close", "close_before"),
        pl.format(
            "a log return within {}, or a corporate action",
            pl.max_horizontal(pl.lit(LARGEST_RETURN), LARGEST_DEVIATIONS * pl.col("mad")).round(4),
        ),
    )


def zero_volume(frame: pl.DataFrame, _: Context) -> pl.DataFrame:
    """Bars with a volume that is not positive; one that is not told is none."""
    rows = frame.filter(pl.col("volume") <= 0)
    return told(rows, pl.format("volume {}", "volume"), "a positive volume, or none told")


def excessive_volume(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Bars with more than ten times the median of the series' positive volumes, all in shares of after its splits."""
    traded = _in_shares_now(frame.filter(pl.col("volume") > 0), context.actions)
    usual = traded.group_by("instrument_id").agg(pl.median("shares").alias("usual"))
    rows = traded.join(usual, on="instrument_id", maintain_order="left").filter(
        pl.col("shares") > LARGEST_VOLUME * pl.col("usual")
    )
    expected = pl.format(
        "at most ten times the median, {}", pl.col("usual") * pl.col("volume") / pl.col("shares")
    )
    return told(rows, pl.format("volume {}", "volume"), expected)


def _in_shares_now(frame: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """The rows with `shares`: the volume adjusted for the splits it is not adjusted for; in their order."""
    splits = actions.filter(pl.col("action") == "split")
    split = pl.col("instrument_id").is_in(splits["instrument_id"].unique().implode())
    plain = frame.with_columns(pl.col("volume").alias("shares"))
    affected = frame.filter(split)
    if affected.is_empty():
        return plain
    now = adjusted(affected, factors(affected, splits)).select(
        *frame.columns, pl.coalesce("split_volume", "volume").alias("shares")
    )
    return in_order(pl.concat([plain.filter(~split), now]))


def flat(frame: pl.DataFrame, _: Context) -> pl.DataFrame:
    """Daily closes that stay the same for five bars or more: a finding for each run, at its fifth bar."""
    reached = pl.lit(True)
    for back in range(1, FLAT_DAYS):
        reached &= (pl.col("close") == pl.col("close").shift(back)) & (
            pl.col("instrument_id") == pl.col("instrument_id").shift(back)
        )
    daily = frame.filter(pl.col("frequency") == "1d").with_columns(reached.fill_null(False).alias("reached"))
    first = ~(pl.col("reached").shift(1).fill_null(False) & same_series().fill_null(False))
    rows = daily.filter(pl.col("reached") & first)
    return told(
        rows,
        pl.format("close {} on five bars or more in a row", "close"),
        "a close that moves within five days",
    )


def cross_vendor(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Closes more than 50 bp from another vendor's of the same session and currency.

    Where both say the same adjustment, the closes are compared. Else the returns since the session before are, which
    an adjustment moves on ex-days only; those are left out.
    """
    if context.others is None or context.others.is_empty():
        return told(frame.clear(), pl.lit(""), "")
    mine = frame.filter(pl.col("frequency") == "1d").with_columns(
        before(pl.col("session_date")).alias("since"), _change(before(pl.col("close")))
    )
    theirs = _others(context.others, frame["provider"].unique().to_list())
    both = mine.join(
        theirs, on=["instrument_id", "session_date", "currency"], suffix="_other", nulls_equal=True
    )
    alike = (pl.col("adjustment") == pl.col("adjustment_other")) & (pl.col("adjustment") != "unknown")
    ex_days = context.actions.select("instrument_id", session_date="ex_date", ex=pl.lit(True)).unique()
    apart = both.join(ex_days, on=["instrument_id", "session_date"], how="left").with_columns(
        pl.when(alike)
        .then(pl.col("close") / pl.col("close_other") - 1)
        .when((pl.col("since") == pl.col("since_other")) & pl.col("ex").is_null())
        .then(pl.col("change") - pl.col("change_other"))
        .alias("apart")
    )
    rows = apart.filter(pl.col("apart").abs() > LARGEST_DIFFERENCE)
    away = (pl.col("apart").abs() * 10_000).round(0).cast(pl.Int64)
    return told(
        rows.sort("symbol", "instrument_id", "timestamp", "provider_other"),
        pl.format("close {}, {} says {}: {} bp apart", "close", "provider_other", "close_other", away),
        "at most 50 bp between vendors",
    )


def stale_observations(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Series whose newest observation is older than its frequency explains."""
    allowed = pl.col("frequency").replace_strict(LATEST, default=None, return_dtype=pl.Duration("us"))
    due = pl.lit(context.now.date()) - allowed
    rows = (
        _last_rows(frame)
        .filter(~pl.col("instrument_id").is_in(list(context.ended)))
        .with_columns(due.cast(pl.Date).alias("due"))
        .filter(pl.col("observation_date") < pl.col("due"))
    )
    return told(
        rows, pl.format("last observation of {}", "observation_date"), pl.format("one of {} or later", "due")
    )


def missing_observation(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Days of the calendar between two daily observations of a series: a finding for each run of them."""
    day = pl.col("observation_date")
    daily = frame.filter(pl.col("frequency") == "1d").unique(
        ["instrument_id", "observation_date"], maintain_order=True
    )
    return gap(
        daily.with_columns(session_date=day, timestamp=day.cast(INSTANT)).drop("observation_date"), context
    )


def _change(last: pl.Expr) -> pl.Expr:
    return (pl.when(last > 0).then(pl.col("close") / last) - 1).alias("change")


def _others(bars: pl.DataFrame, own: list[str]) -> pl.DataFrame:
    """Other vendors' bars, with the session before (`since`) and the return since then (`change`)."""
    rows = bars.filter(~pl.col("provider").is_in(own)).sort("provider", "instrument_id", "session_date")
    same = same_series() & (pl.col("provider") == pl.col("provider").shift(1))
    return rows.select(
        "provider",
        "instrument_id",
        "session_date",
        "currency",
        "adjustment",
        "close",
        pl.when(same).then(pl.col("session_date").shift(1)).alias("since"),
        _change(pl.when(same).then(pl.col("close").shift(1))),
    )


def _on_sessions(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """The rows of series that have a calendar, with `calendar` and the session's `ordinal`; NULL on other days.

    A series' rows stay together and in their order.
    """
    places = frame.select("instrument_id", "symbol", "session_date", "timestamp", "document_id")
    members = context.calendar_of()
    parts = [places.clear().with_columns(calendar=pl.lit(""), ordinal=pl.lit(0, pl.Int64))]
    for (name,), mine in members.group_by("calendar"):
        days = context.sessions[str(name)].table.select("session_date", ordinal=pl.int_range(pl.len()))
        of_calendar = places.filter(pl.col("instrument_id").is_in(mine["instrument_id"].implode()))
        parts.append(
            of_calendar.with_columns(calendar=pl.lit(name)).join(
                days, on="session_date", how="left", maintain_order="left"
            )
        )
    return pl.concat(parts)


def _last_rows(frame: pl.DataFrame) -> pl.DataFrame:
    last = (pl.col("instrument_id") != pl.col("instrument_id").shift(-1)).fill_null(True)
    return frame.filter(last)


def _unexplained(moves: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    explains = (pl.col("action") == "split") & pl.col("adjustment").is_in(["raw", "unknown"]) | (
        (pl.col("action") == "dividend") & (pl.col("adjustment") != "splits_dividends")
    )
    explained = (
        moves.join(actions.select("instrument_id", "ex_date", "action"), on="instrument_id")
        .filter(
            explains & (pl.col("ex_date") > pl.col("since")) & (pl.col("ex_date") <= pl.col("session_date"))
        )
        .select("instrument_id", "timestamp")
    )
    return moves.join(explained, on=["instrument_id", "timestamp"], how="anti", maintain_order="left")
