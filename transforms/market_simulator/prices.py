"""Closing prices of all listings and the broker's rates, from the seed alone. Highs, lows and volumes are in `bars`.

What the synthetic broker holds closes at the broker's marks. Everything else walks in whole numbers, most of it along
with the broker's broad fund, so that the market moves together.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from random import Random

from transforms.broker_simulator.calendars import business_days
from transforms.broker_simulator.life import dividends, prepare
from transforms.broker_simulator.market import MILLION, Market
from transforms.market_simulator.listings import FIRST_DAY, LISTINGS, Listing, Split, Walk

LIFE_YEARS = 3
"""Years of the broker's usual life; its special dividend lies before their end."""


@lru_cache(maxsize=4)
def prices(seed: int, last_year: int) -> Prices:
    """The prices from the first day to the end of a year. A longer market begins like a shorter one."""
    return Prices(seed, last_year)


class Prices:
    """Levels by listing and day. A level stands for every business day, whether the venue is open or not."""

    def __init__(self, seed: int, last_year: int) -> None:
        self.seed, self.last_year = seed, last_year
        self.broker_days = business_days(FIRST_DAY, max(last_year - FIRST_DAY.year + 1, LIFE_YEARS))
        self.broker = Market(seed, self.broker_days)
        prepare(self.broker)
        every_day = (date(last_year, 12, 31) - date(FIRST_DAY.year, 1, 1)).days + 1
        self._all_days = [date(FIRST_DAY.year, 1, 1) + timedelta(n) for n in range(every_day)]
        self._walked: dict[str, list[int]] = {}
        self._closes: dict[str, dict[date, int]] = {}

    def closes(self, listing: Listing) -> dict[date, int]:
        """Closing price by session as it was quoted then, in 10^-`places` of the currency."""
        found = self._closes.get(listing.symbol)
        if found is None:
            found = self._closes[listing.symbol] = dict(self._quoted(listing))
        return found

    def broker_dividends(self) -> dict[str, list[tuple[date, Decimal, date]]]:
        """What the broker's securities pay: (day, amount a share, pay date) by symbol, in its life and after."""
        life = Market(self.seed, business_days(FIRST_DAY, LIFE_YEARS))
        paid = [(life.days[day], item) for day, items in dividends(life).items() for item in items]
        going_on = dividends(self.broker)
        paid += [
            (self.broker_days[day], item)
            for day, items in going_on.items()
            for item in items
            if self.broker_days[day] > life.days[-1] and not item.tag
        ]
        told: dict[str, list[tuple[date, Decimal, date]]] = {}
        for day, item in sorted(paid, key=lambda each: each[0]):
            told.setdefault(item.instrument.symbol, []).append((day, item.rate, item.pay_date))
        return told

    def _quoted(self, listing: Listing) -> list[tuple[date, int]]:
        days = self._days(listing)
        last = listing.last or date(self.last_year, 12, 31)
        levels, unit = self._levels(listing), 10 ** (6 - listing.places)
        if listing.walk:  # the broker's marks have their splits in them
            levels = [_split(listing.splits, day, level) for day, level in zip(days, levels, strict=True)]
        return [
            (day, max((level + unit // 2) // unit, 1))
            for day, level in zip(days, levels, strict=True)
            if listing.first <= day <= last and listing.calendar.is_session(day)
        ]

    def _days(self, listing: Listing) -> list[date]:
        return self._all_days if listing.calendar.daily else self.broker_days

    def _levels(self, listing: Listing) -> list[int]:
        """Millionths by day; those of a walk as if no share were ever split, those of the broker as it marked them."""
        found = self._walked.get(listing.symbol)
        if found is None:
            found = self._walk(listing, listing.walk) if listing.walk else self._marks(listing)
            self._walked[listing.symbol] = found
        return found

    def _marks(self, listing: Listing) -> list[int]:
        if listing.ratio:
            of, to = (self._levels(LISTINGS[symbol]) for symbol in listing.ratio)
            return [level * MILLION // other for level, other in zip(of, to, strict=True)]
        if not listing.held:
            base, quote = listing.symbol[:3], listing.symbol[3:]
            return [int(self.broker.rate(base, quote, n) * MILLION) for n in range(len(self.broker_days))]
        levels = []
        for place, day in enumerate(self.broker_days):
            share = next(
                (share for first, share in reversed(listing.held) if first <= day), listing.held[0][1]
            )
            levels.append(int(self.broker.price(share, place) * MILLION))
        return levels

    def _walk(self, listing: Listing, walk: Walk) -> list[int]:
        days, random = self._days(listing), Random(f"{self.seed}:market:{listing.symbol}")
        followed = self._moves(LISTINGS[walk.follows]) if walk.follows else [0] * len(days)
        drift = walk.drift * 10_000 // (365 if listing.calendar.daily else 260)
        levels = [walk.first]
        for move in followed[1:]:
            own = sum(random.randint(-walk.swing, walk.swing) for _ in range(3)) if walk.swing else 0
            factor = MILLION + move * walk.beta // 100 + own + drift
            levels.append(max(levels[-1] * factor // MILLION, walk.first // 100))
        return levels

    def _moves(self, listing: Listing) -> list[int]:
        levels = self._levels(listing)
        return [0, *(new * MILLION // old - MILLION for old, new in pairwise(levels))]


def _split(splits: tuple[Split, ...], day: date, level: int) -> int:
    for split in splits:
        if day >= split.ex_date:
            level = level * split.old // split.new
    return level
