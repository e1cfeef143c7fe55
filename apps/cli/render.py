"""Printing a query's result: a table for eyes, JSON and CSV for programs. Nothing here knows SQL."""

import math
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from apps.exact_text import json_text, plain_decimal, scalar, write_csv
from apps.published import Result

MISSING = "—"
_PIPE_WIDTH = 4000
"""Columns when the output is no terminal: wide enough that nothing is cut before `grep` sees it."""

_MONEY = (
    "_base",
    "_money",
    "proceeds",
    "commission",
    "taxes",
    "net_cash",
    "realized_pnl",
    "market_value",
    "ours",
    "broker",
    "difference",
    "amount",
)
_NAMES = {"nav": "NAV", "pnl": "PnL", "twr": "TWR", "mwr": "MWR", "mtd": "MTD", "ytd": "YTD", "fx": "FX"}
_WORDS = ("explanation", "reason", "description", "notes", "suggestion", "acknowledged")
_RATIOS = ("twr", "mwr", "weight", "current_drawdown")
_NUMBER_TYPES = (
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "BIGINT",
    "HUGEINT",
    "INTEGER",
    "SMALLINT",
    "TINYINT",
    "UBIGINT",
    "UINTEGER",
    "USMALLINT",
    "UTINYINT",
    "UHUGEINT",
)


class Output(Enum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def print_json(result: Result, stream: TextIO) -> None:
    """An array with an object per row, a row per line."""
    lines = [json_text(row) for row in result.records()]
    stream.write("[\n" + ",\n".join(f"  {line}" for line in lines) + "\n]\n" if lines else "[]\n")


def cell(column: str, value: object) -> str:
    """A value as the table shows it: money to the cent, ratios in percent, a dash for what is missing."""
    if value is None:
        return MISSING
    if isinstance(value, (Decimal, float)) and not isinstance(value, bool):
        if not math.isfinite(value):
            return MISSING
        if column in _RATIOS or column.endswith("_twr"):
            return f"{value:+.2%}" if column != "weight" else f"{value:.2%}"
        if column.endswith(_MONEY):
            return f"{value + 0:,.2f}"
        if isinstance(value, Decimal):
            whole, _, fraction = plain_decimal(value).partition(".")
            return (
                f"{int(whole):,}" + (f".{fraction}" if fraction else "")
                if abs(value) >= 1
                else plain_decimal(value)
            )
        return f"{value:,.6g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return scalar(value)


def label(column: str) -> str:
    """A column's name as a heading: nav_base is "NAV (base)"."""
    words = [_NAMES.get(word, word) for word in column.removesuffix("_base").split("_")]
    return " ".join(words) + (" (base)" if column.endswith("_base") else "")


def print_table(
    result: Result, console: Console, *, hide: Sequence[str] = (), raw_names: bool = False
) -> None:
    """A table: numbers right aligned, columns of words left out when they are empty.

    With `raw_names` it shows a person's own query: every column under its own name, every digit.
    """
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    shown: list[int] = []
    for index, (column, type_name) in enumerate(zip(result.columns, result.types, strict=True)):
        words = column.endswith(_WORDS)
        empty = bool(result.rows) and all(row[index] is None for row in result.rows)
        if column in hide or (words and empty and not raw_names):
            continue
        shown.append(index)
        number = type_name.upper().startswith(_NUMBER_TYPES)
        table.add_column(
            column if raw_names else label(column),
            justify="right" if number else "left",
            no_wrap=not words,
            overflow="fold",
        )
    for row in result.rows:
        table.add_row(*(_painted(result.columns[index], row[index], raw=raw_names) for index in shown))
    console.print(table)


def _painted(column: str, value: Any, *, raw: bool) -> Text:
    if raw:
        return Text(scalar(value)) if value is not None else Text("NULL", style="dim")
    text = cell(column, value)
    style = ""
    if column == "status":
        style = {"broken": "bold red", "not_reported": "yellow", "tied": "green"}.get(text, "")
    elif text == MISSING:
        style = "dim"
    elif isinstance(value, (Decimal, float)) and "pnl" in column and value != 0:
        style = "green" if value > 0 else "red"
        text = text if value < 0 else f"+{text}"
    return Text(text, style=style)


def stdout_console() -> Console:
    """Standard output; wide when it is a pipe or a file, so that no column is cut."""
    return Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False, soft_wrap=False)


def print_result(
    result: Result, output: Output, *, hide: Iterable[str] = (), raw_names: bool = False
) -> None:
    """Print to standard output in the asked form; a cut table says so on standard error."""
    if output is Output.JSON:
        print_json(result, sys.stdout)
    elif output is Output.CSV:
        write_csv(result.columns, result.rows, sys.stdout)
    else:
        print_table(result, stdout_console(), hide=tuple(hide), raw_names=raw_names)
    if result.truncated:
        Console(stderr=True, highlight=False).print(
            f"… cut after {len(result.rows)} rows; --limit 0 prints them all", style="dim"
        )
