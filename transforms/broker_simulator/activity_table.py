"""How a table of the Activity Statement is written, and the names that its tables share. No section here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from transforms.broker_simulator.csv_text import csv_line
from transforms.broker_simulator.money import total
from transforms.broker_simulator.told_rows import ToldRow

Told = dict[str, list[ToldRow]]
"""The statement's rows by section, as the Flex XML names sections and attributes."""

ASSET_CATEGORIES = {
    "STK": "Stocks",
    "OPT": "Equity and Index Options",
    "FUT": "Futures",
    "BOND": "Bonds",
    "CASH": "Forex",
}
"""Asset category by Flex code, in the order in which the statement lists them."""


class Lines:
    """Writes the lines of one table: its header, and rows of cells after the section's name."""

    def __init__(self, section: str, *columns: str) -> None:
        self._section = section
        self._columns = columns

    def header(self) -> str:
        """The line that names the columns."""
        return csv_line((self._section, "Header", *self._columns))

    def data(self, cells: Iterable[str]) -> str:
        """A line of data."""
        return csv_line((self._section, "Data", *cells))

    def sum_up(self, kind: str, cells: Iterable[str]) -> str:
        """A line of a sum: `kind` is SubTotal or Total."""
        return csv_line((self._section, kind, *cells))

    def of(self, rows: Iterable[Iterable[str]]) -> Iterator[str]:
        """The header and the rows; nothing if there is no row."""
        first = True
        for cells in rows:
            if first:
                yield self.header()
                first = False
            yield self.data(cells)


def figure(row: ToldRow, name: str) -> Decimal:
    """A number of a row."""
    return Decimal(row.values[name] or "0")


def summed(rows: Iterable[ToldRow], name: str) -> Decimal:
    """The sum of a number over rows."""
    return total(figure(row, name) for row in rows)


def dashed(day: str) -> str:
    """A day `20230102` as `2023-01-02`."""
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}" if day else ""


def dashed_time(moment: str) -> str:
    """A moment `20230102;093000` as `2023-01-02, 09:30:00`."""
    day, _, clock = moment.partition(";")
    return f"{dashed(day)}, {clock[:2]}:{clock[2:4]}:{clock[4:6]}" if clock else dashed(day)


def by_currency(rows: Iterable[ToldRow], base: str) -> dict[str, list[ToldRow]]:
    """Rows by currency, the base currency last, as the statement lists them."""
    found: dict[str, list[ToldRow]] = {}
    for row in rows:
        found.setdefault(row.values["currency"], []).append(row)
    return dict(sorted(found.items(), key=lambda item: (item[0] == base, item[0])))


def in_base(row: ToldRow, name: str) -> Decimal:
    """A number of a row at the row's own rate to base."""
    return figure(row, name) * Decimal(row.values["fxRateToBase"])
