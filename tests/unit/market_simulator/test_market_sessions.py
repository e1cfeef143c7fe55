"""The simulated venues' calendars, held against exchange_calendars."""

import warnings
from datetime import UTC, date, timedelta

import pytest

from transforms.market_simulator.sessions import (
    ALWAYS,
    TARGET,
    US_BONDS,
    XETR,
    XLON,
    XNYS,
    Calendar,
    easter,
)

FIRST, LAST = date(2023, 1, 1), date(2027, 6, 30)


@pytest.mark.parametrize("calendar", [XNYS, XETR, XLON], ids=lambda each: each.name)
def test_sessions_and_their_hours_are_those_of_the_exchange(calendar: Calendar) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import exchange_calendars

        known = exchange_calendars.get_calendar(calendar.name, start=FIRST.isoformat(), end=LAST.isoformat())
    expected = {
        day.date(): (opens.to_pydatetime(), closes.to_pydatetime())
        for day, opens, closes in zip(known.sessions, known.opens, known.closes, strict=True)
    }
    days = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
    ours = {day: (calendar.opening(day), calendar.closing(day)) for day in days if calendar.is_session(day)}
    assert sorted(set(ours) ^ set(expected)) == []
    assert {day: hours for day, hours in ours.items() if hours != expected[day]} == {}


def test_known_holidays_of_the_others() -> None:
    assert [easter(year) for year in (2023, 2024, 2025, 2026, 2027)] == [
        date(2023, 4, 9),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2027, 3, 28),
    ]
    closed = [date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 12, 25), date(2026, 1, 1)]
    assert not any(TARGET.is_session(day) for day in closed)
    assert TARGET.is_session(date(2026, 12, 24))
    assert not US_BONDS.is_session(date(2026, 10, 12))
    assert XNYS.is_session(date(2026, 10, 12))


def test_a_venue_without_end_trades_on_sundays_from_midnight_to_midnight() -> None:
    sunday = date(2026, 11, 22)
    assert ALWAYS.is_session(sunday)
    assert (ALWAYS.closing(sunday) - ALWAYS.opening(sunday)).days == 1
    assert ALWAYS.opening(sunday).tzinfo is UTC
