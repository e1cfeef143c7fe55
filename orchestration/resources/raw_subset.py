"""The raw layer as it was known at an instant: which documents that is, and a raw layer of its own with only them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum
from pathlib import Path

import polars as pl

from config.data_folder import DataFolder
from orchestration.resources.raw_manifest import Batch, RawManifest, Receipt, write_manifest
from orchestration.resources.raw_store import PACKED, RawStore


class KnownBy(Enum):
    """What makes a document known: that the broker had generated it, or that it had been received here."""

    GENERATED = "generated"
    RECEIVED = "received"


def known_then(manifest: RawManifest, instant: datetime, known_by: KnownBy) -> tuple[Receipt, ...]:
    """The receipts that count at an instant (inclusive).

    A document that does not say when it was generated is known from its receipt on; so are quarantined documents,
    and the receipts of duplicates, which change no figure.
    """
    return tuple(r for r in manifest.receipts if _known_from(r, known_by) <= instant)


def copy_subset(store: RawStore, receipts: Sequence[Receipt], target: DataFolder) -> None:
    """Write the rows of these documents as the raw layer of an empty folder; the documents' bytes stay where they are.

    The caller holds the source's lock, so that no batch is merged away meanwhile.
    """
    known = [r.document_id for r in receipts if r.status == "loaded"]
    folder = target.raw / "batches" / "000001"
    folder.mkdir(parents=True)
    files: dict[str, list[str]] = {}
    sections = {section for batch in store.manifest().batches for section in batch.files} - {PACKED}
    for number, section in enumerate(sorted(sections)):
        rows = store.scan(section)
        part = folder / f"{number}.parquet"
        if rows is not None and _write(rows.filter(pl.col("_document_id").is_in(known)), part):
            files[section] = [part.name]
    batches = (Batch("000001", files, sum(p.stat().st_size for p in folder.iterdir())),) if files else ()
    write_manifest(
        target.raw / "manifest.json", replace(RawManifest(), batches=batches, receipts=tuple(receipts))
    )


def _known_from(receipt: Receipt, known_by: KnownBy) -> datetime:
    generated = receipt.when_generated_at if known_by is KnownBy.GENERATED else None
    return datetime.fromisoformat(generated or receipt.received_at)


def _write(rows: pl.LazyFrame, part: Path) -> bool:
    """Write the rows without holding them; says whether there were any."""
    rows.sink_parquet(part, compression="zstd", compression_level=1)
    if pl.scan_parquet(part, glob=False).select(pl.len()).collect().item():
        return True
    part.unlink()
    return False
