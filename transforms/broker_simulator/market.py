"""Prices and exchange rates of the simulated days, from the seed alone; nothing here knows an account.

All walks are made of whole numbers (millionths), so that the same seed gives the same prices on any machine.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from math import isqrt
from random import Random

from transforms.broker_simulator import instruments as ins
from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.money import ZERO

MILLION = 1_000_000
CURRENCIES = ("CHF", "EUR", "GBP", "USD")
RATE_PLACES = Decimal("0.00001")
# conid: first price in millionths of its currency, daily swing in millionths, yearly drift in percent
_WALKS = {
    ins.NWD.conid: (182_400_000, 14_000, 14),
    ins.HLX.conid: (64_250_000, 12_000, 8),
    ins.VWTI.conid: (191_300_000, 8_000, 9),
    ins.ORBT_OLD.conid: (3_420_000, 16_000, 4),
    ins.PRNT.conid: (98_700_000, 11_000, 6),
    ins.SPNC.conid: (31_200_000, 15_000, 5),
    ins.TGTM.conid: (41_800_000, 12_000, 10),
    ins.ACQR.conid: (88_600_000, 10_000, 7),
    ins.OLDN.conid: (17_350_000, 13_000, 3),
    ins.SHRT.conid: (26_900_000, 16_000, -12),
    ins.AURX.conid: (73_150_000, 15_000, 12),
    ins.RHN.conid: (54_620_000, 11_000, 7),
    ins.EUWX.conid: (71_480_000, 8_000, 8),
    ins.BLTC.conid: (38_240_000, 13_000, 5),
    ins.THMS.conid: (9_170_000, 9_000, 2),
    ins.CLYD.conid: (4_860_000, 13_000, 4),
    ins.LIQUID[0].conid: (412_300_000, 7_000, 9),
    ins.LIQUID[1].conid: (52_700_000, 8_000, 6),
    ins.LIQUID[2].conid: (31_600_000, 8_000, 4),
    ins.INDEX.conid: (4_012_000_000, 8_000, 8),
    ins.BOND.conid: (96_850_000, 1_600, 1),
}
_DOLLARS_FOR_ONE = {"EUR": (1_066_000, 3_500), "GBP": (1_204_000, 3_800), "CHF": (1_081_000, 3_600)}
# the price of the second is the price of the first times a ratio, on every day
_FOLLOWS = {ins.ORBT.conid: (ins.ORBT_OLD.conid, 10), ins.NEWN.conid: (ins.OLDN.conid, 1)}
_FIXED = {ins.TGTM_RIGHT.conid: 350_000}


@lru_cache(maxsize=256)
def walk(seed: str, first: int, swing: int, drift_percent: int, length: int) -> tuple[int, ...]:
    """Walk a price for `length` days: whole millionths, three-dice daily moves, never below one hundredth
    of the first. Kept: lives of one seed and length, and the simulated market beside them, walk the same.
    """
    random = Random(seed)
    drift = drift_percent * 10_000 // 260
    levels = [first]
    for _ in range(length - 1):
        move = sum(random.randint(-swing, swing) for _ in range(3)) + drift
        levels.append(max(levels[-1] * (MILLION + move) // MILLION, first // 100))
    return tuple(levels)


class Market:
    """Closing prices and rates by day index. `rescale` puts a split or a spin-off into an instrument's
    prices.
    """

    def __init__(self, seed: int, days: list[date]) -> None:
        self.days = days
        self._levels = {
            conid: walk(f"{seed}:price:{conid}", first, swing, drift, len(days))
            for conid, (first, swing, drift) in _WALKS.items()
        }
        self._rescaled: dict[int, tuple[int, int, int]] = {}
        dollars = {
            currency: walk(f"{seed}:rate:{currency}", first, swing, 0, len(days))
            for currency, (first, swing) in _DOLLARS_FOR_ONE.items()
        }
        dollars["USD"] = (MILLION,) * len(days)
        self._rates = {
            (currency, base): [
                (Decimal(of) / Decimal(to)).quantize(RATE_PLACES, ROUND_HALF_UP)
                for of, to in zip(dollars[currency], dollars[base], strict=True)
            ]
            for currency in CURRENCIES
            for base in CURRENCIES
        }

    def rescale(self, instrument: Instrument, from_day: int, numerator: int, denominator: int) -> None:
        """From day `from_day` on, quote the instrument at its walk times numerator / denominator."""
        self._rescaled[instrument.conid] = (from_day, numerator, denominator)

    def rate(self, currency: str, base: str, day: int) -> Decimal:
        """Closing rate of a day index: one unit of `currency` in `base`, 5 decimal places."""
        return self._rates[currency, base][day]

    def price(self, instrument: Instrument, day: int) -> Decimal:
        """Closing price of a day index, in the instrument's currency (a bond: percent of par)."""
        if instrument.category == "CASH":
            return self.rate(instrument.symbol[:3], instrument.symbol[4:], day)
        return _quoted(self._millionths(instrument, day), instrument.price_places)

    def _millionths(self, instrument: Instrument, day: int) -> int:
        if instrument.category == "OPT":
            return self._option_millionths(instrument, day)
        if instrument.category == "FUT":
            return self._levels[ins.INDEX.conid][day] // 250_000 * 250_000
        if instrument.conid in _FIXED:
            return _FIXED[instrument.conid]
        if instrument.conid in _FOLLOWS:
            followed, ratio = _FOLLOWS[instrument.conid]
            return self._levels[followed][day] * ratio
        level = self._levels[instrument.conid][day]
        from_day, numerator, denominator = self._rescaled.get(instrument.conid, (len(self.days), 1, 1))
        return level * numerator // denominator if day >= from_day else level

    def _option_millionths(self, option: Instrument, day: int) -> int:
        """Intrinsic value plus a time value that fades with the root of the days left and the distance to
        the strike.
        """
        if option.underlying is None or option.strike is None or option.expiry is None:
            raise ValueError(f"{option.symbol} is no option: it has no underlying, strike or expiry")
        spot = self._millionths(option.underlying, day)
        strike = int(option.strike * MILLION)
        inner = max(spot - strike if option.put_call == "C" else strike - spot, 0)
        days_left = max((option.expiry - self.days[day]).days, 0)
        root_of_years = isqrt(days_left * 10**8 // 365)
        at_the_money = spot * 12 // 100 * root_of_years // 10**4
        distance = abs(spot - strike) * 1000 // spot
        return inner + at_the_money * max(250 - distance, 0) // 250


def _quoted(millionths: int, places: int) -> Decimal:
    unit = 10 ** (6 - places)
    return Decimal((millionths + unit // 2) // unit).scaleb(-places)


def position_value(instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
    """Money that a quantity is worth at a price, unrounded: a bond is quoted in percent of par, a future is
    notional.
    """
    if instrument.category == "BOND":
        return quantity * price / 100
    return quantity * price * instrument.multiplier if quantity else ZERO
