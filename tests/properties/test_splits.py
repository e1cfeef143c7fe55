"""Any split of one account's history into overlapping documents, taken in in any order, gives the same marts."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.books import build_marts, mart
from transforms.broker_simulator import Simulation, simulate

ACCOUNT = "U1000001"
FIRST, LAST = date(2023, 1, 2), date(2023, 6, 30)
DAYS = (LAST - FIRST).days

# What the account did and was worth must not depend on how its history was cut. (How often a figure was reported, and
# the rows that it came from, does.)
TABLES = {
    "fct_trade": "* exclude (document_id, section, row_ordinal)",
    "fct_closed_lot": "* exclude (document_id, section, row_ordinal)",
    "fct_cash_transaction": "* exclude (document_id, section, row_ordinal)",
    "fct_nav_daily": "* exclude (document_id, section, row_ordinal)",
    "fct_return_daily": "*",
    "performance_metric": "*",
    "monthly_return": "*",
    "drawdown": "*",
    "fct_position_daily": "account_id, position_date, instrument_key, quantity",
}


@cache
def life() -> Simulation:
    return simulate(seed=11, years=1)


def content(start: date, end: date, generated: datetime) -> bytes:
    return b"".join(life().document([ACCOUNT], start, end, generated).chunks())


def marts_of(pieces: Sequence[tuple[date, date]], order: Sequence[int], folder: Path) -> dict[str, list[Any]]:
    documents = [
        (f"{n:02d}.xml", content(start, end, datetime(2024, 1, 1) + timedelta(minutes=position)))
        for position, (n, (start, end)) in enumerate((n, pieces[n]) for n in order)
    ]
    warehouse = build_marts(documents, folder, one_by_one=len(documents) < 4, only=TABLES)
    return {
        table: mart(warehouse, f"select {columns} from {table} order by all")
        for table, columns in TABLES.items()
    }


@cache
def whole(folder: Path) -> dict[str, list[Any]]:
    return marts_of([(FIRST, LAST)], [0], folder)


@st.composite
def splits(draw: st.DrawFn) -> tuple[list[tuple[date, date]], list[int]]:
    """Pieces that cover the whole history, each beginning at or before its predecessor's end, in any order."""
    cuts = sorted(draw(st.sets(st.integers(1, DAYS - 1), min_size=1, max_size=5)))
    pieces = []
    begin = 0
    for cut in [*cuts, DAYS]:
        overlap = draw(st.integers(0, 40))
        pieces.append((FIRST + timedelta(days=max(0, begin - overlap)), FIRST + timedelta(days=cut)))
        begin = cut
    order = draw(st.permutations(range(len(pieces))))
    return pieces, list(order)


@pytest.mark.slow
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(split=splits())
def test_any_split_gives_the_same_marts(
    split: tuple[list[tuple[date, date]], list[int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    pieces, order = split
    expected = whole(tmp_path_factory.getbasetemp() / "whole-split")
    found = marts_of(pieces, order, tmp_path_factory.mktemp("split"))
    for table, rows in expected.items():
        assert found[table] == rows, table
