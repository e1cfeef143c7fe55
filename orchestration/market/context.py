"""What the checks of a dataset may know besides its rows: sessions, corporate actions, other vendors' bars."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from orchestration.market.plan import Wanted
from orchestration.market_sessions import UnknownCalendarError, sessions_of
from orchestration.resources.market_lake import MarketLake
from transforms.market.checks import Context
from transforms.market.sessions import Sessions

_AHEAD: Final = timedelta(days=7)
_ABOUT_NOW: Final = timedelta(days=400)
_BEHIND: Final = timedelta(days=14)
_FAR_AHEAD: Final = timedelta(days=300)
_OTHERS: Final = ["provider", "instrument_id", "session_date", "close", "currency", "adjustment"]
_NO_OLDER: Final = date(1960, 1, 1)

log = logging.getLogger("tieout")


def context_of(wanted: Wanted, lake: MarketLake, now: datetime, years: Collection[int]) -> Context:
    """The context for the rows of these years. `now` is UTC. A calendar that nobody knows is left out, and said."""
    first = date(min(years, default=now.year), 1, 1)
    calendars = {one.instrument_id: one.calendar for one in wanted.series if one.calendar}
    bars = wanted.dataset.kind == "bars"
    return Context(
        now,
        sessions=dict(_sessions(set(calendars.values()), first, now.date() + _AHEAD)),
        calendars=calendars,
        actions=lake.read("clean", replace(wanted.dataset, kind="actions")),
        may_be_negative=wanted.may_be_negative,
        ended=wanted.ended,
        others=_others(wanted, lake, years) if bars else None,
    )


def context_of_errors(wanted: Wanted, now: datetime) -> Context:
    """What errors look at, for rows that come and may reach back to any year. `now` is UTC."""
    calendars = {wanted.listing.calendar} if wanted.listing.calendar else set()
    # a bar whose period may not be over is of these days: errors ask for no other session
    return Context(
        now,
        sessions=dict(_sessions(calendars, now.date() - _ABOUT_NOW, now.date() + _AHEAD)),
        may_be_negative=wanted.may_be_negative,
        ended=wanted.ended,
    )


def sessions_ahead(wanted: Wanted, now: datetime) -> Sessions | None:
    """The sessions of a dataset around and after `now` (UTC): who reads it later knows by them what is due then.

    None where its series have no calendar, or one that nobody knows.
    """
    names = {one.calendar for one in wanted.series if one.calendar}
    day = now.date()
    return next((known for _, known in _sessions(names, day - _BEHIND, day + _FAR_AHEAD)), None)


def _sessions(calendars: Iterable[str], first: date, last: date) -> Iterable[tuple[str, Sessions]]:
    for name in sorted(calendars):
        try:
            yield name, sessions_of(name, max(first, _NO_OLDER), last)
        except UnknownCalendarError as error:
            log.warning("market data: %s; no gaps are told", error)


def _others(wanted: Wanted, lake: MarketLake, years: Collection[int]) -> pl.DataFrame | None:
    """The bars of the same instruments that other vendors told."""
    symbols = [one.symbol for one in wanted.series]
    own = wanted.dataset
    frames = [
        lake.read("clean", other, years=years, columns=_OTHERS, symbols=symbols)
        for other in lake.datasets("clean")
        if other.kind == "bars" and other.frequency == own.frequency and other.provider != own.provider
    ]
    return pl.concat(frames) if frames else None
