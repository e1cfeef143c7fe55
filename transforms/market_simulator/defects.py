"""Defects planted in what the vendors tell, declared as data: what, where, when, and which check must find it.

Each has a symbol of its own, so that no other series suffers; the broker's securities are told without any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from transforms.market_simulator.bars import Bar
from transforms.market_simulator.listings import Listing

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Defect:
    """One planted defect. `day`: the session it is on; none for one that goes with the day of the request.

    `check`: the check that must find it, by its name in the pipeline's registry. `found_in`: an `answer` that is wrong
    in itself is refused when it is read; else the check finds it in the `rows`.
    """

    check: str
    severity: Severity
    vendor: str
    symbol: str
    day: date | None
    what: str
    found_in: Literal["answer", "rows"] = "rows"


DEFECTS = (
    Defect("duplicate_key", "error", "stooq", "DUPE", date(2024, 5, 14),
           "the day is told twice, with two closes", "answer"),
    Defect("inconsistent_range", "error", "stooq", "HILO", date(2024, 5, 15), "high and low are exchanged"),
    Defect("non_positive_price", "error", "stooq", "NEGA", date(2024, 5, 16),
           "low and close are below zero"),
    Defect("future_bar", "error", "stooq", "AHED", None, "the session after the last one is told"),
    Defect("partial_bar", "error", "stooq", "PART", None, "the session that is still open is told as a day"),
    Defect("restated_overlap", "error", "stooq", "RSTD", date(2025, 6, 16),
           "from this day on the whole history is told at half its price, and no split is told"),
    Defect("mixed_adjustment", "error", "massive", "MIXA", date(2024, 5, 17),
           "unadjusted prices are asked for, and adjusted ones come from this day on", "answer"),
    Defect("mixed_currency", "error", "yahoo", "MIXC", date(2025, 6, 17),
           "from this day on the currency of the answer is another", "answer"),
    Defect("gap", "warning", "stooq", "GAPS", date(2024, 5, 20), "three trading days are missing from here on"),
    Defect("stale", "warning", "stooq", "STAL", date(2025, 5, 21), "nothing is told after this trading day"),
    Defect("unexplained_return", "warning", "stooq", "JUMP", date(2024, 5, 22),
           "prices are two and a half times as high from here on, and no action is told"),
    Defect("zero_volume", "warning", "stooq", "VZRO", date(2024, 5, 23), "the volume is 0"),
    Defect("excessive_volume", "warning", "stooq", "VBIG", date(2024, 5, 24), "the volume is 40 times as high"),
    Defect("flat", "warning", "stooq", "FLAT", date(2024, 5, 31), "the last of five sessions with one price"),
    Defect("cross_vendor", "warning", "stooq", "XVEN", date(2024, 5, 29),
           "the close is 2 % above that of the others"),
)  # fmt: skip
"""What is planted, and what must be found."""


def is_planted(vendor: str, symbol: str, check: str, now: datetime) -> bool:
    """Say whether a vendor's answers about a symbol have, at `now`, the defect that a check must find."""
    return any(
        (each.vendor, each.symbol, each.check) == (vendor, symbol, check)
        and (each.day or now.date()) <= now.date()
        for each in DEFECTS
    )


def planted(vendor: str, listing: Listing, bars: list[Bar], now: datetime) -> list[Bar]:
    """The bars with the defects that this vendor has in them. What goes with the request's day comes last."""
    for each in DEFECTS:
        if (each.vendor, each.symbol) == (vendor, listing.symbol) and each.check in _PLANT:
            bars = _PLANT[each.check](bars, each.day or now.date(), now)
    return bars


def _duplicate(bars: list[Bar], day: date, _: datetime) -> list[Bar]:
    return [
        twice for bar in bars for twice in ([bar, bar._replace(close=bar.open)] if bar.day == day else [bar])
    ]


def _exchange(bars: list[Bar], day: date, _: datetime) -> list[Bar]:
    return [bar._replace(high=bar.low, low=bar.high) if bar.day == day else bar for bar in bars]


def _negative(bars: list[Bar], day: date, _: datetime) -> list[Bar]:
    return [bar._replace(low=-bar.low, close=-bar.low) if bar.day == day else bar for bar in bars]


def _ahead(bars: list[Bar], day: date, now: datetime) -> list[Bar]:
    tomorrow = bars[-1].day + timedelta(1)
    while tomorrow <= day or tomorrow.weekday() >= 5:
        tomorrow += timedelta(1)
    wait = tomorrow - bars[-1].day
    return [*bars, bars[-1]._replace(day=tomorrow, start=bars[-1].start + wait, end=bars[-1].end + wait)]


def _halved(bars: list[Bar], day: date, now: datetime) -> list[Bar]:
    return [_times(bar, 1, 2) for bar in bars] if now.date() >= day else bars


def _missing(bars: list[Bar], day: date, _: datetime) -> list[Bar]:
    days = [bar.day for bar in bars if bar.day >= day][:3]
    return [bar for bar in bars if bar.day not in days]


def _ended(bars: list[Bar], day: date, _: datetime) -> list[Bar]:
    return [bar for bar in bars if bar.day <= day]


def _jumped(bars: list[Bar], day: date, _: datetime) -> list[Bar]:
    return [_times(bar, 5, 2) if bar.day >= day else bar for bar in bars]


def _no_volume(bars: list[Bar], day: date, _: datetime) -> list[Bar]:
    return [bar._replace(volume=0) if bar.day == day else bar for bar in bars]


def _much_volume(bars: list[Bar], day: date, _: datetime) -> list[Bar]:
    return [bar._replace(volume=40 * bar.volume) if bar.day == day else bar for bar in bars]


def _flat(bars: list[Bar], day: date, _: datetime) -> list[Bar]:
    days = [bar.day for bar in bars if bar.day <= day][-5:]
    price = next((bar.close for bar in bars if bar.day in days), 0)
    return [
        bar._replace(open=price, high=price, low=price, close=price) if bar.day in days else bar
        for bar in bars
    ]


def _dearer(bars: list[Bar], day: date, _: datetime) -> list[Bar]:
    return [
        bar._replace(close=bar.close * 102 // 100, high=max(bar.high, bar.close * 102 // 100))
        if bar.day == day
        else bar
        for bar in bars
    ]


def _times(bar: Bar, new: int, old: int) -> Bar:
    opened, high, low, close = (price * new // old for price in (bar.open, bar.high, bar.low, bar.close))
    return bar._replace(open=opened, high=high, low=low, close=close)


_PLANT: dict[str, Callable[[list[Bar], date, datetime], list[Bar]]] = {
    "duplicate_key": _duplicate,
    "inconsistent_range": _exchange,
    "non_positive_price": _negative,
    "future_bar": _ahead,
    "restated_overlap": _halved,
    "gap": _missing,
    "stale": _ended,
    "unexplained_return": _jumped,
    "zero_volume": _no_volume,
    "excessive_volume": _much_volume,
    "flat": _flat,
    "cross_vendor": _dearer,
}
"""How a defect of bars is made, by its check. Those of one vendor's answers are in its module."""
