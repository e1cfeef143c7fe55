"""FRED: series as JSON, page after page, with their vintages where a series is revised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import polars as pl

from transforms.market.series import Ask
from transforms.market.vendors.body import (
    Origin,
    clipped,
    days,
    json_object,
    message_of,
    number,
    origin,
    refuse_html,
    refused,
    retry_after,
    rows_of,
)
from transforms.market.vendors.contract import Answer, Key, Limit, Page, Reach, Request, Vendor
from transforms.market.vendors.rows import empty_page, observations_page

TITLE: Final = "FRED"
PAGE: Final = 100_000
_EVERY_VINTAGE: Final = (("realtime_start", "1776-07-04"), ("realtime_end", "9999-12-31"))
"""FRED's own first and last day. A later start would cut the vintages' first days off at it."""
_DESCRIPTION: Final = "/fred/series"
_MISSING: Final = "."
_WINDOW: Final = 60.0
"""Seconds: its limit is per minute, and it tells no Retry-After."""


def provider_symbol(symbol: str) -> str:
    """FRED's own ids are the canonical symbols."""
    return symbol.upper()


def requests(ask: Ask) -> tuple[Request, ...]:
    """The first page. Daily series are asked for as they are now: FRED refuses more than 2,000 vintages."""
    return (_page(ask, 0),)


def description(ask: Ask) -> tuple[Request, ...]:
    """The description of a series, which names the unit: millions at one series, billions at the next."""
    return (Request(_DESCRIPTION, (("series_id", ask.series[0].provider_symbol), ("file_type", "json"))),)


def read(answer: Answer, request: Request, ask: Ask) -> Page:
    """The observations of a page and the request for the next; of a description the unit."""
    at = origin(TITLE, ask)
    if answer.status != 200:
        _refused(answer, at)
    refuse_html(answer, at)
    body = json_object(answer, at)
    if request.path.endswith(_DESCRIPTION):
        return _described(body, ask, at)
    rows = rows_of(body.get("observations"), "observations", at)
    offset = int(dict(request.params)["offset"])
    following = _following(body, len(rows), offset, at)
    observed = days((row.get("date") for row in rows), "date", at)
    vintages = "realtime_start" in dict(request.params)
    known = days((row.get("realtime_start") for row in rows), "realtime_start", at) if vintages else observed
    frame = pl.DataFrame(
        {
            "observation_date": pl.Series(observed, dtype=pl.Date),
            "value": pl.Series(_values(rows, at), dtype=pl.Float64),
            "known_from": pl.Series(known, dtype=pl.Date),
        }
    ).with_columns(pl.lit(ask.series[0].provider_symbol).alias("provider_symbol"))
    return observations_page(frame, ask, at, _page(ask, following) if following else None)


def _described(body: dict[str, Any], ask: Ask, at: Origin) -> Page:
    """No rows, and the unit of the series in FRED's own words (`Billions of US Dollars`); none where it has none."""
    symbol = ask.series[0].provider_symbol
    told = [
        row
        for row in rows_of(body.get("seriess"), "seriess", at)
        if str(row.get("id")).upper() == symbol.upper()
    ]
    if len(told) != 1:
        raise at.untrusted(f"{len(told)} descriptions of {symbol} came, and not one")
    unit = told[0].get("units")
    if unit is not None and not isinstance(unit, str):
        raise at.untrusted(f"field units: {clipped(unit)!r} is no text")
    page = empty_page(ask)
    return replace(page, units={symbol: unit.strip()}) if unit and unit.strip() else page


def _page(ask: Ask, offset: int) -> Request:
    vintages = () if ask.dataset.frequency == "1d" else _EVERY_VINTAGE
    return Request(
        "/fred/series/observations",
        (
            ("series_id", ask.series[0].provider_symbol),
            ("file_type", "json"),
            ("observation_start", str(ask.first)),
            ("observation_end", str(ask.last)),
            *vintages,
            ("sort_order", "asc"),
            ("limit", str(PAGE)),
            ("offset", str(offset)),
        ),
    )


def _following(body: dict[str, Any], told: int, offset: int, at: Origin) -> int:
    """Where the next page starts, 0 after the last; the page must be the one that was asked for, and whole."""
    count, begins, limit = body.get("count"), body.get("offset"), body.get("limit")
    if type(count) is not int or type(begins) is not int or type(limit) is not int or limit < 1:
        raise at.untrusted("count, offset and limit of the answer are no numbers")
    if begins != offset:
        raise at.damaged(f"the page starts at {begins}, but {offset} was asked for")
    if told != max(0, min(limit, count - offset)):
        raise at.damaged(f"{told} observations came, but the answer tells of {count} from {offset} on")
    return offset + told if offset + told < count else 0


def _values(rows: list[Any], at: Origin) -> list[float | None]:
    values = []
    for place, row in enumerate(rows, 1):
        cell = row.get("value")
        value = number(cell) if isinstance(cell, str) else None
        if value is None and cell != _MISSING:
            raise at.untrusted(f"row {place}, field value: {clipped(cell)!r} is no number in a text")
        values.append(value)
    return values


def _refused(answer: Answer, at: Origin) -> None:
    message = message_of(answer, "error_message").removeprefix("Bad Request.").strip()
    if answer.status == 400 and "api_key" in message:
        raise at.error(
            Reach.SOURCE, "the key is refused", "Set FRED_API_KEY to a key of yours; FRED gives them free"
        )
    if answer.status == 400 and "does not exist" in message:
        raise at.error(Reach.SERIES, "there is no such series", "Check the symbol on FRED's site")
    if answer.status == 429:
        wait = retry_after(answer)
        raise at.error(
            Reach.AGAIN, "too many requests in a minute", "Ask again later", _WINDOW if wait is None else wait
        )
    refused(answer, at, message)


FRED: Final = Vendor(
    name="fred",
    title=TITLE,
    kinds=frozenset({"observations"}),
    frequencies=frozenset({"1d", "1w", "1mo", "3mo"}),
    base_url="https://api.stlouisfed.org",
    base_url_setting="FRED_BASE_URL",
    adjustment="raw",
    limit=Limit(per_minute=100, burst=10),
    requests=requests,
    read=read,
    apart=description,
    key=Key("FRED_API_KEY", "parameter", "api_key"),
    provider_symbol=provider_symbol,
)
