"""Interest rates of the simulated market: policy, par curve, real yields. Who publishes them is elsewhere.

Whole numbers of hundredths of a basis point; a published rate is rounded to the basis point, so that a spread is the
difference of what is published.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from random import Random

from transforms.broker_simulator.calendars import business_days
from transforms.market_simulator.listings import FIRST_DAY
from transforms.market_simulator.sessions import US_BONDS

# from when the upper end of the target range was so many basis points
TARGET_UPPER = (
    (date(2022, 12, 15), 450), (date(2023, 2, 2), 475), (date(2023, 3, 23), 500), (date(2023, 5, 4), 525),
    (date(2023, 7, 27), 550), (date(2024, 9, 19), 500), (date(2024, 11, 8), 475), (date(2024, 12, 19), 450),
    (date(2025, 9, 18), 425), (date(2025, 10, 30), 400), (date(2025, 12, 11), 375),
)  # fmt: skip
DEPOSIT_RATE = (
    (date(2022, 12, 21), 200), (date(2023, 2, 8), 250), (date(2023, 3, 22), 300), (date(2023, 5, 10), 325),
    (date(2023, 6, 21), 350), (date(2023, 8, 2), 375), (date(2023, 9, 20), 400), (date(2024, 6, 12), 375),
    (date(2024, 9, 18), 350), (date(2024, 10, 23), 325), (date(2024, 12, 18), 300), (date(2025, 2, 5), 275),
    (date(2025, 3, 12), 250), (date(2025, 4, 23), 225), (date(2025, 6, 11), 200),
)  # fmt: skip
# months of maturity: percent of it that is the policy rate's, the rest is the long rate's
_SHORT_WEIGHT = {
    1.0: 98, 1.5: 97, 2.0: 96, 3.0: 95, 4.0: 92, 6.0: 86, 12.0: 66, 24.0: 46, 36.0: 36, 60.0: 26, 84.0: 18,
    120.0: 12, 240.0: 3, 360.0: 0,
}  # fmt: skip
_LONG, _SWING = 46_500, 340


def policy(steps: tuple[tuple[date, int], ...], day: date) -> int:
    """The basis points that hold on a day."""
    return next(rate for start, rate in reversed(steps) if start <= day)


class Curve:
    """Yields in basis points by maturity and day: the long end comes back to its mean, the short is the policy's."""

    def __init__(self, seed: int, last_year: int) -> None:
        days = business_days(FIRST_DAY, last_year - FIRST_DAY.year + 1)
        self._long = dict(zip(days, _returning(Random(f"{seed}:rates:long"), _SWING, len(days)), strict=True))
        self._inflation = dict(
            zip(days, _returning(Random(f"{seed}:rates:inflation"), 120, len(days)), strict=True)
        )
        self._seed = seed
        self.days = days

    def is_told(self, day: date) -> bool:
        """Say whether there is a curve of a day."""
        return day in self._long and US_BONDS.is_session(day)

    def par(self, months: float, day: date) -> int:
        """The par yield of a maturity in basis points. Raises KeyError for a day without one."""
        weight = _SHORT_WEIGHT[months]
        short = (policy(TARGET_UPPER, day) - 12) * 100
        # every maturity has its own way within a basis point, which needs no walk
        bend = (day.toordinal() * 7919 + int(months * 10) * 104_729 + self._seed) % 401 - 200
        return (weight * short + (100 - weight) * (_LONG + self._long[day]) + 50 * bend) // 10_000

    def real(self, months: float, day: date) -> int:
        """The real yield: the par yield less what the market expects of inflation."""
        return self.par(months, day) - (23_100 + self._inflation[day]) // 100


def _returning(random: Random, swing: int, length: int) -> list[int]:
    levels = [0]
    for _ in range(length - 1):
        levels.append(levels[-1] * 995 // 1000 + sum(random.randint(-swing, swing) for _ in range(3)))
    return levels


@lru_cache(maxsize=4)
def curve(seed: int, last_year: int) -> Curve:
    """The curve from the first day to the end of a year."""
    return Curve(seed, last_year)
