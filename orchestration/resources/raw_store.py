"""The raw layer on disk: takes documents from the inbox, keeps their bytes and their rows, sets aside what it cannot
read. Extract only: nothing is typed, merged or interpreted here."""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from unicodedata import category

import polars as pl

from config.data_folder import DataFolder
from orchestration.resources.files import exclusive, sync_file, sync_folder, write_atomically
from orchestration.resources.raw_batch import BatchWriter
from orchestration.resources.raw_documents import DocumentFacts, read_document
from orchestration.resources.raw_manifest import (
    Batch,
    Consumed,
    RawManifest,
    Receipt,
    read_manifest,
    write_manifest,
)
from transforms.documents import DocumentError, DocumentKind

log = logging.getLogger("tieout")

# Small batches are merged when there are this many of them, so that ten years of daily documents stay a few files.
COMPACT_AT = 16
SMALL_BATCH_BYTES = 32 * 1024 * 1024
# The section of a batch that holds the bytes of documents of TWS, and how many go there at once.
PACKED = "_documents"
MOST_PACKED = 1000
# File systems take names of 255 bytes; the quarantine adds a hash before and two suffixes behind.
LONGEST_NAME_BYTES = 200

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, line and paragraph breaks


@dataclass(frozen=True)
class IngestReport:
    """What one ingest did with each file, in the order of their names."""

    receipts: tuple[Receipt, ...]

    def count(self, status: str) -> int:
        """How many files ended so."""
        return sum(r.status == status for r in self.receipts)


class RawStore:
    """The one writer of `raw/` and `quarantine/`, and the way to read them."""

    def __init__(self, data: DataFolder, timezone: str, compact_at: int = COMPACT_AT) -> None:
        self.data = data
        self.timezone = timezone
        self._compact_at = compact_at
        self._manifest_path = data.raw / "manifest.json"

    def manifest(self) -> RawManifest:
        """The raw layer as of the last commit."""
        return read_manifest(self._manifest_path)

    def waiting(self) -> list[Path]:
        """The files in the inbox, by name. Hidden files and files still being copied in (`.part`) are not there yet."""
        if not self.data.inbox.is_dir():
            return []
        return sorted(
            path
            for path in self.data.inbox.iterdir()
            if path.is_file() and not path.name.startswith(".") and path.suffix not in {".part", ".tmp"}
        )

    def scan(self, section: str) -> pl.LazyFrame | None:
        """All rows that any document holds of a section, as text; None if no document has one."""
        return self._scan(self.manifest().batches, section)

    def ingest(self, now: Callable[[], datetime]) -> IngestReport:
        """Take every file of the inbox. Idempotent, and safe to kill: the manifest's rename is the commit."""
        with exclusive(self.data.raw / ".lock"):
            manifest = self.manifest()
            self._recover(manifest)
            files = self.waiting()
            if not files:
                return IngestReport(())
            report, manifest = self._take(files, manifest, now)
            for path in files:
                path.unlink(missing_ok=True)
            self._compact(manifest)
            return report

    def take(self, name: str, content: bytes, now: Callable[[], datetime]) -> Receipt:
        """Take one document that was asked for, and nothing of the inbox. As safe to kill as `ingest`."""
        with exclusive(self.data.raw / ".lock"):
            manifest = self.manifest()
            self._recover(manifest)
            folder = self.data.raw / "incoming"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / name).write_bytes(content)
            report, manifest = self._take([folder / name], manifest, now)
            shutil.rmtree(folder)
            self._compact(manifest)
            return report.receipts[0]

    def newest(self, kind: DocumentKind) -> Receipt | None:
        """The document of a kind that was loaded last."""
        return next(
            (r for r in reversed(self.manifest().receipts) if (r.kind, r.status) == (kind, "loaded")), None
        )

    def section_rows(self, document_id: str) -> dict[str, int]:
        """How many rows each section of a document held when it was read."""
        counted = self.scan("_document_sections")
        if counted is None:
            return {}
        found = counted.filter(pl.col("_document_id") == document_id).select("section", "rows_read").collect()
        return dict(found.sort("section").iter_rows())

    def _take(
        self, files: list[Path], manifest: RawManifest, now: Callable[[], datetime]
    ) -> tuple[IngestReport, RawManifest]:
        batch_id = manifest.next_batch_id()
        writer = BatchWriter(self.data.raw / "batches" / f"{batch_id}.tmp")
        loaded = dict.fromkeys(manifest.loaded)
        told = {news for receipt in manifest.receipts for news in receipt.news}
        receipts: list[Receipt] = []
        consumed = []
        for number, path in enumerate(files, 1):
            stat = path.stat()
            if path.parent == self.data.inbox:
                consumed.append(Consumed(path.name, stat.st_size, stat.st_mtime_ns))
            name = _printable(path.name)
            receipt = self._take_one(path, name, manifest, receipts, set(loaded), writer, now())
            log.info("%d/%d %s: %s", number, len(files), name, receipt.reason or receipt.status)
            receipt = replace(receipt, news=tuple(news for news in receipt.news if news not in told))
            told.update(receipt.news)
            receipts.append(receipt)
            if receipt.status == "loaded":
                loaded[receipt.document_id] = None
        batch = self._finish_batch(writer, batch_id)
        self._sync_documents(r.document_id for r in receipts if r.status == "loaded")
        manifest = manifest.with_ingest(batch, receipts, consumed)
        write_manifest(self._manifest_path, manifest)
        return IngestReport(tuple(receipts)), manifest

    def _take_one(
        self,
        path: Path,
        name: str,
        manifest: RawManifest,
        receipts: list[Receipt],
        loaded: set[str],
        writer: BatchWriter,
        now: datetime,
    ) -> Receipt:
        document_id, copy = self._copy_bytes(path)
        ordinal = manifest.receipt_ordinal(document_id, receipts)
        size = copy.stat().st_size
        received_at = now.astimezone(UTC).isoformat()
        if document_id in loaded:
            copy.unlink()
            first = next(
                r
                for r in (*manifest.receipts, *receipts)
                if (r.document_id, r.status) == (document_id, "loaded")
            )
            reason = f"already loaded as {first.file_name}; nothing changed"
            return Receipt(document_id, ordinal, name, first.kind, "duplicate", reason, received_at, size)
        try:
            with copy.open("rb") as stream:
                facts = read_document(stream, name, document_id, writer.add, self.timezone)
        except DocumentError as error:
            writer.drop()
            self._quarantine(copy, name, document_id, error)
            return Receipt(
                document_id,
                ordinal,
                name,
                None,
                "quarantined",
                _printable(f"{error.reason} ({error.place})"),
                received_at,
                size,
            )
        writer.keep()
        destination = self.document_path(document_id)
        destination.parent.mkdir(parents=True, exist_ok=True)
        copy.replace(destination)  # made durable with the others of the batch, before the commit
        return _loaded_receipt(document_id, ordinal, name, facts, received_at, size)

    def document_path(self, document_id: str) -> Path:
        """Where a document's bytes are kept; those of TWS only until the next compaction packs them."""
        return self.data.raw / "documents" / document_id[:2] / document_id

    def document_bytes(self, document_id: str) -> bytes:
        """A document's bytes, wherever they are kept. Raises FileNotFoundError for one that never came."""
        path = self.document_path(document_id)
        if not path.exists() and (packs := self.scan(PACKED)) is not None:
            found = packs.filter(pl.col("_document_id") == document_id).select("_bytes").head(1).collect()
            if found.height:
                return bytes(found.item())
        return path.read_bytes()

    def _copy_bytes(self, path: Path) -> tuple[str, Path]:
        """Copy a file of the inbox into the raw layer, under a temporary name; returns its SHA-256 too."""
        folder = self.data.raw / "documents"
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / "incoming.tmp"
        digest = hashlib.sha256()
        with path.open("rb") as source, copy.open("wb") as target:
            _copy(source, target, digest.update)
        return digest.hexdigest(), copy

    def _quarantine(self, copy: Path, name: str, document_id: str, error: DocumentError) -> None:
        """Set a document aside, with the reason beside it."""
        place = self.data.quarantine / f"{document_id[:12]}-{_short(name)}"
        place.parent.mkdir(parents=True, exist_ok=True)
        reason = {
            "file_name": name,
            "document_id": document_id,
            "place": error.place,
            "reason": _printable(error.reason),
        }
        write_atomically(
            place.with_name(place.name + ".reason.json"),
            json.dumps(reason, indent=1, ensure_ascii=False).encode(),
        )
        shutil.move(copy, place)

    def _finish_batch(self, writer: BatchWriter, batch_id: str) -> Batch | None:
        """Give a finished batch its name; a batch without rows leaves nothing."""
        files = writer.finish()
        if not files:
            shutil.rmtree(writer.folder)
            return None
        final = writer.folder.with_name(batch_id)
        writer.folder.replace(final)
        sync_folder(final.parent)
        return Batch(batch_id, files, sum(part.stat().st_size for part in final.iterdir()))

    def _sync_documents(self, document_ids: Iterable[str]) -> None:
        """Make the documents' bytes durable; together this costs a fraction of one by one."""
        paths = [self.document_path(document_id) for document_id in document_ids]
        for path in paths:
            sync_file(path)
        for folder in {folder for path in paths for folder in (path.parent, path.parent.parent)}:
            sync_folder(folder)

    def _recover(self, manifest: RawManifest) -> None:
        """Clear what a killed ingest left: batches that were never committed, inbox files that were."""
        batches = self.data.raw / "batches"
        batches.mkdir(parents=True, exist_ok=True)
        known = {batch.batch_id for batch in manifest.batches}
        for folder in batches.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder)
        for taken in manifest.consumed:
            path = self.data.inbox / taken.name
            if path.is_file():
                stat = path.stat()
                if (stat.st_size, stat.st_mtime_ns) == (taken.size_bytes, taken.modified_ns):
                    path.unlink()

    def _compact(self, manifest: RawManifest) -> None:
        """Merge the small batches into one when there are many."""
        small = [batch for batch in manifest.batches if batch.size_bytes < SMALL_BATCH_BYTES]
        if len(small) < self._compact_at:
            return
        log.info("merging %d small batches of the raw layer", len(small))
        batch_id = manifest.next_batch_id()
        folder = self.data.raw / "batches" / f"{batch_id}.tmp"
        folder.mkdir()
        files = {}
        loose = self._loose(manifest)
        sections = {name for batch in small for name in batch.files} | ({PACKED} if loose else set())
        for number, section in enumerate(sorted(sections)):
            part = folder / f"{number}.parquet"
            rows = self._scan(small, section)
            if section == PACKED and loose:
                rows = pl.concat([*([] if rows is None else [rows]), _pack(loose)])
            assert rows is not None
            rows.sink_parquet(part, compression="zstd", compression_level=1)
            sync_file(part)
            files[section] = [part.name]
        sync_folder(folder)
        final = folder.with_name(batch_id)
        folder.replace(final)
        sync_folder(final.parent)
        merged = Batch(batch_id, files, sum(part.stat().st_size for part in final.iterdir()))
        kept = tuple(batch for batch in manifest.batches if batch not in small)
        manifest = RawManifest((*kept, merged), manifest.receipts, manifest.consumed)
        write_manifest(self._manifest_path, manifest)
        self._recover(manifest)
        for path in loose.values():
            path.unlink()

    def _loose(self, manifest: RawManifest) -> dict[str, Path]:
        """Documents of TWS that are files of their own. There is one each quarter of an hour: they become rows."""
        told = (r.document_id for r in manifest.receipts if (r.kind, r.status) == ("tws_snapshot", "loaded"))
        paths = {document_id: self.document_path(document_id) for document_id in told}
        return dict(islice(((i, path) for i, path in paths.items() if path.exists()), MOST_PACKED))

    def _scan(self, batches: Iterable[Batch], section: str) -> pl.LazyFrame | None:
        folder = self.data.raw / "batches"
        parts = [folder / b.batch_id / name for b in batches for name in b.files.get(section, [])]
        if not parts:
            return None
        return pl.concat([pl.scan_parquet(part, glob=False) for part in parts], how="diagonal")


def _printable(text: str) -> str:
    """Text that can be written anywhere: names and reasons hold what others chose, such as bytes that are no UTF-8,
    line breaks, or a terminal's control sequences."""
    whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join("\N{REPLACEMENT CHARACTER}" if category(c) in _UNPRINTABLE else c for c in whole)


def _pack(paths: dict[str, Path]) -> pl.LazyFrame:
    """The bytes of documents as rows, by their hash."""
    content = {"_document_id": list(paths), "_bytes": [path.read_bytes() for path in paths.values()]}
    return pl.LazyFrame(content, schema={"_document_id": pl.String, "_bytes": pl.Binary})


def _short(name: str) -> str:
    """A file name with room for what the quarantine puts around it."""
    if len(name.encode()) <= LONGEST_NAME_BYTES:
        return name
    suffix = Path(name).suffix[:16]
    return name.encode()[: LONGEST_NAME_BYTES - len(suffix.encode())].decode("utf-8", "ignore") + suffix


def _copy(source: BinaryIO, target: BinaryIO, see: Callable[[bytes], object]) -> None:
    while chunk := source.read(4 * 1024 * 1024):
        see(chunk)
        target.write(chunk)


def _loaded_receipt(
    document_id: str, ordinal: int, file_name: str, facts: DocumentFacts, received_at: str, size: int
) -> Receipt:
    return Receipt(
        document_id,
        ordinal,
        file_name,
        facts.kind,
        "loaded",
        facts.note,
        received_at,
        size,
        facts.query_name,
        facts.accounts,
        facts.period_start_date,
        facts.period_end_date,
        facts.when_generated_at,
        facts.news,
    )
