"""The sessions of a calendar by its name, looked up where they are known. They are judged in transforms."""

import warnings
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from transforms.market.sessions import ALWAYS, SESSION_TABLE, TARGET, Sessions, always_open, target_days

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

_WEEK = timedelta(days=7)


class UnknownCalendarError(ValueError):
    """A calendar that nobody knows, or whose sessions cannot be told."""


@lru_cache(maxsize=64)
def sessions_of(calendar: str, first: date, last: date) -> Sessions:
    """The sessions of `24/7`, `TARGET` or a calendar of exchange_calendars from `first` to `last`, both included.

    Raises UnknownCalendarError. exchange_calendars is imported for an exchange's calendar alone; it
    knows no sessions before 1960 or more than a year ahead, and of some calendars only those of later years.
    """
    if calendar == ALWAYS:
        return always_open(first, last)
    if calendar == TARGET:
        return target_days(first, last)
    return Sessions(calendar, _exchange(calendar, first, last))


def _exchange(calendar: str, first: date, last: date) -> pl.DataFrame:
    from exchange_calendars.errors import InvalidCalendarName

    with warnings.catch_warnings():
        # What the calendars use of pandas and will have to change is nothing that a reader of our log can act on.
        warnings.simplefilter("ignore")
        try:
            known = _known(calendar, first, last)
        except InvalidCalendarName:
            raise UnknownCalendarError(
                f"There is no calendar {calendar}. Give a name of exchange_calendars (XNYS, XLON), 24/7 or TARGET."
            ) from None
        # ASEX, XBSE and others lack what their base class asks for, and so raise its NotImplementedError
        except (ValueError, NotImplementedError) as error:
            raise UnknownCalendarError(
                f"exchange_calendars cannot tell the sessions of {calendar} ({error}). Give a calendar with the same "
                "holidays"
            ) from error
        days = {"session_date": known.sessions.date, "closes_at": known.closes.dt.to_pydatetime().tolist()}
    table = pl.DataFrame({name: list(values) for name, values in days.items()}).cast(dict(SESSION_TABLE))
    return table.filter(pl.col("session_date").is_between(first, last))


def _known(calendar: str, first: date, last: date) -> "ExchangeCalendar":
    """The calendar of a span; of what is known of it, where its records begin later or end earlier."""
    import exchange_calendars

    try:
        # A calendar without a session is an error there; a week more on each side always holds one.
        return exchange_calendars.get_calendar(calendar, start=first - _WEEK, end=last + _WEEK)
    except ValueError:
        return exchange_calendars.get_calendar(calendar)
