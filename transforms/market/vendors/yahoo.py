"""Yahoo: daily bars, splits and dividends as one chart. How its host is reached is the business of whoever sends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import polars as pl

from transforms.market.series import Ask, Series
from transforms.market.vendors.body import (
    Origin,
    clipped,
    json_object,
    measured,
    measured_if_told,
    message_in,
    milliseconds,
    origin,
    paid_amounts,
    refuse_html,
    refused,
    retry_after,
    times,
)
from transforms.market.vendors.contract import Answer, Limit, Page, Reach, Request, Vendor
from transforms.market.vendors.rows import actions_page, bars_page, daily, empty_page, in_zone
from transforms.market.vendors.spelling import is_currency_pair
from transforms.schemas.market import READ_ACTIONS

TITLE: Final = "Yahoo"
CHART: Final = "/v8/finance/chart/"
_PRICES: Final = ("open", "high", "low", "close")
_INDICES: Final = {"^SPX": "^GSPC"}
_HUNDREDTHS: Final = {"GBp": "GBP", "ZAc": "ZAR", "ILA": "ILS"}
"""London, Johannesburg and Tel Aviv quote in hundredths of their currency."""
_COOLING: Final = 120.0
"""Seconds; it holds an address off for minutes, and does not say how many."""


def provider_symbol(symbol: str) -> str:
    """`BRK.B` is `BRK-B`, `EURUSD` is `EURUSD=X`, `^SPX` is `^GSPC`. Shares outside the US have suffixes: map them."""
    if is_currency_pair(symbol):
        return f"{symbol}=X"
    return _INDICES.get(symbol, symbol.replace(".", "-").replace(" ", "-"))


def requests(ask: Ask) -> tuple[Request, ...]:
    """One request, up to today: a later split has changed the prices and dividends before it, and has to be known.

    A session may begin a day earlier in UTC, as in Sydney.
    """
    last = max(ask.last, ask.asked_at.date())
    params = (
        ("period1", str(milliseconds(ask.first - timedelta(days=1)) // 1000)),
        ("period2", str(milliseconds(last + timedelta(days=2)) // 1000)),
        ("interval", ask.dataset.frequency),
        ("events", "div,splits"),
        ("includePrePost", "false"),
    )
    return (Request(CHART + quote(ask.series[0].provider_symbol, safe="=^"), params),)


def read(answer: Answer, request: Request, ask: Ask) -> Page:
    """The bars, splits and dividends of a chart; dividends as they were paid then."""
    at = origin(TITLE, ask)
    if answer.status != 200:
        _refused(answer, at)
    refuse_html(answer, at)
    chart = _chart(json_object(answer, at), at)
    meta = _meta(chart, ask, at)
    zone, scale, currency = _zone(meta, at), *_money(meta, ask.series[0], at)
    bars = _bars(chart, zone, scale, ask, at)
    events = _object(chart.get("events", {}), "events", at)
    actions = actions_page(_actions(events, zone, scale, currency, ask, at), ask, at)
    return Page(bars.rows, actions=actions.actions, notes=(*bars.notes, *actions.notes))


def _bars(chart: Mapping[str, Any], zone: str, scale: float, ask: Ask, at: Origin) -> Page:
    starts = _times(chart.get("timestamp", []), "timestamp", at)
    if not starts:
        return empty_page(ask)
    quotes = _object(chart.get("indicators"), "indicators", at).get("quote")
    if not isinstance(quotes, list) or not quotes:
        raise at.untrusted("quote is no list")
    told = _object(quotes[0], "quote", at)
    columns = []
    for name in (*_PRICES, "volume"):
        values = told.get(name)
        if not isinstance(values, list) or len(values) != len(starts):
            raise at.damaged(f"{name} has not one value for each of the {len(starts)} times")
        columns.append(pl.Series(name, measured_if_told(values, name, at), dtype=pl.Float64))
    days = in_zone(zone, starts).dt.date()
    frame = daily(ask.series[0].provider_symbol, days, ask, zone).with_columns(
        *(column * scale if column.name != "volume" else column for column in columns),
        pl.Series("start", starts, dtype=pl.Int64),
    )
    asked = frame.filter(pl.col("session_date").is_between(ask.first, ask.last)).sort("start")
    priced = asked.drop_nulls(_PRICES)
    notes = []
    if priced.height < asked.height:
        notes.append(f"sessions without prices left out: {asked.height - priced.height}")
    if priced.height > 1 and priced["session_date"][-1] == priced["session_date"][-2]:
        priced = pl.concat([priced.head(-2), priced.tail(1)])
        notes.append("the last session was told twice, and its live row was taken")
    return bars_page(priced, ask, at, notes=notes)


def _actions(
    events: Mapping[str, Any], zone: str, scale: float, currency: str | None, ask: Ask, at: Origin
) -> pl.DataFrame:
    """Splits and dividends of the span. Dividends are told for the shares of today, and set back to those of then."""
    splits, split_days = _events(events, "splits", zone, at)
    new = measured((one.get("numerator") for one in splits), "numerator", at)
    old = measured((one.get("denominator") for one in splits), "denominator", at)
    if any(to <= 0 or of <= 0 for to, of in zip(new, old, strict=True)):
        raise at.untrusted("a split is not of some shares into some")
    ratios = [to / of for to, of in zip(new, old, strict=True)]
    paid, days = _events(events, "dividends", zone, at)
    amounts: dict[date, float] = {}
    for day, told in zip(days, paid_amounts((one.get("amount") for one in paid), "amount", at), strict=True):
        later = (ratio for split_day, ratio in zip(split_days, ratios, strict=True) if day < split_day)
        amounts[day] = amounts.get(day, 0.0) + told * scale * math.prod(later)
    symbol = ask.series[0].provider_symbol
    rows = [
        *((symbol, day, "split", ratio, None, None) for day, ratio in zip(split_days, ratios, strict=True)),
        *((symbol, day, "dividend", None, amount, currency) for day, amount in amounts.items()),
    ]
    frame = pl.DataFrame(rows, schema=READ_ACTIONS.polars_schema, orient="row")
    return frame.filter(pl.col("ex_date").is_between(ask.first, ask.last))


def _events(
    events: Mapping[str, Any], kind: str, zone: str, at: Origin
) -> tuple[list[Mapping[str, Any]], list[date]]:
    """The events of a kind and their days."""
    found = [_object(one, kind, at) for one in _object(events.get(kind, {}), kind, at).values()]
    return found, in_zone(zone, _times([one.get("date") for one in found], "date", at)).dt.date().to_list()


def _chart(body: dict[str, Any], at: Origin) -> Mapping[str, Any]:
    chart = _object(body.get("chart"), "chart", at)
    if chart.get("error"):
        raise _unknown(chart["error"], at)
    result = chart.get("result")
    if not isinstance(result, list) or len(result) != 1:
        raise at.untrusted("the answer holds not one chart")
    return _object(result[0], "result", at)


def _object(found: object, what: str, at: Origin) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise at.untrusted(f"{what} is no object")
    return found


def _times(found: object, name: str, at: Origin) -> list[int]:
    """Times in milliseconds; they are told in seconds."""
    if not isinstance(found, list):
        raise at.untrusted(f"{name} is no list")
    return times((value * 1000 if type(value) is int else value for value in found), name, at)


def _meta(chart: Mapping[str, Any], ask: Ask, at: Origin) -> Mapping[str, Any]:
    """What the chart says of itself: it is of the series, and its bars are as long as was asked for."""
    meta, symbol = _object(chart.get("meta"), "meta", at), ask.series[0].provider_symbol
    about, length = meta.get("symbol", symbol), meta.get("dataGranularity", ask.dataset.frequency)
    if str(about).upper() != symbol.upper():
        raise at.untrusted(f"the chart is of {clipped(about)}")
    if length != ask.dataset.frequency:
        raise at.untrusted(f"a bar is of {clipped(length)}, but {ask.dataset.frequency} was asked for")
    return meta


def _zone(meta: Mapping[str, Any], at: Origin) -> str:
    name = meta.get("exchangeTimezoneName")
    try:
        zone = ZoneInfo(name if isinstance(name, str) else "").key
        in_zone(zone, [0])
    except (OSError, ValueError, LookupError, pl.exceptions.PolarsError):
        raise at.untrusted(f"exchangeTimezoneName: {clipped(name)!r} is no time zone") from None
    return zone


def _money(meta: Mapping[str, Any], series: Series, at: Origin) -> tuple[float, str | None]:
    """What prices are multiplied by, and their currency then."""
    told = meta.get("currency")
    if told is not None and not isinstance(told, str):
        raise at.untrusted(f"currency: {clipped(told)!r} is none")
    scale, currency = (0.01, _HUNDREDTHS[told]) if told in _HUNDREDTHS else (1.0, told)
    if series.currency is not None and currency is not None and currency != series.currency:
        raise at.untrusted(f"the prices are in {clipped(currency)}, and not in {series.currency}")
    return scale, currency


def _refused(answer: Answer, at: Origin) -> None:
    if answer.status == 429:
        wait = retry_after(answer)
        raise at.error(
            Reach.AGAIN,
            "too many requests from this machine's address",
            "Ask again in some minutes",
            _COOLING if wait is None else wait,
        )
    chart = message_in(answer, "chart")
    if answer.status in (400, 404, 422) and isinstance(chart, dict) and chart.get("error"):
        raise _unknown(chart["error"], at)
    refused(answer, at)


def _unknown(error: object, at: Origin) -> Exception:
    told = error.get("description") if isinstance(error, dict) else error
    return at.error(Reach.SERIES, f"it has nothing ({clipped(told, 90)})", "Check the symbol and the dates")


YAHOO: Final = Vendor(
    name="yahoo",
    title=TITLE,
    kinds=frozenset({"bars"}),
    frequencies=frozenset({"1d"}),
    base_url="https://query2.finance.yahoo.com",
    base_url_setting="YAHOO_BASE_URL",
    adjustment="splits",
    limit=Limit(per_minute=30, burst=3),
    requests=requests,
    read=read,
    provider_symbol=provider_symbol,
)
"""The library yfinance reaches it (orchestration/resources/vendors/yahoo.py); what comes is read here as all is."""
