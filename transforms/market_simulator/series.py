"""The series of the simulated statistics office: what each says, and from when it was known. Their JSON is in `fred`.

A macro series is revised: its first figure, the one of a month later, the one of a year later. Each is a vintage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from random import Random
from typing import Literal, NamedTuple

from transforms.market_simulator.curve import DEPOSIT_RATE, TARGET_UPPER, Curve, curve, policy
from transforms.market_simulator.fixings import fixings
from transforms.market_simulator.listings import FIRST_DAY, LISTINGS
from transforms.market_simulator.prices import Prices, prices
from transforms.market_simulator.sessions import US_BONDS

MACRO_FIRST = date(2013, 1, 1)
ROLLING_YEARS = 3
MILLION = 1_000_000
Frequency = Literal["Daily", "Daily, 7-Day", "Weekly, Ending Wednesday", "Weekly, Ending Friday",
                    "Weekly, Ending Saturday", "Monthly", "Quarterly"]  # fmt: skip
_WEEKDAYS = {"Weekly, Ending Wednesday": 2, "Weekly, Ending Friday": 4, "Weekly, Ending Saturday": 5}


@dataclass(frozen=True)
class Maturity:
    """A yield of the Treasury's curve, in months; `real`: of the inflation-protected securities."""

    months: float
    real: bool = False


@dataclass(frozen=True)
class Spread:
    """The difference of two published series."""

    of: str
    less: str


@dataclass(frozen=True)
class Steps:
    """A policy rate: basis points that hold from a day on, and an offset."""

    steps: tuple[tuple[date, int], ...]
    offset: int = 0


@dataclass(frozen=True)
class Cross:
    """An exchange rate: units of `of` for one `per`."""

    of: str
    per: str


@dataclass(frozen=True)
class Closes:
    """The closes of a listing."""

    symbol: str


@dataclass(frozen=True)
class Wander:
    """A figure that walks: its first in 10^-places, swing and drift a period in millionths, `home` percent it keeps of
    its distance to the first, `revised` by up to so many millionths at first.
    """

    first: int
    swing: int
    drift: int = 0
    home: int = 100
    revised: int = 0


@dataclass(frozen=True)
class Statistic:
    """A series: how often it comes, its unit, where its figures come from. `rolling`: only the last years are told."""

    series_id: str
    title: str
    units: str
    places: int
    source: Maturity | Spread | Steps | Cross | Closes | Wander
    frequency: Frequency = "Daily"
    lag: int = 1
    rolling: bool = False


class Vintage(NamedTuple):
    """A figure in 10^-places, None where it is told as missing, and the first day on which it was known."""

    known_from: date
    figure: int | None


class Observed(NamedTuple):
    """A period by its date, and its figures in the order in which they came."""

    day: date
    vintages: tuple[Vintage, ...]


_PCT = "Percent"
_EACH_DAY: Frequency = "Daily, 7-Day"
_NOMINAL = (("DGS1MO", 1, "1-Month"), ("DGS3MO", 3, "3-Month"), ("DGS6MO", 6, "6-Month"), ("DGS1", 12, "1-Year"),
            ("DGS2", 24, "2-Year"), ("DGS3", 36, "3-Year"), ("DGS5", 60, "5-Year"), ("DGS7", 84, "7-Year"),
            ("DGS10", 120, "10-Year"), ("DGS20", 240, "20-Year"), ("DGS30", 360, "30-Year"))  # fmt: skip
_REAL = (("DFII5", 60, "5-Year"), ("DFII7", 84, "7-Year"), ("DFII10", 120, "10-Year"), ("DFII20", 240, "20-Year"),
         ("DFII30", 360, "30-Year"))  # fmt: skip
_CROSSES = (("DEXUSEU", "USD", "EUR"), ("DEXUSUK", "USD", "GBP"), ("DEXUSAL", "USD", "AUD"), ("DEXUSNZ", "USD", "NZD"),
            ("DEXJPUS", "JPY", "USD"), ("DEXSZUS", "CHF", "USD"), ("DEXCAUS", "CAD", "USD"), ("DEXNOUS", "NOK", "USD"),
            ("DEXSDUS", "SEK", "USD"))  # fmt: skip
_RATES = (
    *(Statistic(name, f"Market Yield on U.S. Treasury Securities at {told} Constant Maturity", _PCT, 2, Maturity(m))
      for name, m, told in _NOMINAL),
    *(Statistic(name, f"Market Yield on {told} Inflation-Indexed Securities", _PCT, 2, Maturity(m, True))
      for name, m, told in _REAL),
    Statistic("T10Y2Y", "10-Year Minus 2-Year Treasury Constant Maturity", _PCT, 2, Spread("DGS10", "DGS2")),
    Statistic("T10Y3M", "10-Year Minus 3-Month Treasury Constant Maturity", _PCT, 2, Spread("DGS10", "DGS3MO")),
    Statistic("DFEDTARU", "Federal Funds Target Range - Upper Limit", _PCT, 2, Steps(TARGET_UPPER), _EACH_DAY, 0),
    Statistic("DFEDTARL", "Federal Funds Target Range - Lower Limit", _PCT, 2, Steps(TARGET_UPPER, -25), _EACH_DAY, 0),
    Statistic("IORB", "Interest Rate on Reserve Balances", _PCT, 2, Steps(TARGET_UPPER, -10), _EACH_DAY, 0),
    Statistic("EFFR", "Effective Federal Funds Rate", _PCT, 2, Steps(TARGET_UPPER, -17)),
    Statistic("SOFR", "Secured Overnight Financing Rate", _PCT, 2, Steps(TARGET_UPPER, -19)),
    Statistic("ECBDFR", "ECB Deposit Facility Rate for Euro Area", _PCT, 2, Steps(DEPOSIT_RATE), _EACH_DAY, 0),
    Statistic("BAA10Y", "Baa Corporate Bond Yield Relative to 10-Year Treasury", _PCT, 2, Wander(192, 9_000, 0, 97)),
    Statistic("BAMLH0A0HYM2", "ICE BofA US High Yield Index Option-Adjusted Spread", _PCT, 2,
              Wander(402, 14_000, 0, 97), rolling=True),
    Statistic("BAMLC0A0CM", "ICE BofA US Corporate Index Option-Adjusted Spread", _PCT, 2,
              Wander(128, 9_000, 0, 97), rolling=True),
)  # fmt: skip
_MARKETS = (
    *(Statistic(name, f"{of} to {per} Spot Exchange Rate", f"{of} per {per}", 4, Cross(of, per), lag=4)
      for name, of, per in _CROSSES),
    Statistic("SP500", "Large US Companies", "Index", 2, Closes("^SPX")),
    Statistic("VIXCLS", "Volatility Index", "Index", 2, Wander(1_780, 32_000, 0, 96)),
    Statistic("DCOILWTICO", "Crude Oil Prices: WTI", "Dollars per Barrel", 2, Wander(7_420, 12_000, 0, 99), lag=5),
    Statistic("DCOILBRENTEU", "Crude Oil Prices: Brent", "Dollars per Barrel", 2, Wander(7_890, 12_000, 0, 99), lag=5),
    Statistic("DHHNGSP", "Henry Hub Natural Gas Spot Price", "Dollars per MMBTU", 2, Wander(312, 24_000, 0, 98), lag=5),
    Statistic("RRPONTSYD", "Overnight Reverse Repurchase Agreements", "Billions of US Dollars", 3,
              Wander(412_500, 22_000, 0, 99)),
)  # fmt: skip
_WED: Frequency = "Weekly, Ending Wednesday"
_USD_MN, _USD_BN = "Millions of U.S. Dollars", "Billions of Dollars"
_WEEKLY = (
    Statistic("WALCL", "Assets: Total Assets", _USD_MN, 0, Wander(7_420_000, 1_500, -150), _WED),
    Statistic("TREAST", "Assets: U.S. Treasury Securities", _USD_MN, 0, Wander(4_520_000, 1_200, -150), _WED),
    Statistic("WSHOMCB", "Assets: Mortgage-Backed Securities", _USD_MN, 0, Wander(2_420_000, 900, -150), _WED),
    Statistic("WTREGEN", "Deposits: U.S. Treasury, General Account", _USD_MN, 0, Wander(642_000, 25_000, 0, 97), _WED),
    Statistic("WRESBAL", "Reserve Balances with Federal Reserve Banks", _USD_MN, 0, Wander(3_210_000, 8_000), _WED),
    Statistic("ICSA", "Initial Claims", "Number", 0, Wander(221_000, 14_000, 0, 92, 6_000),
              "Weekly, Ending Saturday", 5),
    Statistic("NFCI", "Chicago Fed National Financial Conditions Index", "Index", 5,
              Wander(-48_210, 22_000, 0, 97, 9_000), "Weekly, Ending Friday", 5),
)  # fmt: skip
_MACRO = (
    Statistic("CPIAUCSL", "Consumer Price Index: All Items", "Index 1982-1984=100", 3,
              Wander(231_679, 1_100, 2_300, 100, 300), "Monthly", 12),
    Statistic("CPILFESL", "Consumer Price Index: Less Food and Energy", "Index 1982-1984=100", 3,
              Wander(232_203, 500, 2_250, 100, 300), "Monthly", 12),
    Statistic("PCEPILFE", "Personal Consumption Expenditures: Less Food and Energy", "Index 2017=100", 3,
              Wander(93_420, 500, 2_000, 100, 500), "Monthly", 27),
    Statistic("PAYEMS", "All Employees, Total Nonfarm", "Thousands of Persons", 0,
              Wander(135_293, 500, 1_200, 100, 700), "Monthly", 5),
    Statistic("UNRATE", "Unemployment Rate", _PCT, 1, Wander(42, 18_000, 0, 96, 9_000), "Monthly", 5),
    Statistic("M2SL", "M2", _USD_BN, 1, Wander(104_632, 1_800, 4_000, 100, 900), "Monthly", 25),
    Statistic("INDPRO", "Industrial Production: Total Index", "Index 2017=100", 4,
              Wander(990_214, 3_500, 100, 100, 2_500), "Monthly", 15),
    Statistic("RSAFS", "Advance Retail Sales", "Millions of Dollars", 0,
              Wander(418_211, 5_000, 3_500, 100, 4_500), "Monthly", 14),
    Statistic("HOUST", "New Privately-Owned Housing Units Started", "Thousands of Units", 0,
              Wander(1_290, 30_000, 0, 94, 22_000), "Monthly", 17),
    Statistic("GDPC1", "Real Gross Domestic Product", "Billions of Chained 2017 Dollars", 3,
              Wander(18_170_210, 2_200, 5_500, 100, 2_600), "Quarterly", 28),
    Statistic("GDPNOW", "GDPNow", "Percent Change at Annual Rate", 4,
              Wander(23_911, 60_000, 0, 88, 120_000), "Quarterly", 0),
)  # fmt: skip
STATISTICS = {each.series_id: each for each in (*_RATES, *_MARKETS, *_WEEKLY, *_MACRO)}
"""Every series by its id."""


@lru_cache(maxsize=512)
def observed(seed: int, last_year: int, series_id: str) -> tuple[Observed, ...]:
    """What there is of a series until the end of a year, by date. Raises KeyError for an unknown series."""
    statistic = STATISTICS[series_id]
    days = list(_periods(statistic, last_year))
    if isinstance(statistic.source, Wander) and statistic.source.revised:
        return tuple(_revised(statistic, statistic.source, days, seed))
    figures = _figures(statistic, days, seed, last_year)
    return tuple(
        Observed(day, (Vintage(_published(statistic, day), figure),))
        for day, figure in zip(days, figures, strict=True)
    )


def _periods(statistic: Statistic, last_year: int) -> Iterator[date]:
    end, frequency = date(last_year, 12, 31), statistic.frequency
    if frequency in ("Monthly", "Quarterly"):
        months = range(1, 13) if frequency == "Monthly" else (1, 4, 7, 10)
        yield from (
            date(year, month, 1) for year in range(MACRO_FIRST.year, last_year + 1) for month in months
        )
        return
    first = MACRO_FIRST if frequency in _WEEKDAYS else FIRST_DAY
    for place in range((end - first).days + 1):
        day = first + timedelta(place)
        weekday = _WEEKDAYS.get(frequency)
        if frequency == "Daily, 7-Day" or day.weekday() == weekday or (weekday is None and day.weekday() < 5):
            yield day


def _published(statistic: Statistic, day: date) -> date:
    if statistic.frequency in ("Monthly", "Quarterly"):
        ahead = 1 if statistic.frequency == "Monthly" else 3
        month = day.month - 1 + ahead
        day = date(day.year + month // 12, month % 12 + 1, 1)
    day += timedelta(statistic.lag)
    while statistic.lag and day.weekday() >= 5:
        day += timedelta(1)
    return day


def _figures(statistic: Statistic, days: list[date], seed: int, last_year: int) -> list[int | None]:
    source = statistic.source
    if isinstance(source, Wander):
        walked: list[int | None] = list(
            _walk(source, len(days), Random(f"{seed}:series:{statistic.series_id}"))
        )
        if statistic.frequency == "Daily":
            return [
                figure if US_BONDS.is_session(day) else None for day, figure in zip(days, walked, strict=True)
            ]
        return walked
    if isinstance(source, Spread):
        of, less = (
            {each.day: each.vintages[-1].figure for each in observed(seed, last_year, name)}
            for name in (source.of, source.less)
        )
        return [_difference(of[day], less[day]) for day in days]
    if isinstance(source, Steps):
        always = statistic.frequency == "Daily, 7-Day"
        return [
            policy(source.steps, day) + source.offset if always or US_BONDS.is_session(day) else None
            for day in days
        ]
    if isinstance(source, Maturity):
        return [_yield(source, curve(seed, last_year), day) for day in days]
    market = prices(seed, last_year)
    if isinstance(source, Cross):
        return _crossed(source, market, days, 10**statistic.places)
    closes = market.closes(LISTINGS[source.symbol])
    return [closes.get(day) for day in days]


def _difference(of: int | None, less: int | None) -> int | None:
    return None if of is None or less is None else of - less


def _yield(source: Maturity, told: Curve, day: date) -> int | None:
    if not told.is_told(day):
        return None
    return told.real(source.months, day) if source.real else told.par(source.months, day)


def _crossed(source: Cross, market: Prices, days: list[date], unit: int) -> list[int | None]:
    of, per = (None if code == "EUR" else fixings(market, code) for code in (source.of, source.per))
    crossed: list[int | None] = []
    for day in days:
        if not US_BONDS.is_session(day) or any(rates is not None and day not in rates for rates in (of, per)):
            crossed.append(None)
            continue
        rate = (of[day] if of else 1) * unit / (per[day] if per else 1)
        crossed.append(round(rate))
    return crossed


def _walk(source: Wander, length: int, random: Random) -> Iterator[int]:
    """Figures around a path that drifts; `home` says how much of its distance to the path a figure keeps."""
    path, off = source.first * 1000, 0
    for _ in range(length):
        yield (path + off) // 1000
        path += abs(path) * source.drift // MILLION
        noise = sum(random.randint(-source.swing, source.swing) for _ in range(3))
        off = off * source.home // 100 + abs(path) * noise // MILLION


def _revised(statistic: Statistic, source: Wander, days: list[date], seed: int) -> Iterator[Observed]:
    random = Random(f"{seed}:series:{statistic.series_id}")
    final = list(_walk(source, len(days), random))
    errors = Random(f"{seed}:revisions:{statistic.series_id}")
    after = (0, 7, 364) if statistic.frequency in _WEEKDAYS else (0, 31, 366)
    for day, figure in zip(days, final, strict=True):
        first = _published(statistic, day)
        vintages: list[Vintage] = []
        for wait, part in zip(after, (1, 3, 0), strict=True):
            error = errors.randint(-source.revised, source.revised)
            told = figure + (abs(figure) * error // MILLION // part if part else 0)
            if not vintages or vintages[-1].figure != told:
                vintages.append(Vintage(first + timedelta(wait), told))
        yield Observed(day, tuple(vintages))
