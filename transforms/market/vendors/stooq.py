"""Stooq: daily bars as CSV. It says everything with status 200, so the first line decides what a body is."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from transforms.market.series import Ask
from transforms.market.vendors.body import (
    Origin,
    clipped,
    day,
    is_html,
    number,
    origin,
    parsed,
    refused,
    table_of,
    text_of,
)
from transforms.market.vendors.contract import Answer, Key, Limit, Page, Reach, Request, Vendor
from transforms.market.vendors.rows import bars_page, daily, empty_page
from transforms.market.vendors.spelling import is_currency_pair

TITLE: Final = "Stooq"
HEADER: Final = "Date,Open,High,Low,Close"
"""What the first line of a table starts with; nothing else is one."""

_BY_HAND: Final = "take another vendor, or import Stooq's bulk file, which is downloaded by hand"
_PHP: Final = re.compile(r"(?:Warning|Notice|Deprecated|Fatal error)\b.* on line [0-9]+", re.IGNORECASE)
_EMPHASIS: Final = re.compile(r"</?(?:b|br) ?/?>", re.IGNORECASE)
"""What PHP puts around the words of a warning."""


def provider_symbol(symbol: str) -> str:
    """`BRK.B` is `brk-b.us`; an index (`^SPX`) and a currency pair (`EURUSD`) have no market behind them."""
    if symbol.startswith("^") or is_currency_pair(symbol):
        return symbol.lower()
    return symbol.lower().replace(".", "-").replace(" ", "-") + ".us"


def requests(ask: Ask) -> tuple[Request, ...]:
    """One request gives the whole span."""
    span = (("d1", f"{ask.first:%Y%m%d}"), ("d2", f"{ask.last:%Y%m%d}"))
    return (Request("/q/d/l/", (("s", ask.series[0].provider_symbol), *span, ("i", "d"))),)


def read(answer: Answer, request: Request, ask: Ask) -> Page:
    """The bars of a body; VendorError for quota, key, challenge, PHP's errors and all that is no table."""
    at = origin(TITLE, ask)
    if answer.status != 200:
        refused(answer, at)
    lines = text_of(answer, at).splitlines(keepends=True)
    noise = _noise(lines)
    table = "".join(lines[noise:])
    warned = bool("".join(lines[:noise]).strip())
    if not table.startswith(HEADER):
        return _without_table(table, warned, at, ask)
    told = [line for line in lines[noise:] if line.strip() and line.strip().lower() != "no data"]
    if len(told) == 1:
        return empty_page(ask)
    if not told[-1].endswith("\n"):
        raise at.damaged(f"line {len(lines)}: the answer ends in the middle of a line")
    notes = ("the page wrote a warning before the table",) if warned else ()
    return _bars("".join(told), noise + 1, at, ask, notes)


def _bars(text: str, first_line: int, at: Origin, ask: Ask, notes: tuple[str, ...]) -> Page:
    table = table_of(text, at, first_line)
    if ",".join(table.names[:5]) != HEADER:
        raise at.untrusted(f"line {first_line}: the columns are {clipped(','.join(table.names))}")
    prices = {name.lower(): parsed(table, name, number, "number", at) for name in table.names[1:5]}
    # A pair or an index has no such column; a cell may be blank.
    volume = (
        {"volume": parsed(table, "Volume", number, "number", at, ("",))} if "Volume" in table.names else {}
    )
    sessions = [one for one in parsed(table, "Date", day, "day", at) if one is not None]
    symbol = ask.series[0].provider_symbol
    columns = [pl.Series(name, values, dtype=pl.Float64) for name, values in (prices | volume).items()]
    return bars_page(daily(symbol, sessions, ask).with_columns(columns), ask, at, notes=notes)


def _noise(lines: list[str]) -> int:
    """How many lines at the beginning are blank or PHP's warnings, which may stand before a table that is right."""
    for place, line in enumerate(lines):
        plain = _EMPHASIS.sub("", line).strip()
        if plain and not _PHP.match(plain):
            return place
    return len(lines)


def _without_table(text: str, warned: bool, at: Origin, ask: Ask) -> Page:
    start = text.strip().lower()
    if (not start and not warned) or start == "no data":
        return empty_page(ask)
    if start.startswith("exceeded the daily hits limit"):
        raise at.error(Reach.SOURCE, "the quota of this day is used up", f"Ask again tomorrow, or {_BY_HAND}")
    if "apikey" in start[:200]:
        raise at.error(
            Reach.SOURCE,
            "it wants an API key",
            f"Set STOOQ_API_KEY to the key that its page gives you, or {_BY_HAND}",
        )
    if "__verify" in start or "verify your browser" in start:
        raise at.error(Reach.SOURCE, "it wants to see a browser", f"No program is let in: {_BY_HAND}")
    if is_html(start.encode()):
        raise at.error(
            Reach.SOURCE, "a web page came instead of data", f"Look at it in a browser, or {_BY_HAND}"
        )
    if warned or _PHP.search(start):
        raise at.damaged("the vendor's page failed and wrote a warning of PHP instead of a table")
    raise at.untrusted(f"the answer is no table: its first line does not start with {HEADER}")


STOOQ: Final = Vendor(
    name="stooq",
    title=TITLE,
    kinds=frozenset({"bars"}),
    frequencies=frozenset({"1d"}),
    base_url="https://stooq.com",
    base_url_setting="STOOQ_BASE_URL",
    adjustment="unknown",
    limit=Limit(per_minute=30, burst=2),
    requests=requests,
    read=read,
    key=Key("STOOQ_API_KEY", "parameter", "apikey", needed=False),
    provider_symbol=provider_symbol,
)
