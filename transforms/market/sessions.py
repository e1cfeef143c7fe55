"""The sessions of a calendar as a value: days and closes. Exchanges' own are looked up elsewhere.

Only calendars that a rule of a few lines gives are made here: days that never close, and TARGET, the euro's payment
system, on whose days the ECB fixes its reference rates. Exchanges' calendars come as values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from transforms.schemas.contract import INSTANT

SESSION_TABLE: Final = pl.Schema({"session_date": pl.Date(), "closes_at": INSTANT})
ALWAYS: Final = "24/7"
TARGET: Final = "TARGET"

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Sessions:
    """The sessions of `calendar` within some span, oldest first: the columns of SESSION_TABLE.

    `closes_at` is when the session's daily bar is over. What lies outside the span is not known here.
    """

    calendar: str
    table: pl.DataFrame

    def expected(self, first: date, last: date) -> list[date]:
        """The sessions from `first` to `last`, both included."""
        within = self.table.filter(pl.col("session_date").is_between(first, last))
        return within["session_date"].to_list()

    def last_over(self, instant: datetime) -> date | None:
        """The last session that was over at an instant; none where the span holds none."""
        over = self.table.filter(pl.col("closes_at") <= instant)
        return None if over.is_empty() else over["session_date"][-1]

    def back(self, day: date, count: int) -> date:
        """The session that lies `count` sessions before the last one up to `day`; `day` less them where none is known.

        Before the first known session every day counts as one.
        """
        known = self.expected(date.min, day)
        if len(known) > count:
            return known[-1 - count]
        return (known[0] if known else day) - (count + 1 - max(len(known), 1)) * _DAY


def always_open(first: date, last: date) -> Sessions:
    """Every day is a session, and is over at the next midnight UTC."""
    days = pl.date_range(first, last, eager=True).alias("session_date").to_frame()
    over = (pl.col("session_date") + _DAY).cast(INSTANT).alias("closes_at")
    return Sessions(ALWAYS, days.with_columns(over))


def target_days(first: date, last: date) -> Sessions:
    """The business days of TARGET since 2002, over at 18:00 in Frankfurt.

    Closed on weekends, New Year, Good Friday, Easter Monday, 1 May, 25 and 26 December (ECB, long-term calendar of
    14 December 2000).
    """
    days = pl.date_range(first, last, eager=True).alias("session_date").to_frame()
    closed = [day for year in range(first.year, last.year + 1) for day in _target_holidays(year)]
    day = pl.col("session_date")
    close = day.cast(pl.Datetime("us")).dt.offset_by("18h").dt.replace_time_zone("Europe/Berlin")
    return Sessions(
        TARGET,
        days.filter((day.dt.weekday() < 6) & ~day.is_in(closed)).with_columns(
            close.dt.convert_time_zone("UTC").alias("closes_at")
        ),
    )


def _target_holidays(year: int) -> tuple[date, ...]:
    easter = easter_sunday(year)
    return (
        date(year, 1, 1),
        easter - 2 * _DAY,
        easter + _DAY,
        date(year, 5, 1),
        date(year, 12, 25),
        date(year, 12, 26),
    )


def easter_sunday(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by Gauss's rule with its two exceptions."""
    century = year // 100
    moon = (15 - (13 + 8 * century) // 25 + century - century // 4) % 30
    sunday = (4 + century - century // 4) % 7
    full = (19 * (year % 19) + moon) % 30
    after = (2 * (year % 4) + 4 * (year % 7) + 6 * full + sunday) % 7
    day = 22 + full + after
    if full == 29 and after == 6:
        day = 50
    if full == 28 and after == 6 and (11 * moon + 11) % 30 < 19:
        day = 49
    return date(year, 3, 1) + (day - 1) * _DAY
