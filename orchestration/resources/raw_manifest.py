"""The table of contents of the raw layer: which documents came in, which batches hold their rows.

One JSON file, replaced in one step: it is the commit point of every ingest. What it does not name does not exist.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from orchestration.resources.files import write_atomically

FORMAT = 1
Status = Literal["loaded", "duplicate", "quarantined"]


@dataclass(frozen=True)
class Receipt:
    """One arrival of one document. Dates and instants are ISO text, instants in UTC."""

    document_id: str
    receipt_ordinal: int
    file_name: str
    kind: str | None
    status: Status
    reason: str | None
    received_at: str
    size_bytes: int
    query_name: str | None = None
    accounts: tuple[str, ...] = ()
    period_start_date: str | None = None
    period_end_date: str | None = None
    when_generated_at: str | None = None
    news: tuple[str, ...] = ()
    """Executions and commissions that TWS told in this document, and in none that came before it."""

    @property
    def feeds_the_books(self) -> bool:
        """Whether marts that were made before this document are old. A snapshot without news waits for the others."""
        return self.status != "duplicate" and (self.kind != "tws_snapshot" or bool(self.news))


@dataclass(frozen=True)
class Batch:
    """The Parquet files that one ingest (or one compaction) wrote, by section, in `raw/batches/<batch_id>/`."""

    batch_id: str
    files: dict[str, list[str]]
    size_bytes: int


@dataclass(frozen=True)
class Consumed:
    """A file of the inbox that the last ingest has taken over and may still lie there after a kill."""

    name: str
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True)
class RawManifest:
    """The raw layer at one moment."""

    batches: tuple[Batch, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    consumed: tuple[Consumed, ...] = ()

    @property
    def loaded(self) -> frozenset[str]:
        """The ids of the documents whose rows are in the batches."""
        return frozenset(r.document_id for r in self.receipts if r.status == "loaded")

    def fingerprint(self) -> str:
        """A hash of what calls for new marts: a document that came twice does not, nor a snapshot without news."""
        facts = sorted({f"{r.status}:{r.document_id}" for r in self.receipts if r.feeds_the_books})
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()

    def next_batch_id(self) -> str:
        """Batches are numbered in the order of their arrival."""
        return f"{max((int(b.batch_id) for b in self.batches), default=0) + 1:06d}"

    def receipt_ordinal(self, document_id: str, pending: Iterable[Receipt] = ()) -> int:
        """How often this document has come, this time included."""
        return 1 + sum(r.document_id == document_id for r in (*self.receipts, *pending))

    def with_ingest(
        self, batch: Batch | None, receipts: Iterable[Receipt], consumed: Iterable[Consumed]
    ) -> "RawManifest":
        """The manifest after an ingest."""
        return replace(
            self,
            batches=(*self.batches, batch) if batch else self.batches,
            receipts=(*self.receipts, *receipts),
            consumed=tuple(consumed),
        )


def read_manifest(path: Path) -> RawManifest:
    """Read the manifest; an absent one is an empty raw layer. Raises ValueError for one that we cannot read."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return RawManifest()
    return _read(path, (found.st_ino, found.st_mtime_ns, found.st_size))


# A run asks for the manifest once a section; ten years of daily documents make it a megabyte. A replaced file is
# another inode, so what was read of this one still holds.
@lru_cache(maxsize=2)
def _read(path: Path, _identity: tuple[int, int, int]) -> RawManifest:
    content = json.loads(path.read_bytes())
    if content["format"] != FORMAT:
        raise ValueError(
            f"{path} has format {content['format']}; this version of Tieout reads format {FORMAT}"
        )
    return RawManifest(
        batches=tuple(Batch(**b) for b in content["batches"]),
        receipts=tuple(
            Receipt(**{**r, "accounts": tuple(r["accounts"]), "news": tuple(r.get("news", ()))})
            for r in content["receipts"]
        ),
        consumed=tuple(Consumed(**c) for c in content["consumed"]),
    )


def write_manifest(path: Path, manifest: RawManifest) -> None:
    """Commit: after this rename the ingest has happened, before it nothing has."""
    content = {
        "format": FORMAT,
        "batches": [asdict(b) for b in manifest.batches],
        "receipts": [
            {name: value for name, value in asdict(r).items() if name != "news" or value}
            for r in manifest.receipts
        ],
        "consumed": [asdict(c) for c in manifest.consumed],
    }
    write_atomically(path, json.dumps(content, indent=1).encode())
