"""The archive of vendors' answers on S3: each body once, in one request; receipts of many runs; what a kill leaves."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.resources.vendors import AnswerArchive, FileStore, open_archive
from orchestration.resources.vendors.receipts import FOLDER, MOST_PARTS, Journal, Receipt
from tests.scale.conftest import Bucket
from tests.support.vendor_walks import DATASET
from transforms.market.vendors.contract import Answer, Request

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def store(bucket: Bucket) -> FileStore:
    return FileStore(bucket.root, bucket.options)


def keep(archive: AnswerArchive, body: bytes, seconds: int) -> str:
    return archive.keep(Answer(200, body), Request("/words"), DATASET, NOON + seconds)


def test_a_body_is_there_before_it_is_read_and_is_written_once(
    bucket: Bucket, store: FileStore, tmp_path: Path
) -> None:
    body = b"rows:" + b"x" * 20_000_000
    with open_archive(store, tmp_path) as archive:
        for second in range(3):
            document_id = keep(archive, body, second)
            assert archive.body("words", document_id) == body
        assert document_id == hashlib.sha256(body).hexdigest()
    assert [path.rsplit("/", 1)[1] for method, path in bucket.asked if method == "PUT"][:1] == [
        f"{document_id}.zst"
    ]
    assert sum(path.endswith(".zst") for method, path in bucket.asked if method == "PUT") == 1
    with open_archive(store, tmp_path) as archive:
        assert archive.receipts().height == 3


def test_many_runs_leave_few_files(store: FileStore, tmp_path: Path) -> None:
    for run in range(MOST_PARTS + 3):
        with open_archive(store, tmp_path) as archive:
            keep(archive, b"rows:%d" % run, run)
    assert 1 < len(store.files(FOLDER)) <= 3
    with open_archive(store, tmp_path) as archive:
        assert archive.receipts().height == MOST_PARTS + 3


def test_another_machine_sees_what_was_sealed(bucket: Bucket, store: FileStore, tmp_path: Path) -> None:
    with open_archive(store, tmp_path / "here") as archive:
        document_id = keep(archive, b"rows:1", 0)
    with open_archive(FileStore(bucket.root, bucket.options), tmp_path / "there") as archive:
        assert archive.receipts()["document_id"].to_list() == [document_id]
        assert archive.body("words", document_id) == b"rows:1"


def test_the_journal_of_a_killed_run_is_sealed_by_the_next(store: FileStore, tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(
        Receipt("words", str(DATASET), "/words", 200, datetime(2026, 11, 23, tzinfo=UTC), "0" * 64, 1)
    )
    del journal  # its file is closed and no longer locked, as the kernel does for a process that dies
    with open_archive(store, tmp_path) as archive:
        assert list(tmp_path.iterdir()) == []
        assert archive.receipts()["document_id"].to_list() == ["0" * 64]
