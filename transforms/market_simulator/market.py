"""What each listing has traded by a certain moment: finished bars, the running one, splits and dividends, defects in.

The vendors' modules write it down; nothing here knows a vendor's format.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from transforms.broker_simulator.money import text
from transforms.market_simulator import bars as made
from transforms.market_simulator.bars import Bar
from transforms.market_simulator.bodies import short
from transforms.market_simulator.defects import planted
from transforms.market_simulator.listings import LISTINGS, Listing, Split
from transforms.market_simulator.prices import prices


class Dividend(NamedTuple):
    """A dividend: `amount` a share as plain text in the listing's currency, paid on `pay_date`."""

    symbol: str
    ex_date: date
    amount: str
    currency: str
    pay_date: date


class Market:
    """The market as it is at `now`. With `defects`, what a vendor tells has its planted defects."""

    def __init__(self, seed: int, now: datetime, defects: bool) -> None:
        self.seed, self.now, self.defects = seed, now, defects
        self.prices = prices(seed, now.year)

    def finished(self, vendor: str, listing: Listing) -> list[Bar]:
        """The bars of the sessions that are over, as a vendor tells them."""
        over = [
            bar for bar in _daily(self.seed, self.prices.last_year, listing.symbol) if bar.end <= self.now
        ]
        return planted(vendor, listing, over, self.now) if self.defects and over else over

    def running(self, listing: Listing) -> Bar | None:
        """The session that is open, as far as it has come; None where none is."""
        return made.running(
            self.prices, listing, _daily(self.seed, self.prices.last_year, listing.symbol), self.now
        )

    def within(self, listing: Listing, minutes: int, first: date, last: date) -> list[Bar]:
        """The bars of 1 or 60 minutes that were over, of the sessions from `first` to `last`."""
        divide = made.minutes if minutes == 1 else made.hours
        days = [b for b in _daily(self.seed, self.prices.last_year, listing.symbol) if first <= b.day <= last]
        return [
            part
            for bar in days
            if bar.start < self.now
            for part in divide(self.prices, listing, bar)
            if part.end <= self.now
        ]

    def adjusted(self, listing: Listing, bar: Bar) -> Bar:
        """A bar adjusted for the splits until now; its prices have two more places."""
        return made.adjusted(listing, bar, self.now.date())

    def splits(self, listing: Listing) -> list[Split]:
        """The splits that have happened."""
        return [split for split in listing.splits if split.ex_date <= self.now.date()]

    def dividends(self, listing: Listing) -> list[Dividend]:
        """The dividends that have gone ex, each on a session."""
        return [
            d
            for d in _dividends(self.seed, self.prices.last_year, listing.symbol)
            if d.ex_date <= self.now.date()
        ]


@lru_cache(maxsize=1024)
def _daily(seed: int, last_year: int, symbol: str) -> list[Bar]:
    return made.daily(prices(seed, last_year), LISTINGS[symbol])


@lru_cache(maxsize=8)
def _paid_by_the_broker(seed: int, last_year: int) -> dict[str, list[Dividend]]:
    told: dict[str, list[Dividend]] = {}
    for symbol, paid in prices(seed, last_year).broker_dividends().items():
        listing = LISTINGS[symbol]
        told[symbol] = [
            Dividend(symbol, listing.calendar.next_session(day), text(amount), listing.currency, pay_date)
            for day, amount, pay_date in paid
        ]
    return told


@lru_cache(maxsize=1024)
def _dividends(seed: int, last_year: int, symbol: str) -> list[Dividend]:
    listing = LISTINGS[symbol]
    if listing.payout is None:
        return _paid_by_the_broker(seed, last_year).get(symbol, [])
    paid = []
    for year in range(listing.first.year, last_year + 1):
        for month in listing.payout.months:
            ex_date = listing.calendar.next_session(date(year, month, listing.payout.day))
            amount = short(listing.payout.millionths, 6)
            paid.append(Dividend(symbol, ex_date, amount, listing.currency, date(year, month, 28)))
    return paid
