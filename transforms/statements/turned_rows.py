"""Tables of an Activity Statement whose rows are the attributes of one row: held until the statement ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from transforms.flex.csv_rows import OpenStatement
from transforms.statements.activity_facts import ActivityTable

REPEATED = "Repeated"
"""Tag of a row that a second block of the same table gives: the first that is not all zero stands."""


@dataclass
class TurnedRow:
    """One row in the making: where it belongs, and its attributes so far.

    `further` are those that a table of its own tells (`has`): they belong to the block that stands.
    """

    table: ActivityTable
    statement: OpenStatement
    key: str
    block: int
    attributes: dict[str, str] = field(default_factory=dict)
    further: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    @property
    def says_nothing(self) -> bool:
        """Whether all its figures are zero."""
        return not any(map(_is_figure, self.attributes.values()))


class TurnedRows:
    """The rows in the making of one statement, in the order in which they began."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, str, str, int], TurnedRow] = {}

    def row(self, table: ActivityTable, statement: OpenStatement, key: str, block: int) -> TurnedRow:
        """The row that a record adds to; two tables of one Flex section add to the same row."""
        place = (statement.index, table.section, key, block)
        if place not in self._rows:
            self._rows[place] = TurnedRow(table, statement, key, block)
        return self._rows[place]

    def take_all(self) -> list[tuple[TurnedRow, bool]]:
        """The rows, each with whether it stands or only repeats; afterwards none are held."""
        standing: dict[tuple[int, str, str], TurnedRow] = {}
        for (statement, section, key, _), row in self._rows.items():
            before = standing.get((statement, section, key))
            if before is None or (before.says_nothing and not row.says_nothing):
                standing[statement, section, key] = row
        rows = [(row, row is standing[place[:3]]) for place, row in self._rows.items()]
        for place, row in self._rows.items():
            standing[place[:3]].attributes |= row.further
        self._rows = {}
        return rows


def add_cells(row: TurnedRow, table: ActivityTable, headers: list[str], cells: list[str]) -> str:
    """Add a record's cells to a row; returns its label ("" where the table has none)."""
    by_header = dict(zip(headers, cells, strict=True))
    label = by_header.get(table.label, "").strip() if table.label else ""
    attribute = table.attribute(label) if table.label else ""
    for header, cell in by_header.items():
        if header in (table.label, table.by) or not cell.strip():
            continue
        ending = table.values.get(header)
        if ending is not None and attribute is not None:
            name = attribute + ending
        elif ending is not None:
            name = label if not ending else f"{label}: {header}"
            row.unknown.add(name)
        else:
            name = f"{label}: {header}"
            if header not in table.keep:
                row.unknown.add(name)
        told = row.attributes if table.has is None else row.further
        told.setdefault(name, cell.strip().removesuffix("%"))
    return label


def _is_figure(text: str) -> bool:
    """Whether a text is a number other than zero."""
    try:
        return Decimal(text.replace(",", "")) != 0
    except InvalidOperation:
        return False
