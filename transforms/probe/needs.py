"""What the clean layer reads of Flex documents and what is published from it, by contracts and lineage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from transforms.clean import CLEAN_TABLES
from transforms.flex.registry import load_registry
from transforms.lineage.origins import STATEMENT, origins
from transforms.schemas import CONTRACTS, LINEAGE

Place = tuple[str, str]
"""Section and attribute."""
CleanColumn = tuple[str, str]
"""Clean table and column."""
MartColumn = tuple[str, str]
"""Mart and column."""

_HOMES = {"instruments": "SecuritiesInfo"}
_NOT_OF_ROWS = {field.name for field in LINEAGE}


@dataclass(frozen=True)
class Need:
    """A clean column and the places it can be read from: one of them is enough.

    `stood_in`: the statement's own attributes (its account, its period) stand in where no place has it.
    """

    table: str
    column: str
    places: tuple[Place, ...]
    stood_in: bool

    @property
    def home(self) -> str:
        """The section that is asked for where several have the column."""
        return _HOMES.get(self.table, self.places[0][0])


@cache
def needs() -> tuple[Need, ...]:
    """Every clean column that is read from rows of Flex sections, in the order of the tables."""
    known = load_registry().known_sections
    found = []
    for table in CLEAN_TABLES:
        for field in CONTRACTS[table].fields:
            if field.name in _NOT_OF_ROWS:
                continue
            places = [(origin.section, origin.attribute) for origin in origins(table, field.name)]
            rows = tuple((s, a) for s, a in places if s in known and a is not None)
            if rows:
                found.append(
                    Need(table, field.name, rows, any(section == STATEMENT for section, _ in places))
                )
    return tuple(found)


def attributes_read(section: str) -> tuple[str, ...]:
    """The attributes of a section that some clean column is read from, sorted."""
    return tuple(sorted({a for need in needs() for s, a in need.places if s == section}))


def lost_columns(
    unserved: frozenset[CleanColumn], published: Mapping[str, Mapping[str, Sequence[CleanColumn]]]
) -> tuple[frozenset[MartColumn], frozenset[MartColumn]]:
    """The published columns that none of their values reaches, and those that only some reach.

    `published`: by mart and column the clean columns whose values go into it (the packaged lineage).
    """
    lost: set[MartColumn] = set()
    touched: set[MartColumn] = set()
    for mart, columns in published.items():
        for column, sources in columns.items():
            missing = unserved.intersection(sources)
            if missing:
                (lost if len(missing) == len(set(sources)) else touched).add((mart, column))
    return frozenset(lost), frozenset(touched)
