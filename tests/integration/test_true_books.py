"""The marts against the simulator's true books, for each account and each day of the demo and of other lives.

The books are kept event by event while the life is simulated; the pipeline has only seen the documents.
"""

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest

from orchestration.defs.publish.version import RECONCILED_SECTIONS
from tests.support.lives import Life, lives

CENT = Decimal("0.005")
pytestmark = pytest.mark.parametrize("life", lives(11, demo=True), indirect=True, scope="session")


def test_nav_of_each_day(life: Life) -> None:
    ours = {(a, d): n for a, d, n in life.rows("select account_id, nav_date, nav_base from fct_nav_daily")}
    books = life.simulation.books
    expected = {(a, d): books.nav(a, d) for a in books.accounts for d in books.days(a)}
    assert len(expected) > 1400
    off = {k: (ours.get(k), v) for k, v in expected.items() if k not in ours or abs(ours[k] - v) >= CENT}
    assert off == {}


def test_cash_per_currency_of_each_day(life: Life) -> None:
    ours: dict[tuple[str, date], dict[str, Decimal]] = defaultdict(dict)
    sql = "select account_id, position_date, currency, quantity from fct_position_daily where asset_class = 'CASH'"
    for account, day, currency, balance in life.rows(sql):
        ours[account, day][currency] = balance
    books = life.simulation.books
    off = []
    for account in books.accounts:
        for day in books.days(account):
            true = books.cash(account, day)
            for currency in true.keys() | ours[account, day].keys():
                difference = ours[account, day].get(currency, Decimal(0)) - true.get(currency, Decimal(0))
                if abs(difference) >= CENT:
                    off.append((account, day, currency, difference))
    assert off == []


def test_positions_of_each_day(life: Life) -> None:
    ours: dict[tuple[str, date], dict[str, Decimal]] = defaultdict(dict)
    sql = "select account_id, position_date, conid, quantity from fct_position_daily where asset_class <> 'CASH'"
    for account, day, conid, quantity in life.rows(sql):
        ours[account, day][str(conid)] = quantity
    books = life.simulation.books
    off = []
    for account in books.accounts:
        for day in books.days(account):
            true = {str(c): q for c, q in books.positions(account, day).items() if q}
            mine = {c: q for c, q in ours[account, day].items() if q}
            if mine != true:
                off.append((account, day, {c: (mine.get(c), true.get(c)) for c in mine.keys() ^ true.keys()}))
    assert off == []


def test_realised_pnl_of_each_day(life: Life) -> None:
    sql = """
        select account_id, report_date, sum(realized_pnl_base)
        from (
            select account_id, report_date, realized_pnl_base from fct_trade
            union all
            select account_id, report_date, realized_pnl_base from fct_corporate_action
        )
        group by all
    """
    ours = {(a, d): r or Decimal(0) for a, d, r in life.rows(sql)}
    books = life.simulation.books
    off = []
    for account in books.accounts:
        for day in books.days(account):
            difference = ours.get((account, day), Decimal(0)) - books.realized_base(account, day)
            if abs(difference) >= CENT:
                off.append((account, day, difference))
    assert off == []


def test_cost_basis_of_each_day_that_no_snapshot_tells(life: Life) -> None:
    sql = """
        select account_id, position_date, conid, cost_basis from fct_position_daily
        where asset_class <> 'CASH' and quantity_basis <> 'reported'
    """
    off, found = [], life.rows(sql)
    for account, day, conid, cost in found:
        true = sum(lot.cost for lot in life.simulation.books.lots(account, day)[conid])
        if cost is None or abs(cost - true) >= CENT:
            off.append((account, day, conid, cost, true))
    assert off == []
    assert len(found) > 10_000


def test_unrealised_pnl_is_value_less_cost(life: Life) -> None:
    sql = """
        select count(*), count(unrealized_pnl) from fct_position_daily
        where asset_class not in ('CASH', 'FUT') and unrealized_pnl is distinct from market_value - cost_basis
    """
    assert life.rows(sql) == [(0, 0)]


def test_every_closing_of_the_broker_is_one_of_our_lots(life: Life) -> None:
    sql = """
        select check_name, status, sum(broker) from reconciliation where check_name like 'lots%' group by all
    """
    tied = {name: figure for name, status, figure in life.rows(sql) if status == "tied"}
    assert set(tied) == {"lots_realized", "lots_closed", "lots_quantity", "lots_cost_basis", "lots_by_symbol"}
    assert min(tied["lots_closed"], tied["lots_quantity"], tied["lots_cost_basis"]) > (
        300 if life.is_demo else 50
    )


def test_twr_of_each_day_and_of_the_whole(life: Life) -> None:
    ours = {(a, d): r for a, d, r in life.rows("select account_id, return_date, twr from fct_return_daily")}
    books = life.simulation.books
    off = []
    for account in books.accounts:
        for day in books.days(account):
            true = books.twr(account, day)
            mine = ours.get((account, day))
            if true is not None and (mine is None or abs(mine - float(true)) >= 1e-10):
                off.append((account, day, mine, true))
    assert off == []
    sql = """select account_id, value from performance_metric where "window" = 'SI' and metric = 'twr'"""
    for account, value in life.rows(sql):
        days = books.days(account)
        assert value == pytest.approx(float(books.cumulative_twr(account, days[0], days[-1])), abs=1e-10)


def test_every_check_ties(life: Life) -> None:
    assert life.rows("select * from reconciliation where status = 'broken'") == []
    (tied,) = life.rows("select count(*) from reconciliation where status = 'tied'")[0]
    assert tied > (1000 if life.is_demo else 350)


def test_every_row_is_accounted_for(life: Life) -> None:
    sql = "select * from document_section where rows_read <> rows_kept + rows_superseded + rows_rejected"
    assert life.rows(sql) == []


def test_each_reconciled_section_has_its_check(life: Life) -> None:
    found = {s for (s,) in life.rows("select distinct section from reconciliation")}
    never_here = {
        *("ChangeInPositionValues", "TierInterestDetails", "SalesTaxes"),
        "Transfers",
    }
    assert found == set(RECONCILED_SECTIONS) - never_here
