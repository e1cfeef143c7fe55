"""The table of column lineage in small tables without repetition, and back. No files are read or written here.

Columns of a mart that share a source share a row, and where a clean column is read from stands once.
The mart column_lineage joins the same tables in SQL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

from transforms.lineage.row import LineageRow

KINDS: Final = ("value", "derived", "filter")
"""The strongest first. `lineage_<kind>` holds the sources whose strongest way into the figure is that one."""

ORIGINS: Final = "lineage_origin"

Row = tuple[str, ...]
Tables = Mapping[str, Sequence[Row]]
"""By the table's name its rows, sorted, without the header."""


class Shared(NamedTuple):
    """A row of `lineage_<kind>`: columns of one mart, and clean columns (table.column) that all of them come from.

    The lists are separated by blanks. `reason` stands where no clean column is a source.
    """

    mart: str
    column_names: str
    clean_columns: str
    reason: str
    via: str


class Place(NamedTuple):
    """A row of `lineage_origin`: one place that a clean column is read from. `kind` is never filter."""

    clean_table: str
    clean_column: str
    kind: str
    section: str
    attribute: str
    reason: str


def source_table(kind: str) -> str:
    """The table of the sources of a kind."""
    return f"lineage_{kind}"


HEADERS: Final[dict[str, Row]] = {
    **{source_table(kind): Shared._fields for kind in KINDS},
    ORIGINS: Place._fields,
}
"""By the table's name its columns."""


def pack(rows: Iterable[LineageRow]) -> dict[str, list[Row]]:
    """The small tables that say the same as the rows."""
    places: dict[Row, int] = {}
    sources: dict[tuple[str, str, str, str, str], int] = {}
    for row in rows:
        rank = KINDS.index(row.kind)
        clean = f"{row.clean_table}.{row.clean_column}" if row.clean_table else ""
        source = (row.mart, row.column_name, clean, "" if clean else row.reason, row.via)
        sources[source] = min(rank, sources.get(source, rank))
        if clean and row.kind != "filter":
            place = (row.clean_table, row.clean_column, row.section, row.attribute, row.reason)
            places[place] = min(rank, places.get(place, rank))
    tables: dict[str, list[Row]] = {
        source_table(kind): _shared(source for source, found in sources.items() if found == rank)
        for rank, kind in enumerate(KINDS)
    }
    tables[ORIGINS] = sorted(
        Place(table, column, KINDS[rank], *read_from) for (table, column, *read_from), rank in places.items()
    )
    return tables


def unpack(tables: Tables) -> list[LineageRow]:
    """The rows of the table of lineage, sorted: what `pack` was given."""
    places: dict[str, list[Place]] = defaultdict(list)
    for place in (Place(*row) for row in tables[ORIGINS]):
        places[f"{place.clean_table}.{place.clean_column}"].append(place)
    rows = []
    for kind in KINDS:
        for shared in (Shared(*row) for row in tables[source_table(kind)]):
            for column, clean in product(shared.column_names.split(" "), shared.clean_columns.split(" ")):
                table, _, name = clean.partition(".")
                read_from = places[clean] if kind != "filter" else ()
                for place in read_from or (Place(table, name, kind, "", "", shared.reason),):
                    weaker = max(kind, place.kind, key=KINDS.index)
                    rows.append(LineageRow(shared.mart, column, weaker, *place[:2], *place[3:], shared.via))
    return sorted(rows)


def _shared(sources: Iterable[tuple[str, str, str, str, str]]) -> list[Row]:
    """First the columns that have a source in common, then the sources that have the same columns."""
    columns: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for mart, column, clean, reason, via in sources:
        columns[mart, clean, reason, via].add(column)
    together: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for (mart, clean, reason, via), names in columns.items():
        together[mart, " ".join(sorted(names)), reason, via].add(clean)
    return sorted(
        Shared(mart, names, " ".join(sorted(clean)), reason, via)
        for (mart, names, reason, via), clean in together.items()
    )
