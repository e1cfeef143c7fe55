"""The broker's summaries of the demo: every check of them ties, or the statement was restated."""

from pathlib import Path
from typing import Any

import duckdb

ALWAYS = {
    "mtm_total", "mtm_change_in_nav", "mtm_prior_by_symbol", "mtm_transactions_by_symbol", "realized_by_symbol",
    "unrealized_by_symbol", "interest_accrual_change", "nav_interest_accruals",
}  # fmt: skip
"""Checks with one row for every period of the demo."""
SOMETIMES = {"lots_by_symbol", "interest_accrual_components", "transaction_taxes", "cash_rebuilt"}


def rows(demo: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(demo / "published" / "current.duckdb"), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        return connection.execute(sql).fetchall()


def test_every_summary_ties_or_was_restated(demo: Path) -> None:
    names = ", ".join(f"'{name}'" for name in sorted(ALWAYS | SOMETIMES))
    sql = (
        f"select check_name, status, count(*) from reconciliation where check_name in ({names}) group by all"
    )
    counts = {(name, status): count for name, status, count in rows(demo, sql)}
    assert {name for name, _ in counts} == ALWAYS | SOMETIMES
    assert {status for _, status in counts} <= {"tied", "not_reported"}
    ((periods,),) = rows(
        demo,
        "select count(distinct (account_id, period_start, period_end)) from reconciliation"
        " where section not like 'PA.%'",
    )
    for name in ALWAYS:
        tied, not_reported = counts[name, "tied"], counts.get((name, "not_reported"), 0)
        assert tied + not_reported == periods, name
        assert tied > periods / 2, name
    for name in SOMETIMES:
        assert counts[name, "tied"] > 50, name
    sql = f"select explanation from reconciliation where check_name in ({names}) and status = 'not_reported'"
    assert all("a newer statement over a longer period" in text for (text,) in rows(demo, sql))


def test_by_symbol_the_instruments_of_the_year_are_counted(demo: Path) -> None:
    sql = """
        select r.check_name, cast(r.broker as integer), count(distinct t.conid)
        from reconciliation as r
        join fct_trade as t on t.account_id = r.account_id and t.report_date between r.period_start and r.period_end
        where r.account_id = 'U1000001' and r.period_start = date '2024-01-01' and r.period_end = date '2024-12-31'
        and r.check_name in ('realized_by_symbol', 'mtm_transactions_by_symbol') and t.asset_class <> 'CASH'
        group by all
    """
    found = rows(demo, sql)
    assert {name for name, *_ in found} == {"realized_by_symbol", "mtm_transactions_by_symbol"}
    assert all(compared >= traded > 5 for _, compared, traded in found)


def test_nothing_of_the_demo_is_provisional_or_broken_by_symbol(demo: Path) -> None:
    assert rows(demo, "select count(*) from fct_trade where is_provisional") == [(0,)]
    assert rows(demo, "select * from reconciliation_row") == []


def test_option_events_are_no_second_booking(demo: Path) -> None:
    """The section is kept row by row and adds nothing to the trades, which hold the same bookings."""
    counted = "sum(rows_read), sum(rows_kept), sum(rows_superseded)"
    sql = f"select {counted} from document_section where section = 'OptionEAE'"
    ((read, kept, superseded),) = rows(demo, sql)
    assert read == kept + superseded
    assert kept > 0
    assert rows(demo, "select count(*) from fct_trade where section = 'OptionEAE'") == [(0,)]
