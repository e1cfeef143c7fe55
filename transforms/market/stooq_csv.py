"""Stooq's CSV of one symbol, which a person saved from its page: its lines as bars. Where they go is not known here."""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePath
from typing import Final

import polars as pl

from transforms.market.stooq_bulk import MOST_NAMED, TABLE, Bulk, BulkError, Problem, as_bars
from transforms.market.symbols import canonical
from transforms.market.vendors.body import clipped, day, number

HEADER: Final = "Date,Open,High,Low,Close"
"""What the first line is, with `,Volume` behind it where there is one."""
_PRICES: Final = ("open", "high", "low", "close")
_NAMED: Final = re.compile(
    r"(?P<name>[\^a-z0-9][a-z0-9.-]*?)(?:[._](?P<market>[a-z]{2}))?(?:_(?P<step>[dwmqy]))?"
)


def symbol_in(file_name: str) -> str | None:
    """The canonical symbol that a file is named after: `aapl_us_d.csv`, `aapl.us.csv` and `AAPL.csv` are of AAPL.

    None for other markets than the American one, for weeks and months, and for other names.
    """
    told = _NAMED.fullmatch(PurePath(file_name).stem.lower())
    if told is None or told["step"] not in (None, "d"):
        return None
    return canonical("stooq", f"{told['name']}.{told['market']}" if told["market"] else told["name"])


def read_csv(name: str, content: bytes, provider_symbol: str, as_of: date) -> Bulk:
    """The bars of a file; a line that cannot be read is a problem, and the others are taken.

    `as_of`: the day on which it was saved: bars of that day and later are not final. Raises BulkError for another
    table, or none.
    """
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    first = lines[0].strip().decode(errors="replace")
    if first not in (HEADER, f"{HEADER},Volume"):
        raise BulkError(f"The first line of {name} is {clipped(first)!r}, and not {HEADER},Volume.")
    rows, wrong = [], []
    for line, told in enumerate(lines[1:], 2):
        if not told.strip():
            continue
        found = _row(told.decode(errors="replace"), first.count(",") + 1)
        if isinstance(found, str):
            wrong.append(Problem(name, line, found))
        else:
            rows.append((provider_symbol, *found))
    problems = wrong[:MOST_NAMED]
    if len(wrong) > MOST_NAMED:
        problems.append(Problem(name, None, f"{len(wrong) - MOST_NAMED:,} more lines could not be read"))
    table = pl.DataFrame(rows, schema=TABLE, orient="row")
    return Bulk(as_bars(table, as_of, problems), tuple(problems))


def _row(told: str, columns: int) -> tuple[object, ...] | str:
    """The values of a line, or what is wrong with it."""
    cells = [cell.strip() for cell in told.split(",")]
    if len(cells) != columns:
        return f"there are {len(cells)} cells, and not {columns}"
    session = day(cells[0])
    if session is None:
        return f"{clipped(cells[0])!r} is no day"
    volume = cells[5] if columns == len(_PRICES) + 2 else ""
    figures = (*cells[1:5], volume)
    values = [number(cell) for cell in figures]
    for column, cell, value in zip((*_PRICES, "volume"), figures, values, strict=True):
        if value is None and (cell or column in _PRICES):
            return f"{column} is {clipped(cell)!r}, which is no number"
    return (session, *values)
