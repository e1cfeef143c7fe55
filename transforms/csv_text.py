"""A CSV document's bytes into records with their line numbers. What a record means is for each format's reader."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from transforms.documents import DocumentError

MAX_LINE_CHARACTERS = 1 << 20
"""The longest line that is read (a real row of 150 columns has 5 KB)."""

MAX_CELL_CHARACTERS = 1 << 17
"""The longest cell: where a quote is never closed, the rest of the document would be one."""

Record = tuple[int, list[str]]
"""The line on which a record ends (from 1), and its cells; a blank line is no record."""

_AGAIN = "download the document again and give it unchanged, as the broker wrote it"


def records(stream: BinaryIO) -> Iterator[Record]:
    """The records of a comma-separated document, from where the stream stands; quotes as in RFC 4180.

    The text is UTF-8, or UTF-16 with a byte order mark. Cells may hold commas, quotes and line breaks. Raises
    DocumentError with the line for what no CSV document holds: other bytes, NUL, a quote out of place or never
    closed, an endless line or cell.
    """
    lines = _Lines(stream)
    reader = csv.reader(lines, strict=True)
    try:
        for cells in reader:
            if cells:
                if max(map(len, cells)) > MAX_CELL_CHARACTERS:
                    raise csv.Error("a cell is too long")
                yield lines.count, cells
    except csv.Error as error:
        raise _damaged(str(error), lines.count) from error
    finally:
        lines.release()


def place(line: int) -> str:
    """The place of a record, for messages."""
    return f"line {line}"


class _Lines:
    """The lines of a document with their line breaks, each checked; `count` is the number of the last one."""

    def __init__(self, stream: BinaryIO) -> None:
        mark = stream.read(4)
        stream.seek(-len(mark), io.SEEK_CUR)
        wide = mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        self._encoding = "UTF-16" if wide else "UTF-8"
        self._text = io.TextIOWrapper(
            stream, encoding="utf-16" if wide else "utf-8-sig", errors="strict", newline=""
        )
        self.count = 0

    def release(self) -> None:
        """Give the stream back: a text layer that is thrown away would close what it was lent."""
        self._text.detach()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(MAX_LINE_CHARACTERS + 1)
        except UnicodeError as error:
            where = place(self.count + 1)
            raise DocumentError(
                f"The text near {where} is not valid {self._encoding}: save it as UTF-8, or {_AGAIN}", where
            ) from error
        if not line:
            raise StopIteration
        self.count += 1
        if "\0" in line:
            raise DocumentError(
                f"Line {self.count} holds a NUL character, so this is no text document: {_AGAIN}",
                place(self.count),
            )
        if len(line) > MAX_LINE_CHARACTERS:
            raise DocumentError(
                f"Line {self.count} is longer than {MAX_LINE_CHARACTERS:,} characters, as in no real "
                f"document: {_AGAIN}",
                place(self.count),
            )
        return line


def _damaged(what: str, line: int) -> DocumentError:
    """Say what the csv module stumbled over, in words that help."""
    where = place(line)
    if "unexpected end" in what:
        return DocumentError(
            f"The document ends inside a quoted cell ({where}), so it is truncated: {_AGAIN}", where
        )
    if "field larger" in what or "too long" in what:
        return DocumentError(
            f"A cell that ends at or after {where} is longer than {MAX_CELL_CHARACTERS:,} characters, so a quote "
            f"before it is never closed: {_AGAIN}",
            where,
        )
    return DocumentError(f"The quotes in {where} are not those of a CSV document ({what}): {_AGAIN}", where)
