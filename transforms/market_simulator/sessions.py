"""When the simulated venues trade: holidays by rule, half days, opening and closing instants. No prices here.

The rules are those of the real exchanges since 2022, so that a bar is missing where a calendar library expects none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6


@dataclass(frozen=True)
class Calendar:
    """The days and hours of a venue. `name` is that of exchange_calendars, where it has one.

    `closed` and `short` give the holidays and the half days of a year; a half day ends at `closes_short`. A venue
    with `daily` trades on every day of the week.
    """

    name: str
    zone: ZoneInfo
    opens: time
    closes: time
    closed: Callable[[int], frozenset[date]]
    short: Callable[[int], frozenset[date]]
    closes_short: time = time(0)
    daily: bool = False

    def is_session(self, day: date) -> bool:
        """Say whether the venue trades on a day."""
        return self.daily or (day.weekday() < SATURDAY and day not in self.closed(day.year))

    def is_short(self, day: date) -> bool:
        """Say whether a session ends early."""
        return day in self.short(day.year)

    def opening(self, day: date) -> datetime:
        """When the session of a day starts, in UTC."""
        return datetime.combine(day, self.opens, self.zone).astimezone(UTC)

    def closing(self, day: date) -> datetime:
        """When the session of a day is over, in UTC."""
        if self.daily:
            return self.opening(day) + timedelta(1)
        ends = self.closes_short if self.is_short(day) else self.closes
        return datetime.combine(day, ends, self.zone).astimezone(UTC)

    def minutes(self, day: date) -> int:
        """How long the session of a day is."""
        return int((self.closing(day) - self.opening(day)).total_seconds()) // 60

    def next_session(self, day: date) -> date:
        """The first session from `day` on, itself included."""
        while not self.is_session(day):
            day += timedelta(1)
        return day


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Gauss's rule as Meeus and Jones write it)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * weekday) // 433
    month = (h + weekday - 7 * m + 90) // 25
    return date(year, month, (h + weekday - 7 * m + 33 * month + 19) % 32)


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (count - 1))


def _last_monday(year: int, month: int) -> date:
    last = date(year, month + 1, 1) - timedelta(1)
    return last - timedelta(last.weekday())


def _observed(day: date) -> date:
    """A US holiday at the weekend is kept on the Friday before or the Monday after."""
    return day + timedelta({SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))


@lru_cache
def _new_york(year: int) -> frozenset[date]:
    new_year = date(year, 1, 1)
    return frozenset(
        {
            new_year + timedelta(new_year.weekday() == SUNDAY),
            _nth(year, 1, MONDAY, 3),
            _nth(year, 2, MONDAY, 3),
            easter(year) - timedelta(2),
            _last_monday(year, 5),
            _observed(date(year, 6, 19)),
            _observed(date(year, 7, 4)),
            _nth(year, 9, MONDAY, 1),
            _nth(year, 11, THURSDAY, 4),
            _observed(date(year, 12, 25)),
            date(2025, 1, 9),  # a day of mourning
        }
    )


@lru_cache
def _new_york_short(year: int) -> frozenset[date]:
    eves = (date(year, 7, 3), date(year, 12, 24))
    return frozenset({_nth(year, 11, THURSDAY, 4) + timedelta(1), *(d for d in eves if d.weekday() < FRIDAY)})


@lru_cache
def _us_bonds(year: int) -> frozenset[date]:
    return _new_york(year) | {_nth(year, 10, MONDAY, 2), _observed(date(year, 11, 11))}


@lru_cache
def _frankfurt(year: int) -> frozenset[date]:
    return _target(year) | {date(year, 12, 24), date(year, 12, 31)}


@lru_cache
def _frankfurt_short(year: int) -> frozenset[date]:
    return frozenset({_weekday_before(date(year, 12, 31))})


@lru_cache
def _target(year: int) -> frozenset[date]:
    sunday = easter(year)
    fixed = (date(year, 1, 1), date(year, 5, 1), date(year, 12, 25), date(year, 12, 26))
    return frozenset({sunday - timedelta(2), sunday + timedelta(1), *fixed})


@lru_cache
def _london(year: int) -> frozenset[date]:
    sunday, new_year, christmas = easter(year), date(year, 1, 1), date(year, 12, 25)
    kept = {new_year + timedelta((7 - new_year.weekday()) if new_year.weekday() >= SATURDAY else 0)}
    if christmas.weekday() in (FRIDAY, SATURDAY, SUNDAY):
        kept |= {
            date(year, 12, 25) if christmas.weekday() == FRIDAY else date(year, 12, 27),
            date(year, 12, 28),
        }
        if christmas.weekday() == SUNDAY:
            kept = (kept - {date(year, 12, 28)}) | {date(year, 12, 26)}
    else:
        kept |= {christmas, date(year, 12, 26)}
    kept |= {sunday - timedelta(2), sunday + timedelta(1), _nth(year, 5, MONDAY, 1)}
    kept |= {_last_monday(year, 5), _last_monday(year, 8), date(2023, 5, 8)}  # a coronation
    return frozenset(kept)


@lru_cache
def _london_short(year: int) -> frozenset[date]:
    return frozenset({_weekday_before(date(year, 12, 25)), _weekday_before(date(year + 1, 1, 1))})


def _weekday_before(day: date) -> date:
    day -= timedelta(1)
    while day.weekday() >= SATURDAY:
        day -= timedelta(1)
    return day


def _none(_: int) -> frozenset[date]:
    return frozenset()


_NEW_YORK, _BERLIN, _LONDON = (ZoneInfo(n) for n in ("America/New_York", "Europe/Berlin", "Europe/London"))
_UTC = ZoneInfo("UTC")
XNYS = Calendar("XNYS", _NEW_YORK, time(9, 30), time(16), _new_york, _new_york_short, time(13))
XETR = Calendar("XETR", _BERLIN, time(9), time(17, 30), _frankfurt, _frankfurt_short, time(14))
XLON = Calendar("XLON", _LONDON, time(8), time(16, 30), _london, _london_short, time(12, 30))
ALWAYS = Calendar("24/7", _UTC, time(0), time(0), _none, _none, daily=True)
CURRENCIES = Calendar("24/5", _UTC, time(0), time(22), lambda year: frozenset({date(year, 1, 1)}), _none)
TARGET = Calendar("TARGET", _BERLIN, time(8), time(16), _target, _none)
US_BONDS = Calendar("US bonds", _NEW_YORK, time(8), time(15, 30), _us_bonds, _none)
