"""Origins against the builders themselves: take an attribute away, and only columns that name it may change."""

from datetime import date, datetime
from functools import cache

import polars as pl
import pytest

from tests.support.raw_frames import raw_frames, raw_sections
from transforms.broker_simulator import simulate
from transforms.clean import CLEAN_TABLES, CleanContext
from transforms.lineage.origins import STATEMENT, origins

ROW = ["document_id", "section", "row_ordinal"]
TABLES = [name for name in CLEAN_TABLES if name not in {"statements", "statement_sections"}]
# Tables that are gathered from all sections: the one that is theirs alone.
OWN = {"accounts": ("AccountInformation",), "instruments": ("SecuritiesInfo",)}


@cache
def frames() -> dict[str, pl.DataFrame]:
    document = simulate(seed=3, years=1).document(
        ["U1000001"], date(2023, 1, 2), date(2023, 3, 31), datetime(2023, 4, 1, 2)
    )
    return raw_frames([b"".join(document.chunks())])


def built(table: str, changed: dict[str, pl.DataFrame]) -> pl.DataFrame:
    of_table = ("_statements", "_statement_sections", *OWN.get(table, CLEAN_TABLES[table].inputs))
    given = {section: frame for section, frame in frames().items() if section in of_table}
    return CLEAN_TABLES[table].build(raw_sections({**given, **changed}), CleanContext()).table


def attributes() -> list[tuple[str, str, str]]:
    """Table, section, attribute of everything that the document says of a table's sections."""
    return [
        (table, section, attribute)
        for table in TABLES
        for section in OWN.get(table, CLEAN_TABLES[table].inputs)
        if section in frames()
        for attribute in frames()[section].columns
        if not attribute.startswith("_")
        and frames()[section][attribute].null_count() < frames()[section].height
    ]


@pytest.mark.parametrize("table", TABLES)
def test_only_columns_that_name_an_attribute_change_without_it(table: str) -> None:
    before = built(table, {}).sort(ROW)
    compared = 0
    for name, section, attribute in attributes():
        if name != table:
            continue
        without = frames()[section].with_columns(pl.lit(None, dtype=pl.String).alias(attribute))
        after = built(table, {section: without}).sort(ROW)
        if not after.select(ROW).equals(before.select(ROW)):
            continue  # the attribute decides which rows stand; then no row can be compared
        place = STATEMENT if section == "_statements" else section
        changed = {column for column in before.columns if not before[column].equals(after[column])}
        compared += len(changed)
        for column in changed:
            told = origins(table, column)
            by_content = any("hash" in (origin.reason or "") for origin in told)
            assert by_content or (place, attribute) in {(o.section, o.attribute) for o in told}, (
                f"{table}.{column} changes without {place}.{attribute}, and does not name it"
            )
    assert compared or before.is_empty() or table == "fx_rates", "its rows stand by every attribute"
