"""What was asked of vendors and what came, a row per answer. The answers' bodies are in archive.py.

A run writes its receipts into a journal of its own, line by line, so that a kill loses none. When it ends the journal
becomes a Parquet file of the day; a day that has many is made one file. What a killed run left the next one seals.
"""

import fcntl
import hashlib
import io
import json
import logging
import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Final

import polars as pl

from orchestration.resources.vendors.store import FileStore

FOLDER: Final = "raw/vendors/receipts"
MOST_PARTS: Final = 16
SCHEMA: Final = pl.Schema(
    {
        "provider": pl.String,
        "dataset": pl.String,
        "request": pl.String,
        "status": pl.Int32,
        "received_at": pl.Datetime("us", "UTC"),
        "document_id": pl.String,
        "bytes": pl.Int64,
    }
)

log = logging.getLogger("tieout")


@dataclass(frozen=True)
class Receipt:
    """One answer: which request of which dataset it is to (without the key), its HTTP status, and its body's sha256.

    `bytes` is the length of the body, unpacked. The status of a file that a person downloaded is 0.
    """

    provider: str
    dataset: str
    request: str
    status: int
    received_at: datetime
    document_id: str
    bytes: int

    @property
    def line(self) -> bytes:
        """As a line of a journal."""
        told = asdict(self) | {"received_at": self.received_at.astimezone(UTC).isoformat()}
        return json.dumps(told).encode() + b"\n"


class Journal:
    """The receipts of one run, in a file that only this run writes. It is made with the first receipt."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: tuple[Path, IO[bytes]] | None = None
        self._lock = threading.Lock()

    def write(self, receipt: Receipt) -> None:
        """Keep a receipt; when this returns it is durable. Threads of the run may write at once."""
        with self._lock:
            if self._open is None:
                self._open = _new_journal(self._folder)
            _, stream = self._open
            stream.write(receipt.line)
            stream.flush()
            os.fsync(stream.fileno())

    def seal(self, store: FileStore) -> None:
        """Move all that was written into the store; nothing is lost if this is killed."""
        with self._lock:
            if self._open is not None:
                path, stream = self._open
                _seal(path, store)
                stream.close()
                self._open = None


def seal_left_behind(folder: Path, store: FileStore) -> None:
    """Seal the journals of runs that are no longer alive. That of a living run is locked by it."""
    for path in sorted(folder.glob("*.jsonl")):
        try:
            with path.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _seal(path, store)
        except (BlockingIOError, FileNotFoundError):
            continue


def receipts(folder: Path, store: FileStore, day: date | None = None) -> pl.DataFrame:
    """All receipts (of one day in UTC), sealed or still in a journal, in the order in which the answers came."""
    journals = [_read_journal(path) for path in sorted(folder.glob("*.jsonl"))]
    below = f"{FOLDER}/{day}" if day else FOLDER
    rows = pl.concat([SCHEMA.to_frame(), *journals, *_sealed(below, store)]).unique()
    if day is not None:
        rows = rows.filter(pl.col("received_at").dt.date() == day)
    return rows.sort("received_at", "provider", "request", "document_id")


def _sealed(folder: str, store: FileStore) -> list[pl.DataFrame]:
    """All files below a folder. A run that makes a day's files one removes some meanwhile: then they are read anew."""
    while True:
        parts = store.files(folder)
        read = list(_still_there(parts, store))
        if len(read) == len(parts):
            return read


def _new_journal(folder: Path) -> tuple[Path, IO[bytes]]:
    """A new file with the lock on it. Before the lock another run may have taken it for left behind, and removed it."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        path = folder / f"{uuid.uuid4().hex}.jsonl"
        stream = path.open("ab")
        fcntl.flock(stream, fcntl.LOCK_EX)
        if path.exists():
            return path, stream
        stream.close()


def _seal(path: Path, store: FileStore) -> None:
    rows = _read_journal(path)
    for (day,), part in rows.group_by(pl.col("received_at").dt.date(), maintain_order=True):
        _put(part, f"{FOLDER}/{day}", store)
        _compact(f"{FOLDER}/{day}", store)
    path.unlink(missing_ok=True)


def _put(rows: pl.DataFrame, folder: str, store: FileStore) -> str:
    """Write rows under a name that their content gives, so that doing it twice is doing it once."""
    ordered = rows.unique().sort(SCHEMA.names())
    written = io.BytesIO()
    ordered.write_parquet(written, compression="zstd")
    content = written.getvalue()
    path = f"{folder}/{hashlib.sha256(content).hexdigest()[:16]}.parquet"
    store.put(path, content)
    return path


def _compact(folder: str, store: FileStore) -> None:
    """Make the files of a day one, when they are many. What came meanwhile stays; a row that stands twice is one."""
    parts = store.files(folder)
    if len(parts) <= MOST_PARTS:
        return
    merged = _put(pl.concat(list(_still_there(parts, store))), folder, store)
    for part in parts:
        if part != merged:
            store.delete(part)


def _still_there(parts: list[str], store: FileStore) -> Iterator[pl.DataFrame]:
    """The files that no other run has made one meanwhile."""
    for part in parts:
        try:
            yield pl.read_parquet(io.BytesIO(store.get(part)))
        except FileNotFoundError:
            continue


def _read_journal(path: Path) -> pl.DataFrame:
    """The receipts of a journal. A line that was torn, by a kill or a full disk, is told and left out."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return SCHEMA.to_frame()
    told = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            receipt = json.loads(line)
            receipt["received_at"] = datetime.fromisoformat(receipt["received_at"])
        except ValueError:
            log.warning("%s, line %d is torn: the run that wrote it was killed; it is left out", path, number)
        else:
            told.append(receipt)
    return pl.DataFrame(told, schema=SCHEMA)
