"""Writing one batch of the raw layer: the rows of many documents, one Parquet file per section (more when they are
large). A document that turns out to be unreadable leaves nothing behind."""

import re
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote

import polars as pl

from orchestration.resources.files import sync_file, sync_folder
from transforms.flex.reader import SectionBatch

# Frames wait in memory until they are this large; then they are written, so that memory is bounded by it.
SPILL_BYTES = 192 * 1024 * 1024


class BatchWriter:
    """Collects section frames; `keep` or `drop` ends each document, `finish` ends the batch."""

    def __init__(self, folder: Path, spill_bytes: int = SPILL_BYTES) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True)
        self._spill_bytes = spill_bytes
        self._kept = _Buffer()
        self._document = _Buffer()
        self._parts: dict[str, list[Path]] = defaultdict(list)
        self._document_parts: dict[str, list[Path]] = defaultdict(list)
        self._written = 0

    def add(self, batch: SectionBatch) -> None:
        """Take rows of the current document."""
        self._document.add(batch.section, batch.frame)
        if self._document.size > self._spill_bytes:
            self._write(self._document, self._document_parts)

    def keep(self) -> None:
        """The current document was read to its end."""
        for section, parts in self._document_parts.items():
            self._parts[section] += parts
        self._document_parts.clear()
        self._kept.take(self._document)
        if self._kept.size > self._spill_bytes:
            self._write(self._kept, self._parts)

    def drop(self) -> None:
        """The current document cannot be read: forget what came of it."""
        for parts in self._document_parts.values():
            for part in parts:
                part.unlink()
        self._document_parts.clear()
        self._document.clear()

    def finish(self) -> dict[str, list[str]]:
        """Write what is left; returns the file names by section. The files are durable."""
        self._write(self._kept, self._parts)
        sync_folder(self.folder)
        return {section: [part.name for part in parts] for section, parts in sorted(self._parts.items())}

    def _write(self, buffer: "_Buffer", parts: dict[str, list[Path]]) -> None:
        for section, frames in buffer.frames.items():
            part = self.folder / f"{_file_stem(section)}.{self._written}.parquet"
            pl.concat(frames, how="diagonal").write_parquet(part, compression="zstd", compression_level=1)
            sync_file(part)
            self._written += 1
            parts[section].append(part)
        buffer.clear()


class _Buffer:
    """Frames by section, and their size in bytes."""

    def __init__(self) -> None:
        self.frames: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self.size = 0

    def add(self, section: str, frame: pl.DataFrame) -> None:
        self.frames[section].append(frame)
        self.size += int(frame.estimated_size())

    def take(self, other: "_Buffer") -> None:
        for section, frames in other.frames.items():
            self.frames[section] += frames
        self.size += other.size
        other.clear()

    def clear(self) -> None:
        self.frames.clear()
        self.size = 0


def _file_stem(section: str) -> str:
    """A section's name as a file name: names come from the document, so nothing in them is trusted."""
    return section if re.fullmatch(r"[A-Za-z_]\w{0,79}", section, re.ASCII) else quote(section, safe="")[:80]
