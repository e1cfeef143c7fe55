"""Our PnL by instrument and cause against the simulator's true books, exactly: each day of the demo and other lives."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest

from tests.support.lives import Life, lives

CAUSES = (
    "price", "trading", "fx_translation", "dividends", "withholding", "interest", "commissions", "fees", "taxes",
    "other",
)  # fmt: skip
Explained = dict[tuple[str, date], dict[tuple[str, str], Decimal]]
NOTHING = Decimal(0)
pytestmark = pytest.mark.parametrize("life", lives(11, demo=True), indirect=True, scope="session")


def told(life: Life) -> Explained:
    """What fct_pnl_daily says, in the keys of the true books."""
    sums = ", ".join(f"sum({cause}_base)" for cause in CAUSES)
    sql = f"""
        select account_id, pnl_date, coalesce(instrument_key, ''), {sums}
        from fct_pnl_daily group by all
    """
    found: Explained = defaultdict(dict)
    for account, day, key, *amounts in life.rows(sql):
        found[account, day] |= {(key, cause): v for cause, v in zip(CAUSES, amounts, strict=True) if v != 0}
    return found


def true(life: Life) -> Explained:
    """The true books; the documents tell interest accruals in base only, so their translation is interest."""
    books, found = life.simulation.books, {}
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


def test_each_instrument_and_cause_of_each_day(life: Life) -> None:
    ours, theirs = told(life), true(life)
    assert sum(len(pnl) for pnl in theirs.values()) > 30_000
    assert ours.keys() <= theirs.keys()
    assert differences(ours, theirs) == []


def test_all_causes_of_a_day_are_the_change_in_nav_that_no_flow_made(life: Life) -> None:
    """What our PnL leaves unexplained of our NAV is, by the true books, what came from outside or went there."""
    sql = """
        with pnl as (
            select account_id, pnl_date, sum(total_base) as total_base from fct_pnl_daily group by all
        )
        select n.account_id, nav_date, total_base is not null,
               nav_base - lag(nav_base, 1, 0) over (partition by n.account_id order by nav_date)
               - coalesce(total_base, 0)
        from fct_nav_daily as n left join pnl as p on n.account_id = p.account_id and nav_date = pnl_date
    """
    books, found = life.simulation.books, life.rows(sql)
    flows = {
        (account, day): sum((amount for _, amount in books.external_flows(account, day)), NOTHING)
        for account in books.accounts
        for day in books.days(account)
    }
    assert [row for row in found if row[3] != flows.get((row[0], row[1]), NOTHING)] == []
    assert sum(has_pnl for _, _, has_pnl, _ in found) > 1500
    assert sum(flow != 0 for flow in flows.values()) > 40


def test_the_rows_of_a_day_are_its_result(life: Life) -> None:
    sql = """
        select r.account_id, r.return_date, r.pnl_base, coalesce(sum(p.total_base), 0)
        from fct_return_daily as r
        left join fct_pnl_daily as p on r.account_id = p.account_id and r.return_date = p.pnl_date
        group by all
    """
    found = life.rows(sql)
    assert len(found) > 1500
    assert [row for row in found if row[2] != row[3]] == []
    unexplained = "select count(*) from fct_pnl_daily where instrument_key is null and other_base <> 0"
    assert life.rows(unexplained) == [(0,)]


def test_windows_by_instrument_add_up_to_the_windows_pnl(life: Life) -> None:
    sql = """
        select account_id, "window", sum(total_base), sum(realized_base)
        from pnl_by_instrument group by all
    """
    sums = {(account, window): (pnl, realized) for account, window, pnl, realized in life.rows(sql)}
    metrics = life.rows("""select account_id, "window", value from performance_metric where metric = 'pnl'""")
    known = {(account, window): value for account, window, value in metrics if value is not None}
    assert len(known) >= 8
    assert {key: float(sums[key][0]) for key in known} == pytest.approx(known, abs=1e-6)
    for account, realized in life.rows("select account_id, realized_ytd_base from account_summary"):
        assert sums[account, "YTD"][1] == realized


def test_income_of_the_whole_life(life: Life) -> None:
    books = life.simulation.books
    names = {
        "dividend": ("dividends",), "withholding": ("withholdingTax",), "interest": ("interest",),
        "fee": ("otherFees",), "commission": ("commissions", "forexCommissions"), "tax": ("transactionTax",),
    }  # fmt: skip
    sql = """
        select account_id, replace(kind, 'payment_in_lieu', 'dividend'), sum(net_base)
        from income group by all
    """
    ours = {(account, kind): net for account, kind, net in life.rows(sql)}
    for account in books.accounts:
        days = books.days(account)
        change = books.change_in_nav(account, days[0], days[-1])
        for kind, components in names.items():
            true_net = sum((change.get(name, NOTHING) for name in components), NOTHING)
            assert ours.get((account, kind), NOTHING) == true_net, (account, kind)
    # Tax of a dividend paid in January, given back later: booked in its own month, told under January.
    late = "select distinct month(action_month_date) from income where action_month_date < booked_month_date"
    assert (1,) in life.rows(f"{late} and kind = 'withholding'")


def test_allocation_is_the_whole_net_asset_value(life: Life) -> None:
    sql = """
        select a.account_id, a.as_of_date, dimension, sum(net_base), sum(weight), any_value(nav_base),
               bool_and(is_latest)
        from allocation as a
        join fct_nav_daily as n on a.account_id = n.account_id and a.as_of_date = n.nav_date
        group by all
    """
    found = life.rows(sql)
    assert len(found) == 2 * 36 * 4
    assert [row for row in found if row[3] != row[5]] == []
    assert all(row[4] == pytest.approx(1) for row in found)
    assert sum(row[6] for row in found) == 2 * 4
