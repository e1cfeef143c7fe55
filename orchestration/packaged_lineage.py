"""Reading the column lineage that is packaged with the models. Computing it is lineage.py, and no part of a run."""

import csv
from functools import cache
from pathlib import Path

from orchestration.resources.dbt import PROJECT
from transforms.lineage.packed import HEADERS, Row, Shared, source_table

PACKAGED = PROJECT / "packaged"


def packaged(name: str, folder: Path = PACKAGED) -> list[Row]:
    """The rows of one of the packaged tables, without its header; none where it was never computed."""
    path = folder / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    if tuple(header) != HEADERS[name]:
        raise ValueError(f"{path}: the columns are not {', '.join(HEADERS[name])}; run `make lineage`")
    return [tuple(row) for row in rows]


@cache
def values_by_mart() -> dict[str, dict[str, list[tuple[str, str]]]]:
    """By mart and column, the clean tables and columns whose values go into it."""
    found: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for shared in (Shared(*row) for row in packaged(source_table("value"))):
        columns = found.setdefault(shared.mart, {})
        for clean in shared.clean_columns.split():
            table, column = clean.split(".")
            for name in shared.column_names.split(" "):
                columns.setdefault(name, []).append((table, column))
    return found
