"""Massive (was Polygon): bars, splits and dividends as JSON, page after page. Prices are asked for unadjusted."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import polars as pl

from transforms.market.series import Ask
from transforms.market.vendors.body import (
    Origin,
    clipped,
    counts_if_told,
    days,
    json_object,
    measured,
    measured_if_told,
    message_of,
    origin,
    paid_amounts,
    refuse_html,
    refused,
    retry_after,
    rows_of,
    times,
)
from transforms.market.vendors.contract import Answer, Key, Limit, Page, Reach, Request, Vendor
from transforms.market.vendors.rows import PERIODS, actions_page, bars_page, daily, empty_page, in_zone, timed
from transforms.market.vendors.spelling import is_currency_pair

TITLE: Final = "Massive"
NEW_YORK: Final = "America/New_York"
BARS: Final = "/v2/aggs/ticker/"
SPLITS: Final = "/v3/reference/splits"
DIVIDENDS: Final = "/v3/reference/dividends"

_SPANS: Final = {"1d": "day", "1h": "hour", "1m": "minute"}
_BASE_AGGREGATES: Final = "50000"
_ACTIONS: Final = "1000"
_CLOSE: Final = 16
_WINDOW: Final = 60.0
"""Seconds: its limit is told per minute, without a Retry-After."""


def provider_symbol(symbol: str) -> str:
    """Shares as they are (`BRK.B`); `EURUSD` is `C:EURUSD`, the index `^SPX` is `I:SPX`."""
    if is_currency_pair(symbol):
        return f"C:{symbol}"
    return f"I:{symbol[1:]}" if symbol.startswith("^") else symbol.replace(" ", ".")


def requests(ask: Ask) -> tuple[Request, ...]:
    """The bars of the span."""
    symbol = ask.series[0].provider_symbol
    span = f"range/1/{_SPANS[ask.dataset.frequency]}/{ask.first}/{ask.last}"
    params = (("adjusted", "false"), ("sort", "asc"), ("limit", _BASE_AGGREGATES))
    return (Request(f"{BARS}{quote(symbol, safe=':')}/{span}", params),)


def actions(ask: Ask) -> tuple[Request, ...]:
    """The splits and the dividends of the span, each a walk of its own; only shares have them."""
    symbol = ask.series[0].provider_symbol
    if ":" in symbol:
        return ()
    return (
        _actions(SPLITS, "execution_date", symbol, ask),
        _actions(DIVIDENDS, "ex_dividend_date", symbol, ask),
    )


def read(answer: Answer, request: Request, ask: Ask) -> Page:
    """The page of the walk that the request belongs to."""
    at = origin(TITLE, ask)
    if answer.status != 200:
        _refused(answer, at)
    refuse_html(answer, at)
    body = json_object(answer, at)
    if body.get("status") not in ("OK", "DELAYED"):
        told = body.get("error") or body.get("message") or body.get("status")
        raise at.untrusted(f"the answer is not OK: {clipped(told, 200)}")
    rows = rows_of(body.get("results", []), "results", at)
    told_rows = body.get("resultsCount", len(rows))
    if told_rows != len(rows):
        raise at.damaged(f"{len(rows)} results came, but it tells of {clipped(told_rows)}")
    following = _following(body.get("next_url"), request, at)
    if request.path.startswith(BARS):
        return _bars(body, rows, following, at, ask)
    if request.path.startswith(SPLITS):
        return _splits(rows, following, at, ask)
    return _dividends(rows, following, at, ask)


def _bars(body: dict[str, Any], rows: list[Any], following: Request | None, at: Origin, ask: Ask) -> Page:
    symbol = ask.series[0].provider_symbol
    if body.get("ticker", symbol) != symbol:
        raise at.untrusted(f"the answer is about {clipped(body['ticker'])}")
    if body.get("adjusted", False) is not False:
        raise at.untrusted("the prices are adjusted for splits, but unadjusted ones were asked for")
    if not rows:
        return Page(empty_page(ask).rows, next=following)
    starts = times((row.get("t") for row in rows), "t", at)
    return bars_page(
        _begun(symbol, starts, at, ask).with_columns(
            *(
                pl.Series(name, measured((row.get(field) for row in rows), field, at), dtype=pl.Float64)
                for name, field in (("open", "o"), ("high", "h"), ("low", "l"), ("close", "c"))
            ),
            *(
                pl.Series(
                    name, measured_if_told((row.get(field) for row in rows), field, at), dtype=pl.Float64
                )
                for name, field in (("volume", "v"), ("vwap", "vw"))
            ),
            pl.Series("trades", counts_if_told((row.get("n") for row in rows), "n", at), dtype=pl.Int64),
        ),
        ask,
        at,
        following,
    )


def _begun(symbol: str, starts: list[int], at: Origin, ask: Ask) -> pl.DataFrame:
    """A day of shares is told as midnight or as 16:00 of New York; currencies and coins go by UTC."""
    around_the_clock = symbol.startswith(("X:", "C:"))
    zone = "UTC" if around_the_clock else NEW_YORK
    if ask.dataset.frequency != "1d" or around_the_clock:
        return timed(symbol, starts, ask, at, zone)
    sessions = in_zone(zone, starts)
    for place, start in enumerate(sessions, 1):
        if start.hour > _CLOSE:
            told = f"{start:%H:%M} in New York is neither its midnight nor its close"
            raise at.untrusted(f"row {place}, field t: {told}")
    return daily(symbol, sessions.dt.date(), ask, zone)


def _splits(rows: list[Any], following: Request | None, at: Origin, ask: Ask) -> Page:
    new = measured((row.get("split_to") for row in rows), "split_to", at)
    old = measured((row.get("split_from") for row in rows), "split_from", at)
    for place, (to, of) in enumerate(zip(new, old, strict=True), 1):
        if to <= 0 or of <= 0:
            raise at.untrusted(f"row {place}: a split of {of:g} into {to:g} is none")
    frame = _of_symbol(rows, "execution_date", at, ask).with_columns(
        pl.lit("split").alias("action"),
        pl.Series("ratio", [to / of for to, of in zip(new, old, strict=True)], dtype=pl.Float64),
    )
    return actions_page(frame, ask, at, following)


def _dividends(rows: list[Any], following: Request | None, at: Origin, ask: Ask) -> Page:
    currencies = [row.get("currency") for row in rows]
    for place, currency in enumerate(currencies, 1):
        if currency is not None and not isinstance(currency, str):
            raise at.untrusted(f"row {place}, field currency: {clipped(currency)!r} is no currency")
    frame = _of_symbol(rows, "ex_dividend_date", at, ask).with_columns(
        pl.lit("dividend").alias("action"),
        pl.Series(
            "amount",
            paid_amounts((row.get("cash_amount") for row in rows), "cash_amount", at),
            dtype=pl.Float64,
        ),
        pl.Series("currency", currencies, dtype=pl.String),
        pl.Series(
            "told_as", [f"{row.get('id')} {row.get('dividend_type')}" for row in rows], dtype=pl.String
        ),
    )
    # A regular and a special dividend of one day are one right that goes.
    day = (
        frame.unique()
        .group_by("provider_symbol", "ex_date", "action", "currency")
        .agg(pl.col("amount").sum())
    )
    return actions_page(day, ask, at, following)


def _of_symbol(rows: list[Any], field: str, at: Origin, ask: Ask) -> pl.DataFrame:
    symbol = ask.series[0].provider_symbol
    for place, row in enumerate(rows, 1):
        if row.get("ticker", symbol) != symbol:
            raise at.untrusted(f"row {place} is about {clipped(row['ticker'])}")
    ex_dates = days((row.get(field) for row in rows), field, at)
    return pl.DataFrame({"ex_date": pl.Series(ex_dates, dtype=pl.Date)}).with_columns(
        pl.lit(symbol).alias("provider_symbol")
    )


def _actions(path: str, field: str, symbol: str, ask: Ask) -> Request:
    span = ((f"{field}.gte", f"{ask.first}"), (f"{field}.lte", f"{ask.last}"))
    order = (("sort", field), ("order", "asc"), ("limit", _ACTIONS))
    return Request(path, (("ticker", symbol), *span, *order))


def _following(next_url: object, request: Request, at: Origin) -> Request | None:
    """The next page below the configured base URL: only path and query of `next_url` count, and no key of it."""
    if not next_url:
        return None
    try:
        url = urlsplit(next_url if isinstance(next_url, str) else "")
    except ValueError:  # no host in brackets, and the like
        url = urlsplit("")
    walk = next(start for start in (BARS, SPLITS, DIVIDENDS) if request.path.startswith(start))
    if not url.path.startswith(walk):
        raise at.untrusted("its next page is none of this walk")
    params = parse_qsl(url.query, keep_blank_values=True)
    return Request(url.path, tuple((name, value) for name, value in params if name.lower() != "apikey"))


def _refused(answer: Answer, at: Origin) -> None:
    message = message_of(answer, "error", "message")
    if answer.status == 429:
        wait = retry_after(answer)
        raise at.error(
            Reach.AGAIN,
            "more requests than the plan allows in a minute",
            "Ask again later, or upgrade the plan",
            _WINDOW if wait is None else wait,
        )
    if answer.status == 401:
        raise at.error(
            Reach.SOURCE, f"the key is refused ({clipped(message)})", "Set POLYGON_API_KEY to a key of yours"
        )
    if answer.status == 403 and message:
        raise at.error(
            Reach.SERIES,
            f"the plan does not include this ({clipped(message, 90)})",
            "Ask for a later first day, leave the series out, or upgrade the plan",
        )
    refused(answer, at, message)


MASSIVE: Final = Vendor(
    name="massive",
    title=TITLE,
    kinds=frozenset({"bars"}),
    frequencies=frozenset(PERIODS),
    base_url="https://api.massive.com",
    base_url_setting="POLYGON_BASE_URL",
    adjustment="raw",
    limit=Limit(per_minute=5, burst=5),
    requests=requests,
    read=read,
    apart=actions,
    key=Key("POLYGON_API_KEY", "header", "Authorization", "Bearer "),
    provider_symbol=provider_symbol,
)
"""The pace is that of the free plan."""
