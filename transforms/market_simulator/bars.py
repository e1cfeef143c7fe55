"""Bars of a listing: open, high, low, volume around its closes; hours and minutes within; splits. No vendor's format.

All figures are whole numbers, so that the hours of a day add up to the day, and the minutes of an hour to the hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple

from transforms.market_simulator.listings import Listing
from transforms.market_simulator.prices import Prices

OVERNIGHT = 80_000
"""Millionths: a larger move than this happened before the venue opened."""


class Bar(NamedTuple):
    """One period from `start` (UTC) to `end`. Prices in 10^-places of the currency, volume in 10^-volume_places.

    `end` is the first instant after the period; `day` the session.
    """

    day: date
    start: datetime
    end: datetime
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int

    @property
    def typical(self) -> int:
        """A price inside the bar that stands for the average over its volume."""
        return (self.open + self.high + self.low + 2 * self.close) // 5


def daily(prices: Prices, listing: Listing) -> list[Bar]:
    """The bars of all sessions of the market's years."""
    random = Random(f"{prices.seed}:bars:{listing.symbol}")
    calendar, splits = listing.calendar, {split.ex_date: (split.new, split.old) for split in listing.splits}
    bars: list[Bar] = []
    before = usual = 0
    for day, close in prices.closes(listing).items():
        bits = random.getrandbits(80)
        new, old = splits.get(day, (1, 1))
        usual = usual * new // old if bars else _usual_volume(listing, close)
        before = before * old // new or close
        gap = close if abs(close - before) * 1_000_000 > OVERNIGHT * before else before
        opened = gap + (close - gap) * (bits & 0xFFFF) // 0x2FFFF
        high = max(opened, close) + close * (bits >> 16 & 0xFFFF) // (0xFFFF * 120)
        low = min(opened, close) - close * (bits >> 32 & 0xFFFF) // (0xFFFF * 120)
        volume = (
            usual * (60 + 80 * (bits >> 48 & 0xFFFF) // 0xFFFF) // (200 if calendar.is_short(day) else 100)
        )
        trades = volume // (90 * 10**listing.volume_places) + 1 if volume else 0
        span = (calendar.opening(day), calendar.closing(day))
        bars.append(Bar(day, *span, opened, high, max(low, 1), close, volume, trades))
        before = close
    return bars


def _usual_volume(listing: Listing, close: int) -> int:
    unit: int = 10 ** (listing.places + listing.volume_places)
    return listing.turnover * unit // close


def hours(prices: Prices, listing: Listing, bar: Bar) -> list[Bar]:
    """A day's bar as bars of clock hours, the first and the last of them perhaps shorter."""
    cuts = [bar.start]
    while cuts[-1] < bar.end:
        cuts.append(min(cuts[-1].replace(minute=0) + timedelta(hours=1), bar.end))
    return _divide(bar, cuts, Random(f"{prices.seed}:hours:{listing.symbol}:{bar.day}"))


def minutes(prices: Prices, listing: Listing, bar: Bar) -> list[Bar]:
    """A day's bar as bars of minutes, which add up to its hours."""
    found: list[Bar] = []
    for hour in hours(prices, listing, bar):
        count = int((hour.end - hour.start).total_seconds()) // 60
        cuts = [hour.start + timedelta(minutes=n) for n in range(count + 1)]
        found += _divide(hour, cuts, Random(f"{prices.seed}:minutes:{listing.symbol}:{hour.start}"))
    return found


def _divide(bar: Bar, cuts: list[datetime], random: Random) -> list[Bar]:
    """Bars between the cuts that together are `bar`: same open, high, low, close and sums."""
    count = len(cuts) - 1
    highest, lowest = random.randrange(count), random.randrange(count)
    room = bar.high - bar.low
    parts: list[Bar] = []
    opened = bar.open
    for place in range(count):
        bits = random.getrandbits(48)
        way = bar.open + (bar.close - bar.open) * (place + 1) // count
        shift = room * ((bits & 0xFFFF) - 0x8000) // 0x20000
        close = bar.close if place == count - 1 else min(max(way + shift, bar.low), bar.high)
        spread = room * (bits >> 16 & 0xFFFF) // 0x80000
        high = bar.high if place == highest else min(max(opened, close) + spread, bar.high)
        low = bar.low if place == lowest else max(min(opened, close) - spread, bar.low)
        volume = bar.volume * (place + 1) // count - bar.volume * place // count
        trades = bar.trades * (place + 1) // count - bar.trades * place // count
        parts.append(Bar(bar.day, cuts[place], cuts[place + 1], opened, high, low, close, volume, trades))
        opened = close
    return parts


def together(bars: Iterable[Bar]) -> Bar:
    """One bar for a row of them. Raises ValueError for none."""
    parts = list(bars)
    if not parts:
        raise ValueError("no bars to put together")
    return parts[0]._replace(
        end=parts[-1].end,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        volume=sum(part.volume for part in parts),
        trades=sum(part.trades for part in parts),
    )


def running(prices: Prices, listing: Listing, bars: list[Bar], now: datetime) -> Bar | None:
    """What the session that is open at `now` has brought so far, as one bar with the session's end; None without."""
    for bar in reversed(bars):
        if bar.start <= now < bar.end:
            so_far = [part for part in minutes(prices, listing, bar) if part.end <= now]
            return together(so_far)._replace(end=bar.end) if so_far else None
    return None


def adjusted(listing: Listing, bar: Bar, as_of: date) -> Bar:
    """A bar with the splits after it up to `as_of` taken into its prices, which get two more places, and its volume."""
    new, old = 1, 1
    for split in listing.splits:
        if bar.day < split.ex_date <= as_of:
            new, old = new * split.new, old * split.old
    opened, high, low, close = (
        100 * price * old // new for price in (bar.open, bar.high, bar.low, bar.close)
    )
    return bar._replace(open=opened, high=high, low=low, close=close, volume=bar.volume * new // old)
