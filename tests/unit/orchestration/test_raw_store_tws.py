"""Documents of TWS in the raw store: what is news in them, what they make old, how many there may be."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from config.data_folder import DataFolder
from orchestration.resources.raw_store import RawStore
from tests.support.flex_text import cash_row, flex_document
from tests.support.tws_values import COMMISSION, EXECUTION, TAKEN, execution, snapshot
from tws.document import document_of, document_of_executions


@pytest.fixture
def store(tmp_path: Path) -> RawStore:
    return RawStore(DataFolder(tmp_path), "America/New_York", compact_at=4)


def later(minutes: int, *executions: object) -> bytes:
    return document_of(snapshot(TAKEN + timedelta(minutes=minutes), executions=executions, commissions=()))  # type: ignore[arg-type]


def take(store: RawStore, document: bytes, name: str = "told.json") -> tuple[str, ...]:
    store.data.raw.mkdir(parents=True, exist_ok=True)
    return store.take(name, document, lambda: TAKEN).news


def test_a_snapshot_is_kept_under_its_hash_and_the_inbox_is_left_alone(store: RawStore) -> None:
    store.data.inbox.mkdir(parents=True)
    waiting = store.data.inbox / "a.xml"
    waiting.write_bytes(flex_document({"CashTransactions": [cash_row("1", "5")]}))
    document = document_of(snapshot())
    take(store, document)
    (receipt,) = store.manifest().receipts
    assert store.document_path(receipt.document_id).read_bytes() == document
    assert (receipt.kind, receipt.accounts, receipt.status) == ("tws_snapshot", ("U1", "U2"), "loaded")
    assert waiting.exists()
    assert not (store.data.raw / "incoming").exists()
    assert store.section_rows(receipt.document_id)["TWS.positions"] == 3


def test_news_is_what_no_document_told_before(store: RawStore) -> None:
    one, two = execution(1), execution(2)
    assert take(store, later(0, one)) == (one.execution_id,)
    assert take(store, later(15, one)) == ()
    assert take(store, later(30, one, two)) == (two.execution_id,)
    corrected = execution(1, revision=2)
    assert take(store, later(45, corrected, two)) == (corrected.execution_id,)
    assert take(store, document_of_executions(TAKEN, [EXECUTION], [COMMISSION])) == (
        EXECUTION.execution_id,
        f"{EXECUTION.execution_id}:commission",
    )


def test_a_snapshot_without_news_makes_nothing_old(store: RawStore) -> None:
    take(store, later(0, execution(1)))
    before = store.manifest().fingerprint()
    take(store, later(15, execution(1)))
    assert store.manifest().fingerprint() == before
    assert len(store.manifest().loaded) == 2
    take(store, later(30, execution(2)))
    assert store.manifest().fingerprint() != before


def test_news_is_judged_within_one_ingest_too(store: RawStore) -> None:
    store.data.inbox.mkdir(parents=True)
    for number, document in enumerate((later(0, execution(1)), later(15, execution(1), execution(2)))):
        (store.data.inbox / f"{number}.json").write_bytes(document)
    first, second = store.ingest(lambda: TAKEN).receipts
    assert (first.news, second.news) == ((execution(1).execution_id,), (execution(2).execution_id,))
    assert store.manifest().receipts == (first, second)


def test_a_manifest_from_before_there_was_news_is_read(store: RawStore) -> None:
    take(store, later(0))
    path = store.data.raw / "manifest.json"
    assert '"news"' not in path.read_text()
    assert store.manifest().receipts[0].news == ()


def test_a_damaged_document_is_set_aside(store: RawStore) -> None:
    store.data.raw.mkdir(parents=True)
    receipt = store.take("cut.json", document_of(snapshot())[:300], lambda: TAKEN)
    assert receipt.status == "quarantined"
    assert "truncated or damaged" in str(receipt.reason)
    assert (store.data.quarantine / f"{receipt.document_id[:12]}-cut.json").is_file()


def test_many_snapshots_are_few_batches(store: RawStore) -> None:
    for minute in range(30):
        take(store, later(minute, execution(minute)), f"{minute}.json")
    assert len(store.manifest().batches) < 4
    rows = store.scan("TWS.executions")
    assert rows is not None
    assert rows.collect().height == 30


def test_the_bytes_of_many_snapshots_are_few_files_and_none_is_lost(store: RawStore) -> None:
    documents = [later(minute, execution(minute)) for minute in range(30)]
    flex = flex_document({"CashTransactions": [cash_row("1", "5")]})
    store.data.inbox.mkdir(parents=True)
    (store.data.inbox / "a.xml").write_bytes(flex)
    store.ingest(lambda: TAKEN)
    for document in documents:
        take(store, document)
    loose = [path for path in (store.data.raw / "documents").rglob("*") if path.is_file()]
    assert len(loose) < 6
    for document in (*documents, flex):
        assert store.document_bytes(sha256(document).hexdigest()) == document
    assert store.document_path(sha256(flex).hexdigest()).read_bytes() == flex
    with pytest.raises(FileNotFoundError):
        store.document_bytes("0" * 64)


def test_a_kill_between_packing_and_clearing_loses_and_doubles_nothing(
    store: RawStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [later(minute, execution(minute)) for minute in range(12)]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", die)
        with pytest.raises(KeyboardInterrupt):
            take_all(store, documents)
    take_all(store, documents)
    assert len(store.manifest().loaded) == 12
    rows = store.scan("TWS.executions")
    assert rows is not None
    assert rows.collect().height == 12
    assert [store.document_bytes(sha256(document).hexdigest()) for document in documents] == documents


def take_all(store: RawStore, documents: list[bytes]) -> None:
    for document in documents:
        take(store, document)


def die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_what_a_killed_take_left_is_cleared(store: RawStore) -> None:
    left = store.data.raw / "incoming"
    left.mkdir(parents=True)
    (left / "old.json").write_bytes(b"half")
    take(store, later(0))
    assert not left.exists()
    assert store.newest("tws_snapshot") == store.manifest().receipts[0]
    assert store.newest("flex_xml") is None
