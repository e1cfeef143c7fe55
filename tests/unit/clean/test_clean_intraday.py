"""The clean tables of what TWS tells: the last snapshot of a day, every fill once, nothing guessed."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from tests.support.csv_documents import clean_documents
from tests.support.tws_values import (
    BOND,
    COMMISSION,
    EURO,
    EXECUTION,
    FUTURE,
    OPTION,
    TAKEN,
    execution,
    snapshot,
)
from transforms.clean import Cleaned
from tws.document import document_of, document_of_executions
from tws.values import Commission

HOUR = timedelta(hours=1)


def built(table: str, *documents: bytes) -> Cleaned:
    return clean_documents(*documents, tables=[table])[table]


def fills(*documents: bytes) -> dict[str, dict[str, Any]]:
    return {row["execution_key"]: row for row in built("execution_intraday", *documents).table.to_dicts()}


def told(*executions: Any, at: datetime = TAKEN, commissions: tuple[Commission, ...] = ()) -> bytes:
    return document_of_executions(at, executions, commissions)


def test_figures_of_accounts_are_numbers_where_they_are() -> None:
    table = built("account_snapshot", document_of(snapshot())).table
    found = {(r["account_id"], r["tag"], r["currency"]): (r["amount"], r["value"]) for r in table.to_dicts()}
    assert found["U1", "NetLiquidation", "EUR"] == (Decimal("10234.56"), "10234.56")
    assert found["U1", "AccountType", None] == (None, "INDIVIDUAL")
    assert {key[2] for key in found if key[1] == "CashBalance"} == {"USD", "EUR", "BASE"}
    assert table["snapshot_at"].unique().to_list() == [TAKEN]
    assert built("account_snapshot", document_of(snapshot())).issues.is_empty()


def test_an_unset_number_is_missing() -> None:
    values = (
        *snapshot().account_values[:1],
        replace(snapshot().account_values[1], value="1.7976931348623157E308"),
    )
    found = built("account_snapshot", document_of(replace(snapshot(), account_values=values)))
    assert dict(found.table.select("tag", "amount").rows())["TotalCashValue"] is None
    assert found.issues.is_empty()


def test_positions_bear_the_symbols_of_statements() -> None:
    table = built("position_snapshot", document_of(snapshot())).table
    assert table.select("conid", "symbol", "quantity", "average_cost", "primary_exchange").rows() == [
        (1001, "ABC", Decimal(100), Decimal("10.51"), "NYSE"),
        (2002, "ABC   240119C00110000", Decimal(-2), Decimal("150.25"), "CBOE"),
        (3003, "ES", Decimal(1), None, "CME"),
    ]
    assert table["instrument_key"].to_list() == ["1001", "2002", "3003"]
    option = table.row(1, named=True)
    assert (option["multiplier"], option["strike"], option["put_call"]) == (Decimal(100), Decimal(110), "C")


def test_pnl_of_an_account_and_of_its_positions() -> None:
    table = built("pnl_snapshot", document_of(snapshot())).table
    found = {(r["account_id"], r["conid"]): r for r in table.to_dicts()}
    assert found["U1", None]["daily_pnl"] == Decimal("12.34")
    assert found["U1", 1001]["market_value"] == Decimal(1050)
    assert (found["U1", 2002]["market_value"], found["U1", 2002]["daily_pnl"]) == (None, None)
    assert found["U2", None]["daily_pnl"] is None


def test_the_last_snapshot_of_a_day_stands_and_a_flat_account_stays_flat() -> None:
    morning = snapshot(TAKEN - 4 * HOUR)
    flat = replace(snapshot(TAKEN), positions=(), position_pnl=())
    documents = [document_of(s) for s in (flat, morning, snapshot(TAKEN - timedelta(days=1)))]
    positions = built("position_snapshot", *documents).table
    assert positions["snapshot_at"].unique().to_list() == [TAKEN - timedelta(days=1)]
    values = built("account_snapshot", *documents).table
    assert sorted(values["snapshot_at"].unique()) == [TAKEN - timedelta(days=1), TAKEN]


def test_the_day_is_the_brokers_not_that_of_utc() -> None:
    evening = TAKEN.replace(hour=23)
    after_midnight = evening + 3 * HOUR
    table = built(
        "account_snapshot", document_of(snapshot(evening)), document_of(snapshot(after_midnight))
    ).table
    assert table["snapshot_at"].unique().to_list() == [after_midnight]


def test_a_document_of_executions_is_no_snapshot() -> None:
    later = told(EXECUTION, at=TAKEN + HOUR)
    assert built("position_snapshot", document_of(snapshot()), later).table.height == 3
    assert built("position_snapshot", later).table.is_empty()


def test_a_fill_told_by_every_snapshot_is_one() -> None:
    documents = [document_of(snapshot(TAKEN + n * HOUR)) for n in range(3)]
    (row,) = fills(*documents).values()
    assert row["exec_id"] == "0000e0d5.65951e11.01.01"
    assert (row["quantity"], row["price"], row["side"]) == (Decimal(100), Decimal("10.5"), "BUY")
    assert (row["commission"], row["commission_currency"]) == (Decimal("-1.05"), "USD")
    assert row["executed_at"] == EXECUTION.executed_at
    assert row["realized_pnl"] is None


def test_a_correction_replaces_whichever_document_comes_first() -> None:
    first, corrected = execution(1, price="10"), execution(1, price="11", revision=2)
    cost = Commission(corrected.execution_id, Decimal("-0.2"), "USD", Decimal("3.5"))
    early, late = told(first), told(corrected, at=TAKEN + HOUR, commissions=(cost,))
    for documents in ((early, late), (late, early), (told(first, corrected, commissions=(cost,)),)):
        (row,) = fills(*documents).values()
        assert (row["price"], row["exec_id"][-3:], row["commission"]) == (Decimal(11), ".02", Decimal("0.2"))
    (row,) = fills(late, told(first, at=TAKEN + 2 * HOUR)).values()
    assert row["price"] == Decimal(11), "what is told again does not undo its correction"


def test_a_commission_may_come_later_or_never() -> None:
    (row,) = fills(told(EXECUTION)).values()
    assert (row["commission"], row["commission_currency"]) == (None, None)
    (row,) = fills(told(EXECUTION), told(at=TAKEN + HOUR, commissions=(COMMISSION,))).values()
    assert row["commission"] == Decimal("-1.05")
    (row,) = fills(
        told(EXECUTION, commissions=(COMMISSION,)),
        told(at=TAKEN + HOUR, commissions=(replace(COMMISSION, commission=Decimal(2)),)),
    ).values()
    assert row["commission"] == Decimal(-2)


def test_the_feed_and_the_books_name_a_fill_alike() -> None:
    """What corrections share, and which of two stands: `tws` has no word in `transforms`, so they are compared."""
    ids = ["x", "y", "x.abc", "x.abd", "z.1.01", "z.1.02", "z.2.10", "z.2.9", "z.3.1234567890"]
    executions = [replace(execution(1), execution_id=one) for one in ids]
    newest: dict[str, str] = {}
    for one in sorted(executions, key=lambda one: one.revision):
        newest[one.root] = one.execution_id
    found = fills(told(*executions))
    assert {key: row["exec_id"] for key, row in found.items()} == newest


def test_one_execution_of_two_accounts_is_two() -> None:
    table = built("execution_intraday", told(execution(1), execution(1, account_id="U2"))).table
    assert table.select("account_id", "execution_key").rows() == [
        ("U1", "0000e0d5.00000001.01"),
        ("U2", "0000e0d5.00000001.01"),
    ]


@pytest.mark.parametrize(
    ("at", "first", "last"),
    [
        (datetime(2024, 1, 3, 15, tzinfo=UTC), date(2024, 1, 3), date(2024, 1, 3)),
        (datetime(2024, 1, 3, 21, 59, tzinfo=UTC), date(2024, 1, 3), date(2024, 1, 3)),
        (datetime(2024, 1, 3, 22, 0, tzinfo=UTC), date(2024, 1, 3), date(2024, 1, 5)),
        (datetime(2024, 1, 4, 3, 30, tzinfo=UTC), date(2024, 1, 3), date(2024, 1, 5)),
        (datetime(2024, 1, 5, 22, 30, tzinfo=UTC), date(2024, 1, 5), date(2024, 1, 9)),
        (datetime(2024, 1, 7, 23, 30, tzinfo=UTC), date(2024, 1, 8), date(2024, 1, 9)),
        (datetime(2024, 1, 6, 15, tzinfo=UTC), date(2024, 1, 8), date(2024, 1, 8)),
        (datetime(2024, 7, 3, 21, 30, tzinfo=UTC), date(2024, 7, 3), date(2024, 7, 5)),  # a holiday between
    ],
)
def test_the_days_that_a_statement_may_book_a_fill_on(at: datetime, first: date, last: date) -> None:
    (row,) = fills(told(execution(1, FUTURE, at=at))).values()
    assert (row["first_trade_date"], row["last_trade_date"]) == (first, last)


def test_a_sale_of_an_option_a_currency_and_a_bond() -> None:
    rows = fills(
        told(execution(1, OPTION, "-2", "1.5"), execution(2, EURO, "1000", "1.1"), execution(3, BOND))
    )
    assert [(row["side"], row["symbol"]) for row in rows.values()] == [
        ("SELL", "ABC   240119C00110000"),
        ("BUY", "EUR.USD"),
        ("BUY", "T"),
    ]


def test_a_row_that_lacks_what_it_needs_is_left_out_and_said() -> None:
    document = json.loads(told(execution(1), execution(2), execution(3), execution(4)))
    rows = document["executions"]
    rows[0]["account_id"] = None
    rows[1]["price"] = "cheap"
    rows[2]["executed_at"] = "2024-01-03 15:00"
    found = built("execution_intraday", json.dumps(document).encode())
    assert found.table["execution_key"].to_list() == ["0000e0d5.00000004.01"]
    left_out = found.issues.filter(pl.col("problem").str.contains("left out"))
    assert left_out.select("section", "row_ordinal").rows() == [("TWS.executions", n) for n in (0, 1, 2)]
    assert "not a number" in found.issues.filter(pl.col("value") == "cheap")["problem"].item()


def test_rows_of_a_snapshot_that_cannot_stand_are_said() -> None:
    document = json.loads(document_of(snapshot()))
    document["positions"][0]["account_id"] = " "
    document["positions"].append({**document["positions"][1], "quantity": "7"})
    document["position_pnl"][0]["conid"] = None
    content = json.dumps(document).encode()
    positions = built("position_snapshot", content)
    assert dict(positions.table.select("conid", "quantity").rows())[2002] == Decimal(-2)
    assert positions.issues["severity"].to_list() == ["error", "warning"]
    pnl = built("pnl_snapshot", content)
    assert pnl.table["conid"].to_list() == [None, 2002, None]
    assert "left out" in pnl.issues["problem"].item()


def test_without_any_document_of_tws_the_tables_are_empty() -> None:
    names = ["account_snapshot", "position_snapshot", "pnl_snapshot", "execution_intraday"]
    assert all(cleaned.table.is_empty() for cleaned in clean_documents(tables=names).values())
