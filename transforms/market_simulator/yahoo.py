"""The simulated Yahoo chart: days of a symbol as JSON, adjusted for splits, with events. Cookies are not here.

London is quoted in pence, and the session that is open bears the time of its last quote, as there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from transforms.market_simulator.bars import Bar
from transforms.market_simulator.bodies import Answered, as_html, as_json
from transforms.market_simulator.defects import is_planted
from transforms.market_simulator.listings import LISTINGS, Listing
from transforms.market_simulator.market import Market

HUNDREDTHS = 100
PATH = "/v8/finance/chart/"
_SUFFIXES = {"XNYS": "", "XETR": ".DE", "XLON": ".L"}
_NAMES = {"XNYS": ("NMS", "EST"), "XETR": ("GER", "CET"), "XLON": ("LSE", "GMT")}
_INDICES = {"^SPX": "^GSPC"}


def symbol_of(listing: Listing) -> str:
    """How Yahoo writes a symbol: `BRK-B`, `RHN.DE`, `EURUSD=X`, `BTC-USD`, `^GSPC`."""
    if listing.kind == "pair":
        return f"{listing.symbol}=X"
    if listing.kind == "index":
        return _INDICES[listing.symbol]
    if listing.kind == "coin":
        return f"{listing.symbol[:3]}-{'USD' if listing.currency == 'USDT' else listing.currency}"
    return listing.symbol.replace(".", "-") + _SUFFIXES[listing.calendar.name]


_BY_SYMBOL = {symbol_of(each): each for each in LISTINGS.values()}


def answer(path: str, params: Mapping[str, str], now: datetime, seed: int, defects: bool) -> Answered:
    """Answer a request for the daily chart of a symbol between two times in seconds."""
    listing = _BY_SYMBOL.get(path.removeprefix(PATH).strip("/"))
    if not path.startswith(PATH):
        return as_html("<html><body>Not Found</body></html>", 404)
    if listing is None:
        return _refused("Not Found", "No data found, symbol may be delisted", 404)
    if params.get("interval", "1d") != "1d":
        return _refused(
            "Bad Request", f"Invalid input - interval={params['interval']} is not supported.", 400
        )
    try:
        first, last = int(params.get("period1", 0)), int(params.get("period2", 2**40))
    except ValueError:
        return _refused("Bad Request", "Invalid input - period1 or period2 is no time.", 400)
    market = Market(seed, now, defects)
    open_now = market.running(listing)
    bars = [*market.finished("yahoo", listing), *([open_now] if open_now else [])]
    wanted = [bar for bar in bars if first <= _seconds(bar.start) < last]
    chart = {"meta": _meta(market, listing, now)}
    if wanted:
        chart |= _content(market, listing, wanted)
    else:
        chart["indicators"] = {"quote": [{}], "adjclose": [{}]}
    return as_json({"chart": {"result": [chart], "error": None}})


def _refused(code: str, description: str, status: int) -> Answered:
    return as_json({"chart": {"result": None, "error": {"code": code, "description": description}}}, status)


def _meta(market: Market, listing: Listing, now: datetime) -> dict[str, Any]:
    exchange, zone = _NAMES.get(listing.calendar.name, ("CCC", "UTC"))
    is_other = market.defects and is_planted("yahoo", listing.symbol, "mixed_currency", now)
    currency = "CAD" if is_other else listing.currency
    offset = now.astimezone(listing.calendar.zone).utcoffset() or timedelta(0)
    kinds = {"etf": "ETF", "index": "INDEX", "coin": "CRYPTOCURRENCY", "pair": "CURRENCY"}
    if _is_in_pence(listing) and currency == listing.currency:
        currency = "GBp"
    return {
        "currency": "USD" if currency == "USDT" else currency,
        "symbol": symbol_of(listing),
        "exchangeName": exchange,
        "instrumentType": kinds.get(listing.kind, "EQUITY"),
        "gmtoffset": int(offset.total_seconds()),
        "timezone": zone,
        "exchangeTimezoneName": listing.calendar.zone.key,
        "dataGranularity": "1d",
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "1y", "max"],
    }


def _content(market: Market, listing: Listing, bars: list[Bar]) -> dict[str, Any]:
    unit = _unit(listing)
    told = [market.adjusted(listing, bar) for bar in bars]
    factors = _dividend_factors(market, listing)
    quote: dict[str, list[Any]] = {
        name: [getattr(bar, name) / unit for bar in told] for name in ("open", "high", "low", "close")
    }
    quote["volume"] = [bar.volume // 10**listing.volume_places for bar in told]
    adjusted = [bar.close / unit * _factor(factors, bar) for bar in told]
    return {
        "timestamp": [_time_of(market, bar) for bar in bars],
        "events": _events(market, listing, bars),
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": [round(each, 6) for each in adjusted]}]},
    }


def _events(market: Market, listing: Listing, bars: list[Bar]) -> dict[str, Any]:
    """Dividends and splits of the days told; a dividend is adjusted for later splits, as the prices are."""
    starts = {bar.day: str(_time_of(market, bar)) for bar in bars}
    dividends = {
        starts[paid.ex_date]: {"amount": round(amount, 6), "date": int(starts[paid.ex_date])}
        for paid, amount in _amounts(market, listing)
        if paid.ex_date in starts
    }
    splits = {
        starts[split.ex_date]: {
            "date": int(starts[split.ex_date]),
            "numerator": split.new,
            "denominator": split.old,
            "splitRatio": f"{split.new}:{split.old}",
        }
        for split in market.splits(listing)
        if split.ex_date in starts
    }
    return {"dividends": dividends, "splits": splits}


def _amounts(market: Market, listing: Listing) -> list[tuple[Any, float]]:
    told = []
    for paid in market.dividends(listing):
        amount = float(paid.amount) * (HUNDREDTHS if _is_in_pence(listing) else 1)
        for split in market.splits(listing):
            if paid.ex_date < split.ex_date:
                amount = amount * split.old / split.new
        told.append((paid, amount))
    return told


def _dividend_factors(market: Market, listing: Listing) -> tuple[list[Any], list[float]]:
    """Ex-dates, and before each of them the product of (1 - dividend / close before) from there on."""
    bars = [market.adjusted(listing, bar) for bar in market.finished("yahoo", listing)]
    days, unit = [bar.day for bar in bars], _unit(listing)
    dates, factors, product = [], [], 1.0
    for paid, amount in reversed(_amounts(market, listing)):
        place = bisect_right(days, paid.ex_date - timedelta(1)) - 1
        if place >= 0:
            product *= 1 - amount / (bars[place].close / unit)
            dates.append(paid.ex_date)
            factors.append(product)
    return dates[::-1], factors[::-1]


def _factor(told: tuple[list[Any], list[float]], bar: Bar) -> float:
    dates, factors = told
    place = bisect_right(dates, bar.day)
    return factors[place] if place < len(factors) else 1.0


def _is_in_pence(listing: Listing) -> bool:
    return listing.calendar.name == "XLON"


def _unit(listing: Listing) -> int:
    """What an adjusted bar's prices are divided by; London's are told in pence."""
    unit: int = 10 ** (listing.places + 2)
    return unit // HUNDREDTHS if _is_in_pence(listing) else unit


def _time_of(market: Market, bar: Bar) -> int:
    """The session's opening; of the session that is open, the time of the last quote."""
    return _seconds(market.now if bar.end > market.now else bar.start)


def _seconds(instant: datetime) -> int:
    return int(instant.astimezone(UTC).timestamp())
