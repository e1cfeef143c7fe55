"""Our PnL by instrument and cause against the simulator's true books, exactly, for each day.

The demo's documents are always checked, and one more life that is told by yearly documents alone. More lives:
TIEOUT_TEST_SEEDS="11 12 13".
"""

import os
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.books import build_marts
from transforms.broker_simulator import Simulation, simulate

CAUSES = (
    "price", "trading", "fx_translation", "dividends", "withholding", "interest", "commissions", "fees", "taxes",
    "other",
)  # fmt: skip
SEEDS = [int(seed) for seed in os.environ.get("TIEOUT_TEST_SEEDS", "11").split()]
Explained = dict[tuple[str, date], dict[tuple[str, str], Decimal]]
NOTHING = Decimal(0)


def told(marts: Path) -> Explained:
    """What fct_pnl_daily says, in the keys of the true books."""
    sums = ", ".join(f"sum({cause}_base)" for cause in CAUSES)
    sql = f"""
        select account_id, pnl_date, coalesce(instrument_key, ''), {sums}
        from marts.fct_pnl_daily group by all
    """
    found: Explained = defaultdict(dict)
    with duckdb.connect(str(marts), read_only=True) as connection:
        for account, day, key, *amounts in connection.execute(sql).fetchall():
            found[account, day] |= {
                (key, cause): v for cause, v in zip(CAUSES, amounts, strict=True) if v != 0
            }
    return found


def true(life: Simulation) -> Explained:
    """The true books; the documents tell interest accruals in base only, so their translation is interest."""
    books, found = life.books, {}
    for account in books.accounts:
        for day in books.days(account):
            pnl = dict(books.pnl(account, day))
            interest = pnl.pop(("", "interest"), NOTHING) + pnl.pop(("", "fx_translation"), NOTHING)
            found[account, day] = pnl | ({("", "interest"): interest} if interest else {})
    return found


def differences(ours: Explained, theirs: Explained) -> list[object]:
    return [
        (account, day, key, ours[account, day].get(key), pnl.get(key))
        for (account, day), pnl in theirs.items()
        for key in ours[account, day].keys() | pnl.keys()
        if ours[account, day].get(key) != pnl.get(key)
    ]


def test_each_day_of_the_demo(demo: Path) -> None:
    ours, theirs = told(demo / "published" / "current.duckdb"), true(simulate(seed=7))
    assert sum(len(pnl) for pnl in theirs.values()) > 30_000
    assert ours.keys() <= theirs.keys()
    assert differences(ours, theirs) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_each_day_of_lives_told_by_yearly_documents(seed: int, tmp_path: Path) -> None:
    life = simulate(seed=seed)
    years = [d for d in life.documents() if len(d.file_name) == len("U1000001_2023.xml")]
    assert len(years) == 6
    warehouse = build_marts([(d.file_name, b"".join(d.chunks())) for d in years], tmp_path)
    assert differences(told(warehouse), true(life)) == []


def rows(demo: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(demo / "published" / "current.duckdb"), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        return connection.execute(sql).fetchall()


def test_the_rows_of_a_day_are_its_result(demo: Path) -> None:
    sql = """
        select r.account_id, r.return_date, r.pnl_base, coalesce(sum(p.total_base), 0)
        from fct_return_daily as r
        left join fct_pnl_daily as p on r.account_id = p.account_id and r.return_date = p.pnl_date
        group by all
    """
    found = rows(demo, sql)
    assert len(found) > 1500
    assert [row for row in found if row[2] != row[3]] == []
    unexplained = "select count(*) from fct_pnl_daily where instrument_key is null and other_base <> 0"
    assert rows(demo, unexplained) == [(0,)]


def test_windows_by_instrument_add_up_to_the_windows_pnl(demo: Path) -> None:
    sql = """
        select account_id, "window", sum(total_base), sum(realized_base)
        from pnl_by_instrument group by all
    """
    sums = {(account, window): (pnl, realized) for account, window, pnl, realized in rows(demo, sql)}
    metrics = rows(
        demo, """select account_id, "window", value from performance_metric where metric = 'pnl'"""
    )
    known = {(account, window): value for account, window, value in metrics if value is not None}
    assert len(known) >= 8
    assert {key: float(sums[key][0]) for key in known} == pytest.approx(known, abs=1e-6)
    for account, realized in rows(demo, "select account_id, realized_ytd_base from account_summary"):
        assert sums[account, "YTD"][1] == realized


def test_income_of_the_whole_life(demo: Path) -> None:
    books = simulate(seed=7).books
    names = {
        "dividend": ("dividends",), "withholding": ("withholdingTax",), "interest": ("interest",),
        "fee": ("otherFees",), "commission": ("commissions", "forexCommissions"), "tax": ("transactionTax",),
    }  # fmt: skip
    sql = """
        select account_id, replace(kind, 'payment_in_lieu', 'dividend'), sum(net_base)
        from income group by all
    """
    ours = {(account, kind): net for account, kind, net in rows(demo, sql)}
    for account in books.accounts:
        days = books.days(account)
        change = books.change_in_nav(account, days[0], days[-1])
        for kind, components in names.items():
            true_net = sum((change.get(name, NOTHING) for name in components), NOTHING)
            assert ours.get((account, kind), NOTHING) == true_net, (account, kind)
    # Tax of a dividend paid in January, given back later: booked in its own month, told under January.
    late = "select distinct month(action_month_date) from income where action_month_date < booked_month_date"
    assert (1,) in rows(demo, f"{late} and kind = 'withholding'")


def test_allocation_is_the_whole_net_asset_value(demo: Path) -> None:
    sql = """
        select a.account_id, a.as_of_date, dimension, sum(net_base), sum(weight), any_value(nav_base),
               bool_and(is_latest)
        from allocation as a
        join fct_nav_daily as n on a.account_id = n.account_id and a.as_of_date = n.nav_date
        group by all
    """
    found = rows(demo, sql)
    assert len(found) == 2 * 36 * 4
    assert [row for row in found if row[3] != row[5]] == []
    assert all(row[4] == pytest.approx(1) for row in found)
    assert sum(row[6] for row in found) == 2 * 4
