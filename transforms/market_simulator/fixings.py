"""Reference rates of the euro: units of a currency for one euro on the days of TARGET. Their format is in `ecb`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from transforms.broker_simulator.market import MILLION, walk
from transforms.market_simulator.prices import Prices
from transforms.market_simulator.sessions import TARGET

PUBLISHED = time(16)
_FRANKFURT = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Currency:
    """A currency with a reference rate. `first`: millionths for one euro at the start; none for the broker's own.

    `last`: the last day with a rate, where it has ended.
    """

    code: str
    name: str
    places: int
    first: int | None = None
    swing: int = 1_800
    last: date | None = None


CURRENCIES = {
    each.code: each
    for each in (
        Currency("USD", "US dollar", 5),
        Currency("GBP", "UK pound sterling", 5),
        Currency("CHF", "Swiss franc", 5),
        Currency("JPY", "Japanese yen", 2, 140_660_000, 2_600),
        Currency("BGN", "Bulgarian lev", 4, 1_955_800, 0, date(2025, 12, 31)),
        Currency("CZK", "Czech koruna", 3, 24_116_000, 1_100),
        Currency("DKK", "Danish krone", 4, 7_436_500, 20),
        Currency("HUF", "Hungarian forint", 2, 400_870_000, 2_200),
        Currency("PLN", "Polish zloty", 4, 4_680_800, 1_500),
        Currency("RON", "Romanian leu", 4, 4_949_500, 300),
        Currency("SEK", "Swedish krona", 4, 11_121_800, 1_700),
        Currency("NOK", "Norwegian krone", 4, 10_513_800, 2_100),
        Currency("ISK", "Icelandic krona", 2, 151_500_000, 1_300),
        Currency("TRY", "Turkish lira", 4, 19_964_900, 1_500),
        Currency("AUD", "Australian dollar", 4, 1_569_300, 1_900),
        Currency("BRL", "Brazilian real", 4, 5_638_600, 3_000),
        Currency("CAD", "Canadian dollar", 4, 1_444_000, 1_600),
        Currency("CNY", "Chinese yuan renminbi", 4, 7_358_200, 1_300),
        Currency("HKD", "Hong Kong dollar", 4, 8_316_300, 1_500),
        Currency("INR", "Indian rupee", 4, 88_171_000, 1_400),
        Currency("KRW", "South Korean won", 2, 1_344_090_000, 2_000),
        Currency("MXN", "Mexican peso", 4, 20_856_000, 2_600),
        Currency("NZD", "New Zealand dollar", 4, 1_679_800, 1_900),
        Currency("SGD", "Singapore dollar", 4, 1_430_000, 1_100),
        Currency("ZAR", "South African rand", 4, 18_098_600, 3_100),
    )
}


def known_at(day: date) -> datetime:
    """When the reference rates of a day come out."""
    return datetime.combine(day, PUBLISHED, _FRANKFURT)


@lru_cache(maxsize=256)
def fixings(prices: Prices, code: str) -> dict[date, Decimal]:
    """The rates of a currency for one euro, by day of TARGET, in order. Raises KeyError for a currency without any."""
    currency, days = CURRENCIES[code], prices.broker_days
    unit = Decimal(1).scaleb(-currency.places)
    if currency.first is None:
        told = {day: prices.broker.rate("EUR", code, place) for place, day in enumerate(days)}
    else:
        levels = walk(f"{prices.seed}:rate:{code}", currency.first, currency.swing, 0, len(days))
        told = {
            day: (Decimal(level) / MILLION).quantize(unit, ROUND_HALF_UP)
            for day, level in zip(days, levels, strict=True)
        }
    last = currency.last or date.max
    return {day: rate for day, rate in told.items() if TARGET.is_session(day) and day <= last}
