"""Days on which a bar is due, by the rules of calendars that have one."""

from datetime import UTC, date, datetime

import pytest

from transforms.market.sessions import Sessions, always_open, easter_sunday, target_days


@pytest.mark.parametrize(
    "sunday",
    # From the tables of the Book of Common Prayer and of the U.S. Census Bureau; 1954 and 1981 are Gauss's exceptions.
    [
        date(1954, 4, 18), date(1981, 4, 19), date(2000, 4, 23), date(2008, 3, 23), date(2011, 4, 24),
        date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5), date(2027, 3, 28), date(2038, 4, 25),
        date(2076, 4, 19),
    ],
)  # fmt: skip
def test_easter(sunday: date) -> None:
    assert easter_sunday(sunday.year) == sunday


def test_target_is_closed_on_six_holidays_of_2026() -> None:
    year = target_days(date(2026, 1, 1), date(2026, 12, 31))
    weekdays = {
        day for n in range(365) if (day := date.fromordinal(date(2026, 1, 1).toordinal() + n)).weekday() < 5
    }
    assert weekdays - set(year.table["session_date"]) == {
        date(2026, 1, 1),
        date(2026, 4, 3),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 12, 25),
    }  # fmt: skip  (26 December is a Saturday)
    assert set(year.table["session_date"]) <= weekdays


def test_target_closes_at_six_in_frankfurt_in_summer_and_winter() -> None:
    year = target_days(date(2026, 1, 1), date(2026, 12, 31))
    assert year.last_over(datetime(2026, 1, 5, 16, 59, tzinfo=UTC)) == date(2026, 1, 2)
    assert year.last_over(datetime(2026, 1, 5, 17, 0, tzinfo=UTC)) == date(2026, 1, 5)
    assert year.last_over(datetime(2026, 7, 6, 16, 0, tzinfo=UTC)) == date(2026, 7, 6)


def test_a_market_that_never_closes_ends_its_day_at_midnight() -> None:
    days = always_open(date(2026, 1, 1), date(2026, 1, 4))
    assert days.last_over(datetime(2026, 1, 3, 23, 59, tzinfo=UTC)) == date(2026, 1, 2)
    assert days.last_over(datetime(2026, 1, 4, tzinfo=UTC)) == date(2026, 1, 3)
    assert days.last_over(datetime(2026, 1, 1, 23, tzinfo=UTC)) is None


def test_sessions_back() -> None:
    week: Sessions = target_days(date(2026, 1, 2), date(2026, 1, 12))
    assert week.back(date(2026, 1, 12), 0) == date(2026, 1, 12)
    assert week.back(date(2026, 1, 11), 0) == date(2026, 1, 9)
    assert week.back(date(2026, 1, 11), 5) == date(2026, 1, 2)


def test_before_the_first_known_session_every_day_counts() -> None:
    week = target_days(date(2026, 1, 2), date(2026, 1, 12))
    assert week.back(date(2026, 1, 5), 3) == date(2025, 12, 31)
    assert week.back(date(2025, 12, 25), 10) == date(2025, 12, 15)
