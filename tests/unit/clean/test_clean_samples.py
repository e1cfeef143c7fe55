"""Real documents through every builder: no failure, no row lost without a reason, figures equal lxml's."""

from collections import Counter
from decimal import Decimal
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from lxml import etree

from tests.support.raw_frames import clean
from transforms.clean import CLEAN_TABLES, Cleaned

SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "flex"
FILES = sorted(SAMPLES.rglob("*.xml"))
pytestmark = pytest.mark.skipif(not FILES, reason="needs the documents in ../shared/samples")

FINEST_FIRST = {
    "Trades": ("EXECUTION", "ORDER", "SYMBOL_SUMMARY", "ASSET_SUMMARY"),
    "CashTransactions": ("DETAIL", "SUMMARY"),
    "CorporateActions": ("DETAIL", "SUMMARY"),
    "Transfers": ("TRANSFER", "LOT"),
    "OpenPositions": ("SUMMARY", "LOT"),
    "TradeConfirms": ("EXECUTION", "ORDER", "SYMBOL_SUMMARY", "ASSET_SUMMARY"),
}
GATHERED = {"accounts", "instruments", "statements", "statement_sections", "source_agreements"}
OTHER_LEVELS = {"closed_lots", "wash_sales", "position_lots"}
WITHOUT_A_SAMPLE = {
    *(
        "closed_lots",
        "source_agreements",
        "wash_sales",
        "interest_details",
        "transaction_taxes",
        "client_fees",
        "client_fee_details",
    ),
    *("cfd_charges", "debit_card_activities", "slb_activities", "slb_fees", "slb_open_contracts"),
    *("borrow_fees", "fx_positions"),
}
SECTIONS = {
    table.inputs[-1]: name for name, table in CLEAN_TABLES.items() if name not in GATHERED | OTHER_LEVELS
}


@cache
def cleaned(path: Path) -> dict[str, Cleaned]:
    return clean([path.read_bytes()])


def rows_of(path: Path, section: str) -> list[etree._Element]:
    """The section's elements, and the section itself if it has attributes, as lxml finds them."""
    containers = etree.parse(path).findall(f".//FlexStatement/{section}")
    inside = [row for container in containers for row in container.iterdescendants(tag=etree.Element)]
    return inside + [container for container in containers if container.attrib]


def told_again(path: Path, section: str) -> int:
    """Rows that tell again what others of the same document tell: at a coarser level, or word for word."""
    order = FINEST_FIRST.get(section)
    if order is None:
        return 0
    rows = rows_of(path, section)
    levels = Counter(row.get("levelOfDetail") or order[0] for row in rows)
    finest = next((level for level in order if levels[level]), None)
    whole = Counter(tuple(row.items()) for row in rows if row.get("transactionID", "").isdigit())
    return sum(levels.values()) - levels[finest] + sum(whole.values()) - len(whole)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_row_is_kept_superseded_or_rejected_for_a_reason(path: Path) -> None:
    tables = cleaned(path)
    for section, name in SECTIONS.items():
        read = len(rows_of(path, section))
        table, issues = tables[name].table, tables[name].issues
        kept = table["source_rows"].sum() if name == "positions" else table.height
        standing = set(table["row_ordinal"])
        rejected = {row for row in issues["row_ordinal"] if row is not None and row not in standing}
        assert kept + len(rejected) + told_again(path, section) == read, (section, name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_cell_of_a_real_document_is_unreadable(path: Path) -> None:
    for name, table in cleaned(path).items():
        assert table.issues.filter(pl.col("severity") == "error").is_empty(), name


def test_all_documents_together_build_too() -> None:
    tables = clean([path.read_bytes() for path in FILES])
    assert tables["statements"].table["document_id"].n_unique() == len(FILES)
    empty = {name for name, table in tables.items() if table.table.is_empty()}
    flex = {
        name for name in empty if not any(s.startswith(("PA.", "TWS.")) for s in CLEAN_TABLES[name].inputs)
    }
    assert flex == WITHOUT_A_SAMPLE


MONEY = {"quantity": "quantity", "proceeds": "proceeds", "ibCommission": "commission", "netCash": "net_cash"}


def test_sums_of_the_largest_real_document_equal_lxmls() -> None:
    path = SAMPLES / "opensteuerauszug" / "eTax_report_anonymised_2025.xml"
    tables, tree = cleaned(path), etree.parse(path)
    rows = [row for row in tree.iter("Trade") if row.get("levelOfDetail") == "EXECUTION"]
    trades = tables["trades"].table
    assert trades.height == len(rows) == 671
    for attribute, column in {**MONEY, "fifoPnlRealized": "realized_pnl", "mtmPnl": "mtm_pnl"}.items():
        assert trades[column].sum() == sum(Decimal(row.get(attribute)) for row in rows), attribute
    details = [row for row in tree.iter("CashTransaction") if row.get("levelOfDetail") == "DETAIL"]
    cash = tables["cash_transactions"].table
    for currency in {row.get("currency") for row in details}:
        expected = sum(Decimal(row.get("amount")) for row in details if row.get("currency") == currency)
        assert cash.filter(pl.col("currency") == currency)["amount"].sum() == expected, currency
    held = tables["positions"].table
    lots = [row for row in tree.iter("OpenPosition") if row.get("levelOfDetail") == "LOT"]
    for name, attribute in (("quantity", "position"), ("position_value", "positionValue")):
        assert held[name].sum() == sum(Decimal(row.get(attribute)) for row in lots), attribute
    assert tables["position_lots"].table.height == len(lots) == 72
    assert tables["position_lots"].table["quantity"].sum() == held["quantity"].sum()


def test_the_document_with_all_sections_ties_within_itself() -> None:
    tables = cleaned(SAMPLES / "portfolio-performance" / "testIBFlexStatementFile17.xml")
    nav = tables["nav_daily"].table
    change = tables["change_in_nav"].table.row(0, named=True)
    assert nav["total"].to_list() == [change["starting_value"], change["ending_value"]]
    assert nav["cash"][-1] == tables["cash_balances"].table["ending_cash"][0]
    assert nav["cash"][-1] == tables["statement_of_funds"].table["balance"][-1]
    positions = tables["positions"].table
    by_class = dict(positions.group_by("asset_class").agg(pl.col("position_value").sum()).rows())
    assert by_class == {"STK": nav["stock"][-1], "OPT": nav["options"][-1]}
    assert tables["dividend_accruals"].table["net_amount"].sum() == nav["dividend_accruals"][-1]
    assert tables["position_marks"].table["prior_mtm_pnl"].sum() == change["mtm"]
    fifo = tables["fifo_performance"].table
    total = fifo.filter("is_total")["total_unrealized_pnl"].sum()
    assert (
        total
        == fifo.filter(~pl.col("is_total"))["total_unrealized_pnl"].sum()
        == positions["unrealized_pnl"].sum()
    )


def test_a_real_reversal_with_a_shared_transaction_id_loses_no_cash() -> None:
    path = SAMPLES / "jal" / "ibkr_year1.xml"
    rows = list(etree.parse(path).iter("CashTransaction"))
    cash = cleaned(path)["cash_transactions"].table
    assert cash.height == len(rows)
    assert cash["amount"].sum() == sum(Decimal(row.get("amount")) for row in rows)
