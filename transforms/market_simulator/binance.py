"""The simulated Binance: `/api/v3/klines` for days, hours and minutes, in pages. No quota is kept here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from transforms.market_simulator.bars import Bar, together
from transforms.market_simulator.bodies import Answered, as_html, as_json, decimal
from transforms.market_simulator.listings import LISTINGS, Listing
from transforms.market_simulator.market import Market

PATH = "/api/v3/klines"
MOST, USUAL = 1000, 500
WEIGHT = 2
_MINUTES = {"1d": 1440, "1h": 60, "1m": 1}


def refused(code: int, message: str, status: int = 400) -> Answered:
    """An error of Binance's own."""
    return as_json({"code": code, "msg": message}, status)


def answer(path: str, params: Mapping[str, str], now: datetime, seed: int, defects: bool) -> Answered:
    """Answer a request for klines; the one that still runs is the last."""
    if path != PATH:
        return as_html("<html><body>404 Not Found</body></html>", 404)
    for name in ("symbol", "interval"):
        if not params.get(name):
            return refused(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    listing = LISTINGS.get(params["symbol"])
    if listing is None or listing.kind != "coin":
        return refused(-1121, "Invalid symbol.")
    if params["interval"] not in _MINUTES:
        return refused(-1120, "Invalid interval.")
    try:
        limit = min(int(params.get("limit", USUAL)), MOST)
        start, end = (int(params[name]) if name in params else None for name in ("startTime", "endTime"))
    except ValueError:
        return refused(-1100, "Illegal characters found in a parameter.")
    period = timedelta(minutes=_MINUTES[params["interval"]])
    first, last = _span(start, end, limit, period, now)
    bars = [
        bar
        for bar in _bars(Market(seed, now, defects), listing, period, first, last)
        if first <= bar.start <= last
    ]
    page = bars[-limit:] if start is None else bars[:limit]
    return as_json([_kline(bar, listing) for bar in page], headers={"x-mbx-used-weight-1m": str(WEIGHT)})


def _span(
    start: int | None, end: int | None, limit: int, period: timedelta, now: datetime
) -> tuple[datetime, datetime]:
    """The first and the last opening time that a page can have."""
    last = now if end is None else min(_instant(end), now)
    first = last - limit * period if start is None else _instant(start)
    return first, min(last, first + (limit + 1) * period) if start is not None else last


def _bars(market: Market, listing: Listing, period: timedelta, first: datetime, last: datetime) -> list[Bar]:
    if last < first:
        return []
    if period == timedelta(1):
        open_now = market.running(listing)
        return [*market.finished("binance", listing), *([open_now] if open_now else [])]
    length = int(period.total_seconds()) // 60
    from_day, to_day = max(first.date(), listing.first), last.date()
    bars = market.within(listing, length, from_day, to_day)
    if length == 60:
        bars += _running_hour(market, listing, to_day)
    return bars


def _running_hour(market: Market, listing: Listing, day: date) -> list[Bar]:
    hour = market.now.replace(minute=0, second=0, microsecond=0)
    if day != hour.date():
        return []
    parts = [part for part in market.within(listing, 1, day, day) if part.start >= hour]
    return [together(parts)._replace(end=hour + timedelta(hours=1))] if parts else []


def _kline(bar: Bar, listing: Listing) -> list[object]:
    """The twelve elements of a kline; the taker's part is half of what was traded."""
    prices = (
        decimal(price * 10 ** (8 - listing.places), 8) for price in (bar.open, bar.high, bar.low, bar.close)
    )
    scale = 8 - listing.volume_places
    quoted = bar.volume * bar.typical * 10 ** (8 - listing.volume_places - listing.places)
    return [
        _milliseconds(bar.start),
        *prices,
        decimal(bar.volume * 10**scale, 8),
        _milliseconds(bar.end) - 1,
        decimal(quoted, 8),
        bar.trades,
        decimal(bar.volume // 2 * 10**scale, 8),
        decimal(quoted // 2, 8),
        "0",
    ]


def _instant(milliseconds: int) -> datetime:
    """An instant; one that no calendar holds is the nearest that it does."""
    latest = int(datetime(9000, 1, 1, tzinfo=UTC).timestamp()) * 1000
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=min(max(milliseconds, 0), latest))


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp()) * 1000
