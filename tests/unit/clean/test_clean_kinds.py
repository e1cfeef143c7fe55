"""The same account's story told by several kinds of documents gives the same clean tables."""

from datetime import date, datetime
from functools import cache

import polars as pl
import pytest

from tests.support.csv_documents import clean_documents
from transforms.broker_simulator import Simulation, simulate
from transforms.broker_simulator.flex_csv import Framing
from transforms.clean import CLEAN_TABLES, Cleaned

ACCOUNTS = ("U1000001", "U2000002")
START, END = date(2024, 1, 1), date(2024, 3, 29)
WHEN, LATER = datetime(2024, 4, 1, 4, 15), datetime(2024, 4, 9, 4, 15)
ABOUT_DOCUMENTS = {"statements", "statement_sections", "source_agreements"}
FACTS = sorted(set(CLEAN_TABLES) - ABOUT_DOCUMENTS)


# The simulated account has no such business, or its documents no such section.
NOT_ITS_BUSINESS = {
    *("borrow_fees", "cfd_charges", "client_fees", "client_fee_details", "debit_card_activities"),
    *("fx_positions", "fx_transactions", "interest_details", "position_value_changes", "sales_taxes"),
    *("slb_activities", "slb_fees", "slb_open_contracts", "trade_confirmations", "transaction_taxes"),
    *("account_snapshot", "position_snapshot", "pnl_snapshot", "execution_intraday"),
    *("transfers", "wash_sales", *(name for name in FACTS if name.startswith("portfolio_analyst_"))),
}


@cache
def life() -> Simulation:
    return simulate(seed=7)


def facts(tables: dict[str, Cleaned], name: str) -> pl.DataFrame:
    return tables[name].table.drop("document_id")


@cache
def from_xml() -> dict[str, Cleaned]:
    return clean_documents(life().document(ACCOUNTS, START, END, WHEN).content())


@pytest.mark.parametrize("framing", ["tables", "sections", "header_data"])
def test_flex_csv_gives_what_the_xml_gives(framing: Framing) -> None:
    tables = clean_documents(life().document(ACCOUNTS, START, END, WHEN).flex_csv(framing).content())
    for name in FACTS:
        assert facts(from_xml(), name).is_empty() == (name in NOT_ITS_BUSINESS), name
        assert facts(tables, name).equals(facts(from_xml(), name)), name
        assert tables[name].issues.drop("document_id").equals(from_xml()[name].issues.drop("document_id"))
    columns = ["statement", "account_id", "period_start_date", "period_end_date", "detail_rank"]
    assert facts(tables, "statements").select(columns).equals(facts(from_xml(), "statements").select(columns))


@cache
def with_statements() -> dict[str, Cleaned]:
    documents = [life().document(ACCOUNTS, START, END, WHEN).content()]
    documents += [
        life().document([account], START, END, LATER).activity_statement().content() for account in ACCOUNTS
    ]
    return clean_documents(*documents)


@pytest.mark.parametrize("name", FACTS)
def test_newer_activity_statements_change_nothing(name: str) -> None:
    assert with_statements()[name].table.equals(from_xml()[name].table)


def test_what_the_activity_statements_tell_is_held_against_the_xml() -> None:
    agreements = with_statements()["source_agreements"].table
    assert agreements["is_covered"].all()
    sums = agreements.group_by("account_id", "section", "currency").agg(
        pl.col("finer_amount", "coarser_amount", "finer_rows", "coarser_rows").sum()
    )
    assert sums.height > 15
    assert sums.filter(pl.col("finer_amount") != pl.col("coarser_amount")).is_empty()
    assert sums.filter(pl.col("finer_rows") != pl.col("coarser_rows")).is_empty()
    assert set(sums["account_id"]) == set(ACCOUNTS)
    assert from_xml()["source_agreements"].table.is_empty()


def test_an_activity_statement_alone_tells_the_same_trades_and_cash() -> None:
    alone = clean_documents(
        life().document(["U1000001"], START, END, WHEN).activity_statement().content(),
        tables=["trades", "cash_transactions", "positions", "closed_lots", "nav_daily"],
    )
    for name, columns in {
        "trades": ["trade_at", "quantity", "price", "proceeds", "currency", "asset_class", "side"],
        "cash_transactions": ["amount", "currency", "type"],
        "positions": ["asset_class", "quantity", "position_value", "cost_basis_money", "report_date"],
        "closed_lots": ["realized_pnl", "currency", "quantity", "price"],
        "nav_daily": ["report_date", "total", "cash", "stock"],
    }.items():
        whole = from_xml()[name].table.filter(pl.col("account_id") == "U1000001")
        found = alone[name].table
        if name == "nav_daily":
            whole = whole.filter(pl.col("report_date") == pl.col("report_date").max())
        assert found.height > 0
        assert found.select(columns).sort(columns).equals(whole.select(columns).sort(columns)), name
