"""CSV documents in the raw layer: loaded beside XML, set aside with a reason, their rows under the same sections."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.data_folder import DataFolder
from orchestration.resources.raw_store import RawStore
from tests.support.csv_documents import flex_csv
from tests.support.flex_text import cash_row, flex_document

NOW = datetime(2024, 2, 1, 6, tzinfo=UTC)
HEADERS = ("ClientAccountID", "CurrencyPrimary", "EndingCash")
CASH = (("U1", "BASE_SUMMARY", "10"), ("U1", "USD", "4"))
STATEMENT = """Statement,Header,Field Name,Field Value
Statement,Data,Period,"January 2, 2024"
Account Information,Header,Field Name,Field Value
Account Information,Data,Account,U1
Deposits & Withdrawals,Header,Currency,Settle Date,Description,Amount
Deposits & Withdrawals,Data,USD,2024-01-02,Wire,"1,000"
"""


@pytest.fixture
def store(tmp_path: Path) -> RawStore:
    data = DataFolder(tmp_path)
    data.inbox.mkdir(parents=True)
    return RawStore(data, "America/New_York")


def test_documents_of_every_kind_lie_side_by_side(store: RawStore) -> None:
    inbox = store.data.inbox
    (inbox / "a.xml").write_bytes(flex_document({"CashTransactions": [cash_row("1", "5")]}))
    (inbox / "b.csv").write_bytes(
        flex_csv("sections", [("CRTT", "Cash Report", HEADERS, CASH)], checksums={"CRTT": "14"})
    )
    (inbox / "c").write_text(STATEMENT)
    report = store.ingest(lambda: NOW)
    assert [(r.kind, r.status) for r in report.receipts] == [
        ("flex_xml", "loaded"), ("flex_csv", "loaded"), ("activity_statement_csv", "loaded"),
    ]  # fmt: skip
    statements = store.scan("_statements")
    assert statements is not None
    assert sorted(statements.collect()["kind"]) == ["activity_statement_csv", "flex_csv", "flex_xml"]
    cash = store.scan("CashTransactions")
    assert cash is not None
    assert cash.collect()["amount"].to_list() == ["5", "1,000"]


def test_a_csv_that_does_not_add_up_is_set_aside_with_both_numbers(store: RawStore) -> None:
    content = flex_csv("sections", [("CRTT", "Cash Report", HEADERS, CASH)], checksums={"CRTT": "13"})
    (store.data.inbox / "b.csv").write_bytes(content)
    (store.data.inbox / "c.csv").write_text(STATEMENT)
    report = store.ingest(lambda: NOW)
    assert [r.status for r in report.receipts] == ["quarantined", "loaded"]
    (beside,) = store.data.quarantine.glob("*.reason.json")
    said = json.loads(beside.read_text())
    assert "Section CashReport (CRTT, begun in line 4)" in said["reason"]
    assert "amount 13" in said["reason"]
    assert "EndingCash 14" in said["reason"]
    assert said["place"] == "line 7"
    assert store.scan("CashReport") is None


def test_a_statement_in_another_language_is_set_aside_with_its_name(store: RawStore) -> None:
    (store.data.inbox / "d.csv").write_text(
        "Statement,Header,Feldname,Feldwert\nStatement,Data,Title,Auszug\n"
    )
    (receipt,) = store.ingest(lambda: NOW).receipts
    assert receipt.status == "quarantined"
    assert receipt.reason is not None
    assert "The statement is in German" in receipt.reason
    assert "line 1" in receipt.reason
    assert "English" in receipt.reason
