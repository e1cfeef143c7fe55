"""The raw store: what an ingest keeps, sets aside, and leaves behind when it is killed."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.data_folder import DataFolder
from orchestration.resources.raw_store import RawStore
from tests.support.flex_text import cash_row, flex_document

NOW = datetime(2024, 1, 3, 6, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> RawStore:
    return RawStore(DataFolder(tmp_path), "America/New_York")


def drop(store: RawStore, name: str, content: bytes) -> Path:
    store.data.inbox.mkdir(parents=True, exist_ok=True)
    path = store.data.inbox / name
    path.write_bytes(content)
    return path


def document(number: int) -> bytes:
    return flex_document({"CashTransactions": [cash_row(str(number), "100.25")], "Trades": []})


def ingest(store: RawStore) -> list[str]:
    return [receipt.status for receipt in store.ingest(lambda: NOW).receipts]


def amounts(store: RawStore) -> list[str]:
    rows = store.scan("CashTransactions")
    assert rows is not None
    return sorted(rows.collect()["transactionID"].to_list())


def test_a_document_is_kept_as_bytes_and_as_rows(store: RawStore) -> None:
    content = document(1)
    drop(store, "a.xml", content)

    (receipt,) = store.ingest(lambda: NOW).receipts

    assert receipt.document_id == hashlib.sha256(content).hexdigest()
    assert store.document_path(receipt.document_id).read_bytes() == content
    assert (receipt.status, receipt.accounts, receipt.kind) == ("loaded", ("U1",), "flex_xml")
    assert (receipt.period_start_date, receipt.period_end_date) == ("2024-01-02", "2024-01-02")
    assert receipt.when_generated_at == "2024-01-03T06:00:00+00:00"  # 01:00 in New York
    assert not list(store.data.inbox.iterdir())
    rows = store.scan("CashTransactions")
    assert rows is not None
    (row,) = rows.collect().to_dicts()
    assert (row["amount"], row["_element"], row["_row"], row["_account_id"]) == (
        "100.25",
        "CashTransaction",
        0,
        "U1",
    )


def test_an_empty_section_is_told_from_an_absent_one(store: RawStore) -> None:
    drop(store, "a.xml", document(1))
    ingest(store)
    sections = store.scan("_statement_sections")
    assert sections is not None
    assert dict(sections.select("section", "rows").collect().rows()) == {"CashTransactions": 1, "Trades": 0}


def test_the_same_bytes_again_change_nothing_and_say_so(store: RawStore) -> None:
    drop(store, "a.xml", document(1))
    ingest(store)
    before = store.manifest()
    drop(store, "b.xml", document(1))

    (receipt,) = store.ingest(lambda: NOW).receipts

    assert (receipt.status, receipt.receipt_ordinal) == ("duplicate", 2)
    assert receipt.reason == "already loaded as a.xml; nothing changed"
    assert store.manifest().batches == before.batches
    assert store.manifest().fingerprint() == before.fingerprint()
    assert amounts(store) == ["1"]


def test_twice_in_one_ingest_is_a_duplicate_too(store: RawStore) -> None:
    drop(store, "a.xml", document(1))
    drop(store, "b.xml", document(1))
    assert ingest(store) == ["loaded", "duplicate"]


def test_an_unreadable_document_is_set_aside_and_the_others_go_on(store: RawStore) -> None:
    drop(store, "a.xml", document(1))
    drop(store, "b.xml", document(2)[:-60])
    drop(store, "c.xml", document(3))

    assert ingest(store) == ["loaded", "quarantined", "loaded"]

    assert amounts(store) == ["1", "3"]
    (reason,) = store.data.quarantine.glob("*.reason.json")
    told = json.loads(reason.read_text())
    assert told["file_name"] == "b.xml"
    assert "truncated" in told["reason"]
    assert reason.with_name(reason.name.removesuffix(".reason.json")).read_bytes() == document(2)[:-60]


def test_a_quarantined_document_is_read_again_when_it_comes_again(store: RawStore) -> None:
    for _ in range(2):
        drop(store, "b.xml", b"<html>")
        assert ingest(store) == ["quarantined"]
    assert [r.receipt_ordinal for r in store.manifest().receipts] == [1, 2]


def test_rows_of_an_unreadable_document_leave_nothing_even_when_they_were_spilled(
    store: RawStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.resources.raw_batch.BatchWriter.__init__.__defaults__", (1,))
    many = flex_document({"CashTransactions": [cash_row(str(n), "1") for n in range(60_000)]})
    drop(store, "a.xml", many[:-60])
    drop(store, "b.xml", document(7))

    assert ingest(store) == ["quarantined", "loaded"]
    assert amounts(store) == ["7"]


def test_a_batch_that_was_never_committed_is_cleared(store: RawStore) -> None:
    stray = store.data.raw / "batches" / "000001"
    stray.mkdir(parents=True)
    (stray / "Trades.0.parquet").write_bytes(b"half")
    drop(store, "a.xml", document(1))

    assert ingest(store) == ["loaded"]
    assert amounts(store) == ["1"]


def test_a_kill_between_commit_and_clearing_the_inbox_is_no_duplicate(
    store: RawStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(store, "a.xml", document(1))
    stat = path.stat()

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", die)
        with pytest.raises(KeyboardInterrupt):
            store.ingest(lambda: NOW)
    assert path.stat().st_mtime_ns == stat.st_mtime_ns

    assert ingest(store) == []
    assert [r.status for r in store.manifest().receipts] == ["loaded"]
    assert not path.exists()


def test_small_batches_are_merged_and_hold_the_same_rows(tmp_path: Path) -> None:
    store = RawStore(DataFolder(tmp_path), "America/New_York", compact_at=4)
    for number in range(10):
        drop(store, f"{number}.xml", document(number))
        ingest(store)

    assert len(store.manifest().batches) < 4
    assert amounts(store) == [str(n) for n in range(10)]
    on_disk = {p.name for p in (tmp_path / "raw" / "batches").iterdir()}
    assert on_disk == {b.batch_id for b in store.manifest().batches}


def test_hidden_and_half_copied_files_are_not_taken(store: RawStore) -> None:
    drop(store, ".a.xml", document(1))
    drop(store, "b.xml.part", document(2))
    assert ingest(store) == []
    assert len(list(store.data.inbox.iterdir())) == 2


def test_a_section_named_like_a_path_stays_in_its_folder(store: RawStore) -> None:
    drop(store, "a.xml", flex_document({"é" * 90: [("Row", {"a": "1"})]}))
    assert ingest(store) == ["loaded"]
    rows = store.scan("é" * 90)
    assert rows is not None
    assert rows.collect()["a"].to_list() == ["1"]


def test_a_period_that_is_no_date_is_noted_and_the_rows_are_kept(store: RawStore) -> None:
    drop(store, "a.xml", flex_document({"CashTransactions": [cash_row("1", "5")]}, start="soon"))
    (receipt,) = store.ingest(lambda: NOW).receipts
    assert (receipt.status, receipt.period_start_date, receipt.period_end_date) == (
        "loaded",
        None,
        "2024-01-02",
    )
    assert receipt.reason is not None
    assert "soon" in receipt.reason


def test_a_manifest_of_another_format_is_refused(store: RawStore) -> None:
    (store.data.raw).mkdir(parents=True)
    (store.data.raw / "manifest.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(ValueError, match="format 99"):
        store.manifest()
