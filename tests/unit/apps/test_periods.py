"""Which days a period means."""

from datetime import date

import pytest

from apps.periods import METRIC_WINDOWS, PERIODS, resolve, years_before

INCEPTION = date(2020, 5, 4)


@pytest.mark.parametrize(
    ("name", "as_of", "first"),
    [
        ("1D", date(2026, 3, 12), date(2026, 3, 12)),
        ("1W", date(2026, 3, 12), date(2026, 3, 6)),
        ("MTD", date(2026, 3, 31), date(2026, 3, 1)),
        ("QTD", date(2026, 3, 31), date(2026, 1, 1)),
        ("QTD", date(2026, 4, 1), date(2026, 4, 1)),
        ("QTD", date(2026, 12, 31), date(2026, 10, 1)),
        ("YTD", date(2026, 1, 1), date(2026, 1, 1)),
        ("1Y", date(2026, 3, 12), date(2025, 3, 13)),
        ("1Y", date(2024, 2, 29), date(2023, 3, 1)),
        ("3Y", date(2026, 3, 12), date(2023, 3, 13)),
        ("All", date(2026, 3, 12), INCEPTION),
    ],
)
def test_first_days(name: str, as_of: date, first: date) -> None:
    period = resolve(name, as_of, INCEPTION)
    assert (period.first, period.last) == (first, as_of)
    assert period.metric_window == METRIC_WINDOWS.get(name)


def test_custom_days_are_put_in_order_and_end_with_the_data() -> None:
    as_of = date(2026, 3, 12)
    period = resolve("Custom", as_of, INCEPTION, (date(2027, 1, 1), date(2025, 6, 1)))
    assert (period.first, period.last, period.metric_window) == (date(2025, 6, 1), as_of, None)
    assert period.label == "1 Jun 2025 – 12 Mar 2026"


@pytest.mark.parametrize("name", ["nonsense", "Custom"])
def test_what_cannot_be_resolved_is_the_default(name: str) -> None:
    assert resolve(name, date(2026, 3, 12), INCEPTION).name == "YTD"


def test_every_window_of_the_mart_can_be_chosen() -> None:
    assert set(METRIC_WINDOWS) <= set(PERIODS)
    assert set(METRIC_WINDOWS.values()) == {"MTD", "QTD", "YTD", "1Y", "3Y", "SI"}


def test_a_leap_day_has_a_28th_before_it() -> None:
    assert years_before(date(2024, 2, 29), 1) == date(2023, 2, 28)
    assert years_before(date(2024, 2, 29), 4) == date(2020, 2, 29)
