"""The marts of the demo against the simulator's true books, for each account and each day.

The books are kept event by event while the life is simulated; the pipeline has only seen the documents.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.defs.publish.version import RECONCILED_SECTIONS
from transforms.broker_simulator import Simulation, simulate

CENT = Decimal("0.005")


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(seed=7)


@contextmanager
def marts(demo: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(demo / "published" / "current.duckdb"), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        yield connection


def rows(demo: Path, sql: str) -> list[tuple[Any, ...]]:
    with marts(demo) as connection:
        return connection.execute(sql).fetchall()


def test_nav_of_each_day(demo: Path, simulation: Simulation) -> None:
    ours = {(a, d): n for a, d, n in rows(demo, "select account_id, nav_date, nav_base from fct_nav_daily")}
    books = simulation.books
    expected = {(a, d): books.nav(a, d) for a in books.accounts for d in books.days(a)}
    assert len(expected) > 1400
    off = {k: (ours.get(k), v) for k, v in expected.items() if k not in ours or abs(ours[k] - v) >= CENT}
    assert off == {}


def test_cash_per_currency_of_each_day(demo: Path, simulation: Simulation) -> None:
    ours: dict[tuple[str, date], dict[str, Decimal]] = defaultdict(dict)
    sql = "select account_id, position_date, currency, quantity from fct_position_daily where asset_class = 'CASH'"
    for account, day, currency, balance in rows(demo, sql):
        ours[account, day][currency] = balance
    books = simulation.books
    off = []
    for account in books.accounts:
        for day in books.days(account):
            true = books.cash(account, day)
            for currency in true.keys() | ours[account, day].keys():
                difference = ours[account, day].get(currency, Decimal(0)) - true.get(currency, Decimal(0))
                if abs(difference) >= CENT:
                    off.append((account, day, currency, difference))
    assert off == []


def test_positions_of_each_day(demo: Path, simulation: Simulation) -> None:
    ours: dict[tuple[str, date], dict[str, Decimal]] = defaultdict(dict)
    sql = "select account_id, position_date, conid, quantity from fct_position_daily where asset_class <> 'CASH'"
    for account, day, conid, quantity in rows(demo, sql):
        ours[account, day][str(conid)] = quantity
    books = simulation.books
    off = []
    for account in books.accounts:
        for day in books.days(account):
            true = {str(c): q for c, q in books.positions(account, day).items() if q}
            mine = {c: q for c, q in ours[account, day].items() if q}
            if mine != true:
                off.append((account, day, {c: (mine.get(c), true.get(c)) for c in mine.keys() ^ true.keys()}))
    assert off == []


def test_realised_pnl_of_each_day(demo: Path, simulation: Simulation) -> None:
    sql = """
        select account_id, report_date, sum(realized_pnl_base)
        from (
            select account_id, report_date, realized_pnl_base from fct_trade
            union all
            select account_id, report_date, realized_pnl_base from fct_corporate_action
        )
        group by all
    """
    ours = {(a, d): r or Decimal(0) for a, d, r in rows(demo, sql)}
    books = simulation.books
    off = []
    for account in books.accounts:
        for day in books.days(account):
            difference = ours.get((account, day), Decimal(0)) - books.realized_base(account, day)
            if abs(difference) >= CENT:
                off.append((account, day, difference))
    assert off == []


def test_cost_basis_of_each_day_that_no_snapshot_tells(demo: Path, simulation: Simulation) -> None:
    sql = """
        select account_id, position_date, conid, cost_basis from fct_position_daily
        where asset_class <> 'CASH' and quantity_basis <> 'reported'
    """
    off, found = [], rows(demo, sql)
    for account, day, conid, cost in found:
        true = sum(lot.cost for lot in simulation.books.lots(account, day)[conid])
        if cost is None or abs(cost - true) >= CENT:
            off.append((account, day, conid, cost, true))
    assert off == []
    assert len(found) > 10_000


def test_unrealised_pnl_is_value_less_cost(demo: Path) -> None:
    sql = """
        select count(*), count(unrealized_pnl) from fct_position_daily
        where asset_class not in ('CASH', 'FUT') and unrealized_pnl is distinct from market_value - cost_basis
    """
    assert rows(demo, sql) == [(0, 0)]


def test_every_closing_of_the_broker_is_one_of_our_lots(demo: Path) -> None:
    sql = """
        select check_name, status, sum(broker) from reconciliation where check_name like 'lots%' group by all
    """
    tied = {name: figure for name, status, figure in rows(demo, sql) if status == "tied"}
    assert set(tied) == {"lots_realized", "lots_closed", "lots_quantity", "lots_cost_basis", "lots_by_symbol"}
    assert min(tied["lots_closed"], tied["lots_quantity"], tied["lots_cost_basis"]) > 300


def test_twr_of_each_day_and_of_the_whole(demo: Path, simulation: Simulation) -> None:
    ours = {(a, d): r for a, d, r in rows(demo, "select account_id, return_date, twr from fct_return_daily")}
    books = simulation.books
    off = []
    for account in books.accounts:
        for day in books.days(account):
            true = books.twr(account, day)
            mine = ours.get((account, day))
            if true is not None and (mine is None or abs(mine - float(true)) >= 1e-10):
                off.append((account, day, mine, true))
    assert off == []
    sql = """select account_id, value from performance_metric where "window" = 'SI' and metric = 'twr'"""
    for account, value in rows(demo, sql):
        days = books.days(account)
        assert value == pytest.approx(float(books.cumulative_twr(account, days[0], days[-1])), abs=1e-10)


def test_every_check_ties(demo: Path) -> None:
    assert rows(demo, "select * from reconciliation where status = 'broken'") == []
    (tied,) = rows(demo, "select count(*) from reconciliation where status = 'tied'")[0]
    assert tied > 1000


def test_every_row_is_accounted_for(demo: Path) -> None:
    sql = "select * from document_section where rows_read <> rows_kept + rows_superseded + rows_rejected"
    assert rows(demo, sql) == []


def test_each_reconciled_section_has_its_check(demo: Path) -> None:
    found = {s for (s,) in rows(demo, "select distinct section from reconciliation")}
    not_in_the_demo = {
        *("ChangeInPositionValues", "TierInterestDetails", "SalesTaxes"),
        "Transfers",
    }
    assert found == set(RECONCILED_SECTIONS) - not_in_the_demo
