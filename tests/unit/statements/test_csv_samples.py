"""Real CSV documents, anonymised by their publishers: every row is counted, and nothing is lost on the way."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.support.csv_documents import clean_documents, read

SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "csv"
STATEMENTS = sorted(SAMPLES.glob("activity-statement/*.csv"))
FLEX = sorted(SAMPLES.glob("flex/*.csv"))
pytestmark = pytest.mark.skipif(not STATEMENTS, reason="needs the documents in ../shared/samples")

SECTIONS = {
    "Mark-to-Market Performance Summary": "MTMPerformanceSummaryInBase",
    "Realized & Unrealized Performance Summary": "FIFOPerformanceSummaryInBase",
    "Open Positions": "OpenPositions",
    "Trades": "Trades",
    "Deposits & Withdrawals": "CashTransactions",
    "Dividends": "CashTransactions",
    "Withholding Tax": "CashTransactions",
    "Financial Instrument Information": "SecuritiesInfo",
    "Codes": "Codes",
    "Notes/Legal Notes": "Notes/Legal Notes",
}
ONE_ROW = {
    "Statement": "Statement",
    "Account Information": "AccountInformation",
    "Net Asset Value": "EquitySummaryInBase",
    "Change in NAV": "ChangeInNAV",
}


def counted(path: Path) -> dict[str, int]:
    """Rows by section as the csv module finds them; tables of one row (or one row a currency) count those."""
    counts: Counter[str] = Counter()
    turned: set[tuple[str, str]] = set()
    with path.open(encoding="utf-8", newline="") as lines:
        for cells in csv.reader(lines):
            if cells[1] == "Header":
                continue
            if cells[0] == "Cash Report":
                turned.add(("CashReport", cells[3]))
            elif cells[0] in ONE_ROW:
                turned.add((ONE_ROW[cells[0]], ""))
            else:
                counts[SECTIONS[cells[0]]] += 1
    counts.update(section for section, _ in turned)
    return dict(counts)


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
def test_every_row_of_a_statement_is_counted(path: Path) -> None:
    (facts,), found = read(path.read_bytes())
    assert facts.kind == "activity_statement_csv"
    sections = found["_document_sections"]
    assert dict(sections.select("section", "rows_read").rows()) == counted(path)
    assert sections["known_section"].all()
    assert sections["unknown_columns"].sum() == 0
    for section, rows in counted(path).items():
        assert found[section].height == rows


@pytest.mark.parametrize("path", FLEX, ids=lambda path: path.stem)
def test_every_row_of_a_flex_document_is_counted(path: Path) -> None:
    (facts,), found = read(path.read_bytes())
    with path.open(encoding="utf-8", newline="") as lines:
        records = list(csv.reader(lines))
    first, last = (next(n for n, r in enumerate(records) if r[0] == mark) for mark in ("BOS", "EOS"))
    assert facts.kind == "flex_csv"
    assert found["_document_sections"].select("section", "rows_read").rows() == [
        ("CashReport", last - first - 2)
    ]
    assert found["CashReport"]["endingCash"].to_list() == [record[1] for record in records[first + 2 : last]]


@pytest.mark.parametrize("year", ["2023", "2024"])
def test_a_year_s_money_is_what_its_rows_add_up_to(year: str) -> None:
    """The published sample was thinned out, so that its own totals do not fit its rows any more."""
    (path,) = (path for path in STATEMENTS if path.stem.endswith(year))
    with path.open(encoding="utf-8", newline="") as lines:
        records = list(csv.reader(lines))
    tables = clean_documents(path.read_bytes())
    cash = tables["cash_transactions"].table
    for title, kind in (("Deposits & Withdrawals", "Deposits/Withdrawals"), ("Dividends", "Dividends"),
                        ("Withholding Tax", "Withholding Tax")):  # fmt: skip
        amounts = [Decimal(r[5]) for r in records if r[:2] == [title, "Data"] and r[2] == "USD"]
        assert len(amounts) > 10
        assert cash.filter(pl.col("type") == kind)["amount"].sum() == sum(amounts)
    trades = tables["trades"].table
    orders = [record for record in records if record[:3] == ["Trades", "Data", "Order"]]
    assert trades["proceeds"].sum() == sum(Decimal(order[10]) for order in orders)
    assert trades.height == len(orders)
    positions = [record for record in records if record[:2] == ["Open Positions", "Data"]]
    assert tables["positions"].table.height == len(positions)
    assert tables["positions"].table["position_value"].sum() == sum(Decimal(p[11]) for p in positions)
    assert all(cleaned.issues.is_empty() for cleaned in tables.values())


def test_orders_and_trades_of_one_statement_are_not_added() -> None:
    """The finest level stands: 1,000 shares bought in one order of one trade are 1,000 shares."""
    (path,) = (path for path in STATEMENTS if path.stem == "data_numbers_within_quotes")
    trades = clean_documents(path.read_bytes(), tables=["trades"])["trades"].table
    assert trades["level"].unique().to_list() == ["EXECUTION"]
    assert sorted(trades["quantity"].to_list()) == [-1000, -300, -100, -68, -32, 500, 1000]
    assert trades["quantity"].sum() == 0
