"""What the simulated venues list: symbols, currencies, where the prices come from, splits and dividends. No prices.

The synthetic broker's securities are listed under its own symbols. The others are listed for comparison: benchmarks,
shares beside the account, currency pairs, coins. Those of `defects` are shares like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from transforms.broker_simulator import instruments as ins
from transforms.broker_simulator.instruments import Instrument
from transforms.market_simulator.sessions import ALWAYS, CURRENCIES, XETR, XLON, XNYS, Calendar

FIRST_DAY = date(2023, 1, 2)
"""The first day of the market: that of the synthetic broker's accounts."""
Kind = Literal["share", "etf", "index", "coin", "pair"]


@dataclass(frozen=True)
class Walk:
    """A price of its own: millionths at first, a daily swing in millionths and a yearly drift in percent.

    `beta`: percent of the daily move of the listing that it `follows`, on top.
    """

    first: int
    swing: int
    drift: int
    follows: str = ""
    beta: int = 0


@dataclass(frozen=True)
class Split:
    """`new` shares for `old` ones from a session on."""

    ex_date: date
    new: int
    old: int


@dataclass(frozen=True)
class Payout:
    """Dividends of a share that the broker does not list: an amount in millionths on a day of some months."""

    months: tuple[int, ...]
    day: int
    millionths: int


@dataclass(frozen=True)
class Listing:
    """One symbol at one venue. Prices are whole numbers of 10^-`places` of the currency.

    `held`: the broker's securities whose marks are the closes, by the first day of each. `turnover`: what changes hands
    on a usual day at first, in whole units of the currency; 0 where no volume is told. `ratio`: the price is the
    first listing's over the second's.
    """

    symbol: str
    name: str
    kind: Kind
    calendar: Calendar
    currency: str
    held: tuple[tuple[date, Instrument], ...] = ()
    walk: Walk | None = None
    first: date = FIRST_DAY
    last: date | None = None
    places: int = 2
    turnover: int = 40_000_000
    splits: tuple[Split, ...] = ()
    payout: Payout | None = None
    volume_places: int = 0
    ratio: tuple[str, str] | None = None


_CALENDARS = {"USD": XNYS, "EUR": XETR, "GBP": XLON}
_REVERSED, _QUARTERED = date(2024, 3, 11), date(2024, 6, 10)
_RENAMED, SPUN_OFF, _MERGED = date(2023, 10, 9), date(2024, 9, 16), date(2025, 4, 21)


def _held(share: Instrument, first: date = FIRST_DAY, last: date | None = None,
          splits: tuple[Split, ...] = ()) -> Listing:  # fmt: skip
    kind: Kind = "etf" if share.sub_category == "ETF" else "share"
    return Listing(share.symbol, share.description, kind, _CALENDARS[share.currency], share.currency,
                   ((first, share),), first=first, last=last, splits=splits)  # fmt: skip


_OF_THE_BROKER = (
    _held(ins.NWD, splits=(Split(_QUARTERED, 4, 1),)),
    *(_held(share) for share in (ins.HLX, ins.VWTI, ins.PRNT, ins.ACQR, ins.SHRT, ins.AURX)),
    Listing("ORBT", ins.ORBT.description, "share", XNYS, "USD",
            ((FIRST_DAY, ins.ORBT_OLD), (_REVERSED, ins.ORBT)), splits=(Split(_REVERSED, 1, 10),)),
    _held(ins.SPNC, first=SPUN_OFF),
    _held(ins.TGTM, last=_MERGED),
    _held(ins.OLDN, last=date(2023, 10, 6)),
    _held(ins.NEWN, first=_RENAMED),
    *(_held(share) for share in (ins.RHN, ins.EUWX, ins.BLTC, ins.THMS, ins.CLYD, *ins.LIQUID)),
)  # fmt: skip


def _share(symbol: str, name: str, first: int, swing: int, drift: int, beta: int,
           splits: tuple[Split, ...] = ()) -> Listing:  # fmt: skip
    return Listing(
        symbol, name, "share", XNYS, "USD", walk=Walk(first, swing, drift, "VWTI", beta), splits=splits
    )


_QUARTERLY = (3, 6, 9, 12)
_BENCHMARKS = (
    Listing("SPY", "LARGE US COMPANIES ETF TRUST", "etf", XNYS, "USD", turnover=30_000_000_000,
            walk=Walk(382_000_000, 900, 0, "VWTI", 98), payout=Payout(_QUARTERLY, 18, 1_612_000)),
    Listing("VWCE", "ALL WORLD UCITS ETF ACC", "etf", XETR, "EUR", turnover=20_000_000,
            walk=Walk(94_300_000, 900, 0, "EUWX", 98)),
    Listing("^SPX", "LARGE US COMPANIES INDEX", "index", XNYS, "USD", turnover=0,
            walk=Walk(3_824_140_000, 0, 0, "SPY", 100)),
)  # fmt: skip
_OTHERS = (
    _share("AAPL", "ORCHARD ELECTRONICS INC", 124_930_000, 9_000, 8, 90),
    _share("MSFT", "SMALL PROGRAMS CORP", 239_820_000, 8_500, 8, 95),
    _share("BRK.B", "ROUNDED HOLDINGS INC CL B", 309_100_000, 5_000, 5, 70),
    _share("HALV", "HALVING TOOLS INC", 208_400_000, 10_000, 9, 80, (Split(date(2025, 3, 3), 2, 1),)),
)
_PLANTED = tuple(
    _share(symbol, f"{symbol} HOLDINGS INC", 38_000_000 + 7_150_000 * place, 9_000, 4, 60)
    for place, symbol in enumerate(
        ("DUPE", "HILO", "NEGA", "AHED", "PART", "RSTD", "MIXA", "MIXC", "GAPS", "STAL", "JUMP", "VZRO", "VBIG",
         "FLAT", "XVEN")
    )
)  # fmt: skip


def _pair(base: str, quote: str) -> Listing:
    # without a walk: the price is the broker's rate
    return Listing(f"{base}{quote}", f"{base}/{quote}", "pair", CURRENCIES, quote, places=5, turnover=0)


_PAIRS = tuple(
    _pair(*names)
    for names in (("EUR", "USD"), ("GBP", "USD"), ("EUR", "GBP"), ("EUR", "CHF"), ("USD", "CHF"))
)


def _coin(symbol: str, first: int, swing: int, drift: int, follows: str = "", beta: int = 0) -> Listing:
    return Listing(symbol, symbol, "coin", ALWAYS, "USDT", walk=Walk(first, swing, drift, follows, beta),
                   first=date(2023, 1, 1), turnover=900_000_000, volume_places=5)  # fmt: skip


_COINS = (
    _coin("BTCUSDT", 16_540_000_000, 19_000, 40),
    _coin("ETHUSDT", 1_195_000_000, 14_000, 5, "BTCUSDT", 105),
    _coin("SOLUSDT", 9_970_000, 21_000, 10, "BTCUSDT", 125),
    Listing("ETHBTC", "ETHBTC", "coin", ALWAYS, "BTC", ratio=("ETHUSDT", "BTCUSDT"), first=date(2023, 1, 1),
            places=5, turnover=3_000, volume_places=3),
)  # fmt: skip
LISTINGS = {
    listing.symbol: listing
    for listing in (*_OF_THE_BROKER, *_BENCHMARKS, *_OTHERS, *_PLANTED, *_PAIRS, *_COINS)
}
"""Every symbol of the market, by its canonical name."""
