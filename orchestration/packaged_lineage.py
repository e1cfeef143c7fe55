"""Reading the column lineage that is packaged with the models. Computing it is lineage.py, and no part of a run."""

import csv
from functools import cache

from orchestration.resources.dbt import PROJECT
from transforms.lineage.row import LineageRow

PACKAGED = PROJECT / "packaged" / "column_lineage.csv"


@cache
def packaged() -> tuple[LineageRow, ...]:
    """The lineage as it is packaged; nothing where it was never computed."""
    if not PACKAGED.exists():
        return ()
    with PACKAGED.open(encoding="utf-8", newline="") as lines:
        return tuple(LineageRow(**row) for row in csv.DictReader(lines))


@cache
def values_by_mart() -> dict[str, list[LineageRow]]:
    """By mart, the rows of clean columns whose values go into its columns."""
    found: dict[str, list[LineageRow]] = {}
    for row in packaged():
        if row.kind == "value" and row.clean_table:
            found.setdefault(row.mart, []).append(row)
    return found
