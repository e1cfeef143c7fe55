"""The vendors' answers, word for word and for ever: each body once, by its hash. What they say is read elsewhere."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import polars as pl
import pyarrow as pa

from orchestration.resources.vendors.receipts import Journal, Receipt, receipts, seal_left_behind
from orchestration.resources.vendors.store import FileStore
from transforms.market.series import DatasetId
from transforms.market.vendors.contract import Answer, Request

_CODEC: Final = "zstd"
_PIECE: Final = 1 << 22


class ArchiveError(Exception):
    """A body that is not what it was; the message says where it lies."""


@dataclass(frozen=True)
class AnswerArchive:
    """Bodies at `raw/vendors/<provider>/<ab>/<sha256>.zst` below the root, a receipt for each answer beside them.

    `journals` is a folder of this machine, where receipts stand until the run ends (receipts.py).
    """

    store: FileStore
    journals: Path
    _journal: Journal = field(repr=False)

    def keep(self, answer: Answer, request: Request, dataset: DatasetId, received_at: float) -> str:
        """Keep an answer and its receipt; gives the body's sha256. `received_at` is seconds since 1970.

        When this returns both are durable. A body that is there already is not written again.
        """
        document_id = hashlib.sha256(answer.content).hexdigest()
        path = _path(dataset.provider, document_id)
        if not self.store.has(path):
            self.store.put(path, pa.Codec(_CODEC).compress(answer.content, asbytes=True))
        self._journal.write(
            Receipt(
                provider=dataset.provider,
                dataset=str(dataset),
                request=as_text(request),
                status=answer.status,
                received_at=datetime.fromtimestamp(received_at, UTC),
                document_id=document_id,
                bytes=len(answer.content),
            )
        )
        return document_id

    def keep_file(self, path: Path, document_id: str, dataset: DatasetId, received_at: float) -> None:
        """Keep a file that a person downloaded, as an answer of that vendor, in pieces. `document_id`: its sha256."""
        kept = _path(dataset.provider, document_id)
        if not self.store.has(kept):
            with (
                path.open("rb") as source,
                self.store.writing(kept) as target,
                pa.CompressedOutputStream(pa.PythonFile(target, "w"), _CODEC) as packed,
            ):
                for piece in iter(lambda: source.read(_PIECE), b""):
                    packed.write(piece)
        self._journal.write(
            Receipt(
                provider=dataset.provider,
                dataset=str(dataset),
                request=f"file {path.name}",
                status=0,
                received_at=datetime.fromtimestamp(received_at, UTC),
                document_id=document_id,
                bytes=path.stat().st_size,
            )
        )

    def body(self, provider: str, document_id: str) -> bytes:
        """The body with this hash. Raises `FileNotFoundError`, or `ArchiveError` if it is not what it was."""
        path = _path(provider, document_id)
        packed = self.store.get(path)
        try:
            with pa.CompressedInputStream(io.BytesIO(packed), _CODEC) as stream:
                content: bytes = stream.read()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != document_id:
            raise ArchiveError(
                f"{path} below {self.store.root} is damaged: its content no longer has the hash of its name. "
                "Bring it back from a backup, or delete it and ask the vendor again."
            )
        return content

    def receipts(self, day: date | None = None) -> pl.DataFrame:
        """The receipts of all answers (that came on one day in UTC), with the columns of `receipts.SCHEMA`."""
        return receipts(self.journals, self.store, day)


@contextmanager
def open_archive(store: FileStore, journals: Path) -> Iterator[AnswerArchive]:
    """The archive for one run. At its beginning what killed runs left is put in order, at its end its own receipts."""
    store.sweep()
    seal_left_behind(journals, store)
    journal = Journal(journals)
    try:
        yield AnswerArchive(store, journals, journal)
    finally:
        journal.seal(store)


def as_text(request: Request) -> str:
    """A request as it stands in a receipt: path and query."""
    return request.path + ("?" + urlencode(request.params) if request.params else "")


def _path(provider: str, document_id: str) -> str:
    return f"raw/vendors/{provider}/{document_id[:2]}/{document_id}.zst"
