"""Binance, spot: candles as JSON rows, a thousand a page. Its venue never closes, so bars start when they say."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

import polars as pl

from transforms.market.series import Ask
from transforms.market.vendors.body import (
    Origin,
    clipped,
    counts_if_told,
    json_of,
    message_of,
    milliseconds,
    number,
    origin,
    refuse_html,
    refused,
    retry_after,
    times,
)
from transforms.market.vendors.contract import Answer, Limit, Page, Reach, Request, Vendor
from transforms.market.vendors.rows import PERIODS, bars_page, empty_page, timed

TITLE: Final = "Binance"
PAGE: Final = 1000
_FIELDS: Final = 12
_OPENED, _OPEN, _HIGH, _LOW, _CLOSE, _VOLUME, _, _QUOTE_VOLUME, _TRADES = range(9)
_LONGEST_BAN: Final = 120.0
"""Seconds; the first ban is two minutes, later ones take days."""


def provider_symbol(symbol: str) -> str:
    """`BTC-USDT` and `BTC/USDT` are `BTCUSDT`."""
    return symbol.upper().replace("-", "").replace("/", "")


def requests(ask: Ask) -> tuple[Request, ...]:
    """The first page; the others follow from the last bar of the one before."""
    return (_page(ask, milliseconds(ask.first)),)


def read(answer: Answer, request: Request, ask: Ask) -> Page:
    """The bars of a page and the request for the next; one that is not over when asked is not final."""
    at = origin(TITLE, ask)
    if answer.status != 200:
        _refused(answer, at, ask)
    refuse_html(answer, at)
    rows = _rows(json_of(answer, at), at)
    if not rows:
        return empty_page(ask)
    opened = times((row[_OPENED] for row in rows), "open time", at)
    asked_from = int(dict(request.params)["startTime"])
    if min(opened) < asked_from:
        raise at.damaged("the page begins before what was asked for: it is another page, or told twice")
    frame = timed(ask.series[0].provider_symbol, opened, ask, at).with_columns(
        *(
            pl.Series(name, _texts(rows, place, name, at), dtype=pl.Float64)
            for name, place in (("open", _OPEN), ("high", _HIGH), ("low", _LOW), ("close", _CLOSE))
        ),
        pl.Series("volume", _texts(rows, _VOLUME, "volume", at), dtype=pl.Float64),
        pl.Series("quote_volume", _texts(rows, _QUOTE_VOLUME, "quote volume", at), dtype=pl.Float64),
        pl.Series("trades", counts_if_told((row[_TRADES] for row in rows), "trades", at), dtype=pl.Int64),
    )
    traded = pl.col("volume") > 0
    vwap = pl.when(traded).then(pl.col("quote_volume") / pl.col("volume")).alias("vwap")
    return bars_page(frame.with_columns(vwap), ask, at, _following(len(rows), max(opened), ask))


def _page(ask: Ask, start: int) -> Request:
    return Request(
        "/api/v3/klines",
        (
            ("symbol", ask.series[0].provider_symbol),
            ("interval", ask.dataset.frequency),
            ("startTime", str(start)),
            ("endTime", str(_end(ask))),
            ("limit", str(PAGE)),
        ),
    )


def _end(ask: Ask) -> int:
    return milliseconds(ask.last + timedelta(days=1)) - 1


def _following(told: int, last_opened: int, ask: Ask) -> Request | None:
    start = last_opened + int(PERIODS[ask.dataset.frequency].total_seconds()) * 1000
    return _page(ask, start) if told >= PAGE and start <= _end(ask) else None


def _rows(found: Any, at: Origin) -> list[list[Any]]:
    if not isinstance(found, list):
        raise at.untrusted("the answer is no list of rows")
    for place, row in enumerate(found, 1):
        if not isinstance(row, list) or len(row) != _FIELDS:
            raise at.untrusted(f"row {place} is no list of {_FIELDS} values")
    return found


def _texts(rows: list[list[Any]], place: int, name: str, at: Origin) -> list[float]:
    """Prices and volumes come as texts, so that no digit is lost on the way."""
    values = []
    for line, row in enumerate(rows, 1):
        cell = row[place]
        value = number(cell) if isinstance(cell, str) else None
        if value is None:
            raise at.untrusted(f"row {line}, field {name}: {clipped(cell)!r} is no number in a text")
        values.append(value)
    return values


def _refused(answer: Answer, at: Origin, ask: Ask) -> None:
    message = message_of(answer, "msg")
    if answer.status == 418:
        wait = retry_after(answer)
        until = re.search(r"banned until ([0-9]{13})", message)
        if wait is None and until:
            wait = max(0.0, int(until[1]) / 1000 - ask.asked_at.timestamp())
        if wait is not None and wait <= _LONGEST_BAN:
            raise at.error(
                Reach.AGAIN, "this machine's address is banned for a moment", "Ask again later", wait
            )
        length = f" for {wait / 3600:,.1f} hours" if wait is not None else ""
        raise at.error(
            Reach.SOURCE, f"this machine's address is banned{length}", "Ask for less, after the ban", wait
        )
    if answer.status == 400 and "symbol" in message.lower():
        raise at.error(Reach.SERIES, f"it does not know the symbol ({clipped(message)})", "Check the symbol")
    refused(answer, at, message)


BINANCE: Final = Vendor(
    name="binance",
    title=TITLE,
    kinds=frozenset({"bars"}),
    frequencies=frozenset(PERIODS),
    base_url="https://data-api.binance.vision",
    base_url_setting="BINANCE_BASE_URL",
    adjustment="raw",
    limit=Limit(per_minute=1200, burst=20),
    requests=requests,
    read=read,
    provider_symbol=provider_symbol,
)
"""The host for data only. A page weighs 2 of the 6,000 a minute that are allowed; the pace leaves more than half."""
