"""The simulated Massive (was Polygon): bars with pages, grouped days, splits, dividends. No key is checked here."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from transforms.market_simulator.bars import Bar
from transforms.market_simulator.bodies import Answered, as_html, as_json
from transforms.market_simulator.defects import is_planted
from transforms.market_simulator.listings import LISTINGS, Listing
from transforms.market_simulator.market import Market

HOST = "https://api.massive.com"
MOST, USUAL, USUAL_REFERENCES, MOST_REFERENCES = 50_000, 5_000, 10, 1_000
_BASE_BARS = {"day": 1, "hour": 60, "minute": 1}


def symbol_of(listing: Listing) -> str | None:
    """How Massive writes a symbol: `BRK.B`, `C:EURUSD`, `I:SPX`; None for what it does not have."""
    if listing.kind == "pair":
        return f"C:{listing.symbol}"
    if listing.kind == "index":
        return f"I:{listing.symbol[1:]}"
    return listing.symbol if listing.calendar.name == "XNYS" else None


_BY_SYMBOL = {symbol: each for each in LISTINGS.values() if (symbol := symbol_of(each)) is not None}


def answer(path: str, params: Mapping[str, str], now: datetime, seed: int, defects: bool) -> Answered:
    """Answer a request for bars, splits or dividends; an unknown ticker has no results."""
    market, parts = Market(seed, now, defects), path.strip("/").split("/")
    try:
        if parts[:3] == ["v2", "aggs", "ticker"] and len(parts) == 9 and parts[4:6] == ["range", "1"]:
            return _aggregates(market, parts, params)
        if parts[:3] == ["v2", "aggs", "grouped"] and len(parts) == 8:
            return _grouped(market, parts[-1], params)
        if parts[:2] == ["v3", "reference"] and parts[2:] in (["splits"], ["dividends"]):
            return _references(market, parts[2], params)
    except (ValueError, KeyError, OverflowError, binascii.Error):
        return _envelope(
            path, params, {"status": "ERROR", "error": "Unable to parse a parameter of the request."}, 400
        )
    return as_html("404 page not found", 404)


def _aggregates(market: Market, parts: list[str], params: Mapping[str, str]) -> Answered:
    ticker, span, start, end = parts[3], parts[6], _instant(parts[7]), _instant(parts[8], ends=True)
    asked = {**params, **_opened(params)}
    is_adjusted = asked.get("adjusted", "true") == "true"
    listing = _BY_SYMBOL.get(ticker)
    if (
        listing is not None
        and market.defects
        and is_planted("massive", listing.symbol, "mixed_adjustment", market.now)
    ):
        is_adjusted = True
    limit = min(int(asked.get("limit", USUAL)), MOST)
    bars = _bars(market, listing, span, start, end) if listing else []
    if asked.get("sort", "asc") == "desc":
        bars.reverse()
    skipped = int(asked.get("skip", 0))
    page = bars[skipped : skipped + max(limit // _BASE_BARS[span], 1)]
    path = "/".join(["", *parts])
    body: dict[str, object] = {"ticker": ticker, "queryCount": len(page) * _BASE_BARS[span], "resultsCount": len(page),
                               "adjusted": is_adjusted}  # fmt: skip
    if page and listing:
        body["results"] = [
            _result(market, listing, bar, is_adjusted, _time_of(listing, bar, span)) for bar in page
        ]
    body |= {"status": "OK"}
    if skipped + len(page) < len(bars):
        cursor = {name: asked[name] for name in ("adjusted", "sort", "limit") if name in asked}
        body["next_url"] = f"{HOST}{path}?cursor={_closed(cursor | {'skip': str(skipped + len(page))})}"
    if page:
        body["count"] = len(page)
    return _envelope(path, params, body)


def _bars(market: Market, listing: Listing, span: str, start: datetime, end: datetime) -> list[Bar]:
    if span == "day":
        open_now = market.running(listing)
        bars = [*market.finished("massive", listing), *([open_now] if open_now else [])]
        return [bar for bar in bars if start <= _midnight_in_new_york(bar.day) <= end]
    zone = listing.calendar.zone
    first, last = start.astimezone(zone).date(), min(end, market.now).astimezone(zone).date()
    bars = market.within(listing, {"hour": 60, "minute": 1}[span], first, last)
    return [bar for bar in bars if start <= bar.start <= end]


def _grouped(market: Market, written: str, params: Mapping[str, str]) -> Answered:
    """All shares of one day; the time of a result is the end of the session."""
    day, is_adjusted = date.fromisoformat(written), params.get("adjusted", "true") == "true"
    results = []
    for symbol, listing in sorted(_BY_SYMBOL.items()):
        if listing.kind in ("share", "etf"):
            found = [bar for bar in market.finished("massive", listing) if bar.day == day]
            end = datetime.combine(day, time(16), listing.calendar.zone).astimezone(UTC)
            results += [{"T": symbol} | _result(market, listing, bar, is_adjusted, end) for bar in found]
    body: dict[str, object] = {
        "queryCount": len(results),
        "resultsCount": len(results),
        "adjusted": is_adjusted,
    }
    if results:
        body["results"] = results
    return _envelope(written, params, body | {"status": "OK"})


def _references(market: Market, kind: str, params: Mapping[str, str]) -> Answered:
    asked = {**_opened(params), **params}
    named = [_BY_SYMBOL[asked["ticker"]]] if asked.get("ticker") in _BY_SYMBOL else []
    listings = named if "ticker" in asked else [each for _, each in sorted(_BY_SYMBOL.items())]
    on = "execution_date" if kind == "splits" else "ex_dividend_date"
    told = _splits(market, listings) if kind == "splits" else _dividends(market, listings)
    rows = [row for row in told if _wanted(str(row[on]), on, asked)]
    rows.sort(
        key=lambda row: (str(row[on]), str(row["ticker"])), reverse=asked.get("order", "desc") == "desc"
    )
    limit, skipped = (
        min(int(asked.get("limit", USUAL_REFERENCES)), MOST_REFERENCES),
        int(asked.get("skip", 0)),
    )
    if limit < 1:
        raise ValueError(f"a limit of {limit}")
    body: dict[str, object] = {"results": rows[skipped : skipped + limit], "status": "OK"}
    if skipped + limit < len(rows):
        cursor = {name: value for name, value in asked.items() if name not in ("cursor", "apiKey")}
        body["next_url"] = (
            f"{HOST}/v3/reference/{kind}?cursor={_closed(cursor | {'skip': str(skipped + limit)})}"
        )
    return _envelope(kind, params, body)


def _splits(market: Market, listings: Iterable[Listing]) -> Iterable[dict[str, object]]:
    for listing in listings:
        for split in market.splits(listing):
            told = {
                "execution_date": split.ex_date.isoformat(),
                "split_from": split.old,
                "split_to": split.new,
            }
            yield {"id": _id(listing.symbol, split.ex_date, "split"), **told, "ticker": symbol_of(listing)}


def _dividends(market: Market, listings: Iterable[Listing]) -> Iterable[dict[str, object]]:
    for listing in listings:
        for paid in market.dividends(listing):
            yield {
                "id": _id(listing.symbol, paid.ex_date, "dividend"),
                "ticker": symbol_of(listing),
                "cash_amount": float(paid.amount),
                "currency": paid.currency,
                "dividend_type": "CD",
                "ex_dividend_date": paid.ex_date.isoformat(),
                "record_date": paid.ex_date.isoformat(),
                "declaration_date": (paid.ex_date - timedelta(21)).isoformat(),
                "pay_date": paid.pay_date.isoformat(),
                "frequency": 4,
            }


def _wanted(day: str, field: str, asked: Mapping[str, str]) -> bool:
    return (
        asked.get(field, day) == day
        and asked.get(f"{field}.gte", day) <= day <= asked.get(f"{field}.lte", day)
        and not (f"{field}.gt" in asked and day <= asked[f"{field}.gt"])
        and not (f"{field}.lt" in asked and day >= asked[f"{field}.lt"])
    )


def _result(market: Market, listing: Listing, bar: Bar, is_adjusted: bool, at: datetime) -> dict[str, object]:
    places = listing.places
    if is_adjusted and listing.splits:
        bar, places = market.adjusted(listing, bar), places + 2
    unit = 10**places
    result: dict[str, object] = {"v": float(bar.volume), "vw": bar.typical / unit} if listing.turnover else {}
    result |= {"o": bar.open / unit, "c": bar.close / unit, "h": bar.high / unit, "l": bar.low / unit}
    result["t"] = int(at.timestamp()) * 1000
    return result | ({"n": bar.trades} if listing.turnover else {})


def _time_of(listing: Listing, bar: Bar, span: str) -> datetime:
    """A day of a currency pair begins at midnight UTC, that of a share in New York."""
    if span != "day":
        return bar.start
    is_pair = listing.kind == "pair"
    return datetime.combine(bar.day, time(0), UTC) if is_pair else _midnight_in_new_york(bar.day)


def _midnight_in_new_york(day: date) -> datetime:
    return datetime.combine(day, time(0), LISTINGS["SPY"].calendar.zone).astimezone(UTC)


def _instant(written: str, ends: bool = False) -> datetime:
    """A day of New York, its end included, or milliseconds."""
    if written.isdigit() and len(written) > 8:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(written))
    return _midnight_in_new_york(date.fromisoformat(written) + timedelta(ends)) - timedelta(milliseconds=ends)


def _closed(cursor: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode().rstrip("=")


def _opened(params: Mapping[str, str]) -> dict[str, str]:
    if "cursor" not in params:
        return {}
    written = params["cursor"]
    content = json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)))
    return {str(name): str(value) for name, value in content.items()}


def _id(*parts: object) -> str:
    return sha256("|".join(str(part) for part in parts).encode()).hexdigest()[:32]


def _envelope(path: str, params: Mapping[str, str], body: dict[str, object], status: int = 200) -> Answered:
    return as_json(body | {"request_id": _id(path, sorted(params.items()))}, status)
