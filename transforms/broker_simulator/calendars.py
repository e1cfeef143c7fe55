"""The simulated broker's calendar: business days and date arithmetic; it knows no market and no account."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, timedelta


def is_business_day(day: date) -> bool:
    """Say whether the simulated broker reports on `day`: Monday to Friday, but for 1 January and 25
    December.
    """
    return day.weekday() < 5 and (day.month, day.day) not in ((1, 1), (12, 25))


def business_days(start: date, years: int) -> list[date]:
    """List the business days from `start` to the last day before its `years`-th anniversary."""
    end = date(start.year + years, start.month, start.day)
    span = (end - start).days
    return [day for day in (start + timedelta(n) for n in range(span)) if is_business_day(day)]


def previous_business_day(day: date) -> date:
    """The last business day before `day`."""
    day -= timedelta(1)
    while not is_business_day(day):
        day -= timedelta(1)
    return day


def add_business_days(day: date, count: int) -> date:
    """The business day `count` business days after `day` (count >= 0)."""
    while count:
        day += timedelta(1)
        count -= is_business_day(day)
    return day


def day_range(days: Sequence[date], start: date, end: date) -> range:
    """Indices of the days inside [start, end]; empty if there is none."""
    return range(bisect_left(days, start), bisect_right(days, end))


def last_day_of_month(year: int, month: int) -> date:
    """The last calendar day of a month."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(1)


def third_friday(year: int, month: int) -> date:
    """The third Friday of a month: the day on which listed options expire."""
    first = date(year, month, 1)
    return first + timedelta((4 - first.weekday()) % 7 + 14)
