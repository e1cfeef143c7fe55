"""The table of column lineage as values: one row, its columns. Light: it is read where nothing is computed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from typing import Final


@dataclass(frozen=True, order=True)
class LineageRow:
    """One row of the mart column_lineage; its fields are the mart's columns, in their order."""

    mart: str
    column_name: str
    kind: str
    clean_table: str
    clean_column: str
    section: str
    attribute: str
    reason: str
    via: str


COLUMNS: Final = tuple(field.name for field in fields(LineageRow))


def as_texts(rows: Iterable[LineageRow]) -> list[tuple[str, ...]]:
    """The rows as texts; an empty text stands for what a row does not have."""
    return [astuple(row) for row in rows]
