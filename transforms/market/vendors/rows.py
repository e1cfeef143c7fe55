"""What is read becomes a page: typed rows, one a key, inside the span that was asked for. No vendor's format here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from transforms.market.series import Ask
from transforms.market.vendors.body import Origin
from transforms.market.vendors.contract import Page, Request
from transforms.schemas.contract import INSTANT, TableContract
from transforms.schemas.market import READ_ACTIONS, READ_BARS, READ_OBSERVATIONS

PERIODS: Final[dict[str, timedelta]] = {
    "1d": timedelta(days=1),
    "1h": timedelta(hours=1),
    "1m": timedelta(minutes=1),
}
"""How long a bar of each frequency is."""
_DAY: Final = 86_400_000
"""Milliseconds."""


def bars_page(
    frame: pl.DataFrame, ask: Ask, at: Origin, next_request: Request | None = None, notes: Sequence[str] = ()
) -> Page:
    """The page of bars; columns that the vendor does not tell (volume, vwap, trades) are added without values.

    Raises VendorError where one period is told twice and differently, or no row lies in the span.
    """
    absent = [pl.lit(None).alias(name) for name in ("volume", "vwap", "trades") if name not in frame.columns]
    rows, said = _settled(frame.with_columns(absent), READ_BARS, "session_date", ask, at)
    if frame.height and rows.is_empty():
        first, last = str(frame["session_date"].min()), str(frame["session_date"].max())
        raise at.untrusted(f"the bars are of {first} to {last}, but {ask.first} to {ask.last} was asked for")
    return Page(rows, next=next_request, notes=(*notes, *said))


def observations_page(
    frame: pl.DataFrame,
    ask: Ask,
    at: Origin,
    next_request: Request | None = None,
    notes: Sequence[str] = (),
    units: Mapping[str, str] | None = None,
) -> Page:
    """The page of observations. Raises VendorError where one of them is told twice and differently."""
    rows, said = _settled(frame, READ_OBSERVATIONS, "observation_date", ask, at)
    return Page(rows, next=next_request, notes=(*notes, *said), units=units or {})


def actions_page(
    frame: pl.DataFrame, ask: Ask, at: Origin, next_request: Request | None = None, notes: Sequence[str] = ()
) -> Page:
    """A page with splits or dividends and no bars."""
    absent = [
        pl.lit(None).alias(name) for name in ("ratio", "amount", "currency") if name not in frame.columns
    ]
    actions, said = _settled(frame.with_columns(absent), READ_ACTIONS, "ex_date", ask, at)
    return Page(READ_BARS.empty(), actions=actions, next=next_request, notes=(*notes, *said))


def empty_page(ask: Ask, *notes: str) -> Page:
    """The vendor has nothing for this span, which is no error."""
    contract = READ_BARS if ask.dataset.kind == "bars" else READ_OBSERVATIONS
    return Page(contract.empty(), notes=notes)


def daily(symbol: str, sessions: Sequence[date] | pl.Series, ask: Ask, zone: str = "UTC") -> pl.DataFrame:
    """The first columns of daily bars: each starts at midnight UTC of its session date, whatever the venue's zone.

    So the bars of one session have one timestamp at all vendors. A session is over when its date is past in `zone`.
    """
    today = ask.asked_at.astimezone(ZoneInfo(zone)).date()
    return pl.DataFrame({"session_date": pl.Series(sessions, dtype=pl.Date)}).select(
        pl.lit(symbol).alias("provider_symbol"),
        pl.col("session_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("timestamp"),
        "session_date",
        (pl.col("session_date") < today).alias("is_final"),
    )


def timed(symbol: str, starts: Sequence[int], ask: Ask, at: Origin, zone: str = "UTC") -> pl.DataFrame:
    """The first columns of bars that start when the vendor says (ms since 1970); the session is the day in `zone`.

    Raises VendorError for a day that does not begin at midnight UTC: it would be none of the others' days.
    """
    period = PERIODS[ask.dataset.frequency]
    for place, begins in enumerate(starts if period == PERIODS["1d"] else (), 1):
        if begins % _DAY:
            told = f"{in_zone('UTC', [begins])[0]:%Y-%m-%d %H:%M} UTC"
            raise at.untrusted(f"row {place}: a day begins at {told}, and not at midnight")
    start = pl.col("timestamp")
    return (
        pl.DataFrame({"timestamp": pl.Series(starts, dtype=pl.Int64) * 1000})
        .with_columns(start.cast(INSTANT))
        .select(
            pl.lit(symbol).alias("provider_symbol"),
            "timestamp",
            start.dt.convert_time_zone(zone).dt.date().alias("session_date"),
            (start + period <= ask.asked_at.astimezone(UTC)).alias("is_final"),
        )
    )


def in_zone(zone: str, starts: Sequence[int]) -> pl.Series:
    """Times (ms since 1970) as the clock in a zone shows them."""
    return (pl.Series(starts, dtype=pl.Int64) * 1000).cast(INSTANT).dt.convert_time_zone(zone)


def _settled(
    frame: pl.DataFrame, contract: TableContract, day: str, ask: Ask, at: Origin
) -> tuple[pl.DataFrame, list[str]]:
    """Rows in the contract's columns and order, each once and inside the span; and what was left out, in words."""
    rows = frame.select(pl.col(name).cast(dtype) for name, dtype in contract.polars_schema.items())
    notes = []
    distinct = rows.unique()
    if distinct.height < rows.height:
        notes.append(f"rows told twice and taken once: {rows.height - distinct.height}")
    twice = distinct.filter(pl.struct(contract.key).is_duplicated())
    if twice.height:
        symbol, time = twice.select(contract.key).sort(contract.key).row(0)[:2]
        of = f" of {symbol}" if len(ask.series) > 1 else ""
        raise at.untrusted(f"{_when(time)}{of} is told twice, and not with the same values")
    inside = distinct.filter(pl.col(day).is_between(ask.first, ask.last))
    if inside.height < distinct.height:
        outside = distinct.filter(~pl.col(day).is_between(ask.first, ask.last))[day]
        notes.append(
            f"rows not asked for and left out: {outside.len()}, of {outside.min()!s} to {outside.max()!s}"
        )
    return inside.sort(contract.key), notes


def _when(time: date | datetime) -> str:
    """A day, or a time of a day."""
    has_clock = isinstance(time, datetime) and (time.hour or time.minute)
    return f"{time:%Y-%m-%d %H:%M} UTC" if has_clock else f"{time:%Y-%m-%d}"
