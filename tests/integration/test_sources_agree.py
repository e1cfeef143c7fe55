"""The same account told by several kinds of documents: the finer one stands, and the marts say whether they agree."""

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.books import build_marts
from transforms.broker_simulator import Simulation, simulate

START, END = date(2024, 1, 1), date(2024, 6, 30)
WHEN = datetime(2024, 7, 1, 4, 15)
LATER = datetime(2024, 7, 3, 4, 15)
ACCOUNT = "U1000001"
FACTS = (
    "fct_trade",
    "fct_cash_transaction",
    "fct_position_daily",
    "fct_nav_daily",
    "fct_return_daily",
    "dim_instrument",
)


@cache
def life() -> Simulation:
    return simulate(seed=7)


def rows(warehouse: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        return connection.execute(sql).fetchall()


@cache
def xml() -> bytes:
    return life().document([ACCOUNT], START, END, WHEN).content()


@cache
def activity() -> bytes:
    """A newer document than the XML, of the same days."""
    return life().document([ACCOUNT], START, END, LATER).activity_statement().content()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_marts([("a.xml", xml())], tmp_path_factory.mktemp("alone") / "data")


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    documents = [("a.xml", xml()), ("b.csv", activity())]
    return build_marts(documents, tmp_path_factory.mktemp("together") / "data")


@pytest.fixture(scope="module")
def at_odds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Activity Statement tells of one deposit that is 100 larger."""
    lines = activity().decode().splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("Deposits & Withdrawals,Data,"))
    *front, amount = lines[at].split(",")
    lines[at] = ",".join([*front, str(int(amount) + 100)])
    documents = [("a.xml", xml()), ("b.csv", "\n".join(lines).encode())]
    return build_marts(documents, tmp_path_factory.mktemp("at-odds") / "data")


@pytest.mark.parametrize("mart", FACTS)
def test_the_activity_statement_changes_no_fact(alone: Path, together: Path, mart: str) -> None:
    columns = rows(alone, f"select column_name from information_schema.columns where table_name = '{mart}'")
    names = ", ".join(f'"{name}"' for (name,) in columns)
    sql = f"select {names} from {mart} order by all"
    assert len(rows(alone, sql)) > 5
    assert rows(together, sql) == rows(alone, sql)


def test_nothing_is_compared_where_one_kind_is_alone(alone: Path) -> None:
    assert rows(alone, "select * from reconciliation where check_name = 'source_agreement'") == []


def test_both_kinds_agree(together: Path) -> None:
    sql = "select section, status from reconciliation where check_name = 'source_agreement'"
    found = rows(together, sql)
    assert {status for _, status in found} == {"tied"}
    assert {section for section, _ in found} >= {
        "Trades", "CashTransactions", "OpenPositions", "EquitySummaryInBase", "ChangeInNAV", "CashReport",
    }  # fmt: skip
    assert rows(together, "select * from reconciliation where status = 'broken'") == []
    assert rows(together, "select * from reconciliation_row") == []


def test_the_rows_that_give_way_are_counted(together: Path) -> None:
    sql = """
        select section, rows_read, rows_kept, rows_superseded
        from document_section join document using (document_id)
        where kind = 'activity_statement_csv' and section in ('Trades', 'CashTransactions', 'OpenPositions')
    """
    found = rows(together, sql)
    assert len(found) == 3
    for section, read, kept, superseded in found:
        assert (kept, superseded) == (0, read), section
    kinds = rows(together, "select kind, status from document order by kind")
    assert kinds == [("activity_statement_csv", "loaded"), ("flex_xml", "loaded")]


def test_a_difference_is_a_break_with_its_day_behind_it(at_odds: Path) -> None:
    sql = "select section, currency, ours, broker, difference, explanation from reconciliation where status = 'broken'"
    ((section, currency, ours, broker, difference, explanation),) = rows(at_odds, sql)
    assert (section, difference, broker - ours) == ("CashTransactions", -100, 100)
    assert "Activity Statement" in explanation
    behind = rows(
        at_odds,
        "select r.section, r.currency, r.difference, d.kind, r.row_ordinal is not null"
        " from reconciliation_row as r join document as d using (document_id)",
    )
    assert behind == [("CashTransactions", currency, -100, "activity_statement_csv", True)]
