"""The archive of vendors' answers: every body once, every receipt for ever, whatever kills the run."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from orchestration.resources.vendors import AnswerArchive, FileStore, open_archive
from orchestration.resources.vendors.archive import ArchiveError
from orchestration.resources.vendors.receipts import FOLDER, MOST_PARTS, SCHEMA
from tests.support.vendor_walks import DATASET
from transforms.market.vendors.contract import Answer, Request

REQUEST = Request("/words", (("s", "abc d"), ("to", "2026-11-20")))
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
ROUNDS = 3


def test_a_file_is_kept_in_pieces_and_once(store: FileStore, tmp_path: Path) -> None:
    path = tmp_path / "d_us_txt.zip"
    path.write_bytes(random.Random(1).randbytes(9_000_001))
    document_id = hashlib.sha256(path.read_bytes()).hexdigest()
    for _ in range(2):
        with open_archive(store, tmp_path / "journals") as archive:
            archive.keep_file(path, document_id, DATASET, NOON)
            assert archive.body("words", document_id) == path.read_bytes()
            kept = archive.receipts()
    assert kept.select("request", "status", "document_id", "bytes").unique().rows() == [
        ("file d_us_txt.zip", 0, document_id, 9_000_001)
    ]
    assert len([name for name in store.files("raw/vendors") if name.endswith(".zst")]) == 1


def test_what_an_error_interrupts_is_no_file(store: FileStore) -> None:
    def write_half() -> None:
        with store.writing("raw/vendors/words/half") as stream:
            stream.write(b"half of it")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert not store.has("raw/vendors/words/half")
    with store.writing("raw/vendors/words/half") as stream:
        stream.write(b"all of it")
    assert store.get("raw/vendors/words/half") == b"all of it"


WRITES_UNTIL_IT_IS_KILLED = """
import sys, time
from pathlib import Path
from orchestration.resources.vendors import FileStore, open_archive
from transforms.market.series import DatasetId
from transforms.market.vendors.contract import Answer, Request

folder, start = Path(sys.argv[1]), int(sys.argv[2])
number = start
while True:
    with open_archive(FileStore(str(folder / "lake")), folder / "journals") as archive:
        for _ in range(20):
            number += 1
            body = b"rows:%d" % number + bytes(number % 997) * 300
            dataset = DatasetId("words", "bars", "test", "1d")
            kept = archive.keep(Answer(200, body), Request(f"/{number}"), dataset, time.time())
            print(number, kept, flush=True)
"""


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FileStore]:
    """A root on a disk, and one that is an object store."""
    if request.param == "disk":
        yield FileStore(str(tmp_path / "lake"))
        return
    yield FileStore("memory://lake")
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


def keep(
    archive: AnswerArchive, body: bytes = b"rows:one", at: float = NOON, request: Request = REQUEST
) -> str:
    return archive.keep(Answer(200, body), request, DATASET, at)


def test_a_body_is_there_with_its_receipt_before_the_run_ends(store: FileStore, tmp_path: Path) -> None:
    with open_archive(store, tmp_path / "journals") as archive:
        document_id = keep(archive)
        assert document_id == hashlib.sha256(b"rows:one").hexdigest()
        assert archive.body("words", document_id) == b"rows:one"
        assert archive.receipts().to_dicts() == [
            {
                "provider": "words",
                "dataset": "words/bars/test/1d",
                "request": "/words?s=abc+d&to=2026-11-20",
                "status": 200,
                "received_at": datetime(2026, 11, 23, 12, tzinfo=UTC),
                "document_id": document_id,
                "bytes": 8,
            }
        ]


def test_where_a_body_lies_and_how_it_is_packed(store: FileStore, tmp_path: Path) -> None:
    with open_archive(store, tmp_path / "journals") as archive:
        document_id = keep(archive, b"rows:" + b"x" * 10_000)
    path = f"raw/vendors/words/{document_id[:2]}/{document_id}.zst"
    assert store.files("raw/vendors/words") == [path]
    packed = store.get(path)
    assert len(packed) < 200
    assert pa.CompressedInputStream(pa.py_buffer(packed), "zstd").read() == b"rows:" + b"x" * 10_000


def test_the_same_bytes_are_kept_once_and_each_asking_has_its_receipt(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    put = FileStore.put
    monkeypatch.setattr(
        FileStore, "put", lambda self, path, content: written.append(path) or put(self, path, content)
    )
    with open_archive(store, tmp_path / "journals") as archive:
        for seconds in range(3):
            keep(archive, at=NOON + seconds)
        keep(archive, b"", NOON + 3)
    bodies = [path for path in written if path.endswith(".zst")]
    assert len(bodies) == 2
    with open_archive(store, tmp_path / "journals") as archive:
        assert archive.receipts()["bytes"].to_list() == [8, 8, 8, 0]
        assert archive.body("words", hashlib.sha256(b"").hexdigest()) == b""


def test_a_run_that_kept_nothing_writes_nothing(store: FileStore, tmp_path: Path) -> None:
    with open_archive(store, tmp_path / "journals"):
        pass
    assert store.files("raw") == []
    assert not (tmp_path / "journals").exists()


def test_the_receipts_of_a_run_become_one_file_a_day(store: FileStore, tmp_path: Path) -> None:
    with open_archive(store, tmp_path / "journals") as archive:
        for hours in range(30):
            keep(archive, b"rows:%d" % hours, NOON + 3600 * hours)
    assert list((tmp_path / "journals").iterdir()) == []
    parts = store.files(FOLDER)
    assert [path.split("/")[3] for path in parts] == ["2026-11-23", "2026-11-24"]
    with open_archive(store, tmp_path / "journals") as archive:
        assert archive.receipts().height == 30
        assert archive.receipts(date(2026, 11, 24)).height == 18
        assert archive.receipts().schema == SCHEMA


def test_the_receipts_of_many_runs_do_not_become_many_files(store: FileStore, tmp_path: Path) -> None:
    for run in range(3 * MOST_PARTS):
        with open_archive(store, tmp_path / "journals") as archive:
            keep(archive, b"rows:%d" % run, NOON + run)
        assert len(store.files(FOLDER)) <= MOST_PARTS
    with open_archive(store, tmp_path / "journals") as archive:
        assert archive.receipts()["received_at"].dt.timestamp("ms").to_list() == [
            (int(NOON) + run) * 1000 for run in range(3 * MOST_PARTS)
        ]


def test_two_runs_that_make_a_days_files_one_lose_nothing(store: FileStore, tmp_path: Path) -> None:
    # What another run would leave that was killed between writing the joint file and removing the parts.
    parts: dict[str, bytes] = {}
    for run in range(MOST_PARTS):
        with open_archive(store, tmp_path / "journals") as archive:
            keep(archive, b"rows:%d" % run, NOON + run)
    parts = {path: store.get(path) for path in store.files(FOLDER)}
    assert len(parts) == MOST_PARTS
    with open_archive(store, tmp_path / "journals") as archive:
        keep(archive, b"rows:last", NOON + 1000)
    assert len(store.files(FOLDER)) == 1
    for path, content in parts.items():
        store.put(path, content)
    with open_archive(store, tmp_path / "journals") as archive:
        assert archive.receipts().height == MOST_PARTS + 1
        keep(archive, b"rows:more", NOON + 1001)
    assert len(store.files(FOLDER)) == 1
    with open_archive(store, tmp_path / "journals") as archive:
        assert archive.receipts().height == MOST_PARTS + 2


def test_receipts_are_read_while_another_run_makes_a_days_files_one(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in range(MOST_PARTS):
        with open_archive(store, tmp_path / "journals") as archive:
            keep(archive, b"rows:%d" % run, NOON + run)
    files = FileStore.files

    def another_run_comes(self: FileStore, folder: str) -> list[str]:
        """Lists the files; then another run seals, before any of them is read."""
        found = files(self, folder)
        monkeypatch.setattr(FileStore, "files", files)
        with open_archive(store, tmp_path / "others") as other:
            keep(other, b"rows:other", NOON + 100)
        return found

    with open_archive(store, tmp_path / "journals") as archive:
        monkeypatch.setattr(FileStore, "files", another_run_comes)
        assert archive.receipts().height == MOST_PARTS + 1


def test_the_journal_of_a_living_run_is_left_alone(tmp_path: Path) -> None:
    store, journals = FileStore(str(tmp_path / "lake")), tmp_path / "journals"
    with open_archive(store, journals) as first:
        keep(first, b"rows:1", NOON)
        with open_archive(store, journals) as second:
            keep(second, b"rows:2", NOON + 1)
        assert len(list(journals.iterdir())) == 1
        keep(first, b"rows:3", NOON + 2)
        assert first.receipts()["bytes"].len() == 3
    with open_archive(store, journals) as archive:
        assert archive.receipts().height == 3


def test_a_torn_line_is_told_and_the_others_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, journals = FileStore(str(tmp_path / "lake")), tmp_path / "journals"
    with open_archive(store, journals) as archive:
        keep(archive)
        (journal,) = journals.iterdir()
        line = journal.read_bytes()
    journal.write_bytes(line + line[: len(line) // 2] + b"\n" + line.replace(b"abc", b"xyz") + line[:20])
    with open_archive(store, journals) as archive:
        assert {row["request"][:8] for row in archive.receipts().to_dicts()} == {"/words?s"}
        assert archive.receipts().height == 2
    assert [record.message.split(", ")[1] for record in caplog.records] == [
        "line 2 is torn: the run that wrote it was killed; it is left out",
        "line 4 is torn: the run that wrote it was killed; it is left out",
    ]


@pytest.mark.parametrize(
    "damage", [lambda packed: packed[:-3], lambda packed: b"", lambda packed: b"no zstd"]
)
def test_a_body_that_is_not_what_it_was_is_an_error(tmp_path: Path, damage: object) -> None:
    store = FileStore(str(tmp_path / "lake"))
    with open_archive(store, tmp_path / "journals") as archive:
        document_id = keep(archive)
        (path,) = store.files("raw/vendors/words")
        store.put(path, damage(store.get(path)))  # type: ignore[operator]
        with pytest.raises(ArchiveError, match=f"{path} below .* is damaged"):
            archive.body("words", document_id)
        with pytest.raises(FileNotFoundError):
            archive.body("words", "0" * 64)


def test_what_killed_writers_left_is_swept_after_a_day(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "lake"))
    with open_archive(store, tmp_path / "journals") as archive:
        keep(archive)
    folder = tmp_path / "lake" / "raw" / "vendors" / "unfinished"
    for name, age in (("old.tmp", 2 * 24 * 3600), ("new.tmp", 60)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age, time.time() - age))
    with open_archive(store, tmp_path / "journals"):
        assert [path.name for path in folder.iterdir()] == ["new.tmp"]


def test_threads_of_a_run_share_its_journal(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "lake"))
    with open_archive(store, tmp_path / "journals") as archive:
        threads = [
            threading.Thread(
                target=lambda first=first: [
                    keep(archive, b"rows:%d" % (n % 7), NOON + n) for n in range(first, first + 25)
                ]
            )
            for first in (0, 25, 50, 75)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(list((tmp_path / "journals").iterdir())) == 1
        assert archive.receipts().height == 100
    assert len([path for path in store.files("raw") if path.endswith(".zst")]) == 7


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_loses_nothing_that_it_said_it_kept(tmp_path: Path) -> None:
    said: dict[str, str] = {}
    store, journals = FileStore(str(tmp_path / "lake")), tmp_path / "journals"
    dice = random.Random(7)
    for start in range(0, ROUNDS * 1_000_000, 1_000_000):
        running = [
            subprocess.Popen(
                [sys.executable, "-c", WRITES_UNTIL_IT_IS_KILLED, str(tmp_path), str(start + half)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for half in (0, 500_000)
        ]
        for process in running:
            assert process.stdout is not None
            said.update([process.stdout.readline().split()])  # it has begun
        time.sleep(dice.uniform(0.05, 0.6))
        for process in running:
            process.send_signal(signal.SIGKILL)
            lines, _ = process.communicate(timeout=60)
            said.update(line.split() for line in lines.splitlines(keepends=True) if line.endswith("\n"))

    with open_archive(store, journals) as archive:
        assert list(journals.iterdir()) == []
        kept = {row["request"].strip("/"): row["document_id"] for row in archive.receipts().to_dicts()}
        assert len(said) > 2 * ROUNDS
        assert {number: kept.get(number) for number in said} == said
        for number, document_id in kept.items():
            assert archive.body("words", document_id).startswith(b"rows:%d" % int(number))
        assert archive.receipts().height == len(kept)
    assert all(path.endswith(".zst") for path in store.files("raw/vendors/words"))


def test_a_receipt_never_says_less_than_the_schema(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "lake"))
    with open_archive(store, tmp_path / "journals") as archive:
        keep(archive)
    (path,) = store.files(FOLDER)
    assert pl.read_parquet_schema(tmp_path / "lake" / path) == SCHEMA
