"""A document made while it is read: its lines become bytes in pieces of about a megabyte. No format here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHUNK_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class TextDocument(ABC):
    """Something the broker writes: a name and lines. `chunks` never holds more than about a megabyte of it."""

    file_name: str

    @abstractmethod
    def lines(self) -> Iterator[str]:
        """The document's lines in order, without line ends."""

    def chunks(self) -> Iterator[bytes]:
        """The document's bytes, UTF-8, in pieces of about a megabyte."""
        pending: list[str] = []
        size = 0
        for line in self.lines():
            pending.append(line)
            size += len(line)
            if size >= CHUNK_CHARACTERS:
                yield ("\n".join(pending) + "\n").encode()
                pending, size = [], 0
        if pending:
            yield ("\n".join(pending) + "\n").encode()

    def content(self) -> bytes:
        """The whole document; for small ones."""
        return b"".join(self.chunks())

    def write(self, path: Path) -> None:
        """Write the document to a file."""
        with path.open("wb") as file:
            for chunk in self.chunks():
                file.write(chunk)
