"""The simulated Stooq: daily bars as CSV, adjusted for splits, and the zip of all of them. Always status 200, as there.

Neither key nor quota nor challenge is here: those are the server's to play.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date, datetime

from transforms.market_simulator.bars import Bar
from transforms.market_simulator.bodies import Answered, as_csv, as_html, short
from transforms.market_simulator.defects import is_planted
from transforms.market_simulator.listings import LISTINGS, Listing
from transforms.market_simulator.market import Market

PATH = "/q/d/l/"
NO_DATA = "No data"
_SUFFIXES = {"XNYS": ".us", "XETR": ".de", "XLON": ".uk"}
_FOLDERS = {"XNYS": ("us", "nyse"), "XETR": ("de", "xetra"), "XLON": ("uk", "lse")}


def symbol_of(listing: Listing) -> str | None:
    """How Stooq writes a symbol: `brk-b.us`, `eurusd`, `^spx`; None for what it does not have."""
    if listing.kind == "coin":
        return None
    name = listing.symbol.lower().replace(".", "-")
    return name if listing.kind in ("pair", "index") else name + _SUFFIXES[listing.calendar.name]


_BY_SYMBOL = {symbol: each for each in LISTINGS.values() if (symbol := symbol_of(each)) is not None}


def answer(path: str, params: Mapping[str, str], now: datetime, seed: int, defects: bool) -> Answered:
    """Answer a request for the days of one symbol; what is unknown has no data."""
    if path.rstrip("/") != PATH.rstrip("/"):
        return as_html("<html><body>404 Not Found</body></html>", 404)
    listing = _BY_SYMBOL.get(params.get("s", "").lower())
    if listing is None or params.get("i", "d") != "d":
        return as_csv(NO_DATA)
    first, last = _day(params.get("d1"), date.min), _day(params.get("d2"), date.max)
    market = Market(seed, now, defects)
    bars = [bar for bar in _told(market, listing) if first <= bar.day <= last]
    if not bars:
        return as_csv(NO_DATA)
    head = "Date,Open,High,Low,Close" + (",Volume" if listing.turnover else "")
    places = listing.places + 2 if listing.splits else listing.places
    lines = [_line(bar, places, bool(listing.turnover)) for bar in bars]
    return as_csv("\n".join((head, *lines)) + "\n")


def bulk_zip(now: datetime, seed: int = 7, defects: bool = True, symbols: tuple[str, ...] = ()) -> bytes:
    """The zip of the daily bars of all shares and funds (or of some canonical `symbols`), a text file each."""
    market, packed = Market(seed, now, defects), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for symbol, listing in sorted(_BY_SYMBOL.items()):
            if listing.kind not in ("share", "etf") or (symbols and listing.symbol not in symbols):
                continue
            country, exchange = _FOLDERS[listing.calendar.name]
            kind = "etfs" if listing.kind == "etf" else "stocks"
            name = f"data/daily/{country}/{exchange} {kind}/1/{symbol}.txt"
            content = _bulk_text(symbol, listing, _told(market, listing))
            entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()


def _bulk_text(symbol: str, listing: Listing, bars: list[Bar]) -> str:
    places = listing.places + 2 if listing.splits else listing.places
    lines = ["<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"]
    for bar in bars:
        prices = ",".join(short(price, places) for price in (bar.open, bar.high, bar.low, bar.close))
        lines.append(f"{symbol.upper()},D,{bar.day:%Y%m%d},000000,{prices},{bar.volume},0")
    return "\r\n".join(lines) + "\r\n"


def _told(market: Market, listing: Listing) -> list[Bar]:
    bars = market.finished("stooq", listing)
    if market.defects and is_planted("stooq", listing.symbol, "partial_bar", market.now):
        open_now = market.running(listing)
        bars = [*bars, open_now] if open_now else bars
    return [market.adjusted(listing, bar) for bar in bars] if listing.splits else bars


def _line(bar: Bar, places: int, with_volume: bool) -> str:
    prices = ",".join(short(price, places) for price in (bar.open, bar.high, bar.low, bar.close))
    return f"{bar.day},{prices},{bar.volume}" if with_volume else f"{bar.day},{prices}"


def _day(written: str | None, default: date) -> date:
    try:
        return date(int(written[:4]), int(written[4:6]), int(written[6:])) if written else default
    except (ValueError, OverflowError):
        return default
