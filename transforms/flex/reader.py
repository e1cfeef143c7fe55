"""Reading a Flex XML document as a stream into text columns per section. Nothing is typed or stored here."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import BinaryIO
from xml.parsers import expat

from transforms.documents import DocumentError
from transforms.flex.elements import Elements
from transforms.flex.fast_rows import read_run
from transforms.flex.flex_document import MAX_TOKEN_BYTES, FlexDocument, SectionBatch, Statement

__all__ = ["FlexDocument", "SectionBatch", "Statement", "read_flex"]

_READ_BYTES = 1 << 20
_MOST_WINDOW = 4 << 20
_LEAST_WINDOW = 256 << 10
_LEAST_PIECE = 16 << 10
_MOST_PIECE = 1 << 20
_MOST_WAIT = 16 << 20
_AGAIN = "fetch the document again and give it unchanged, as the broker wrote it"


def read_flex(
    stream: BinaryIO,
    document_id: str,
    emit: Callable[[SectionBatch], None],
    batch_rows: int = 50_000,
) -> FlexDocument:
    """Read the Flex XML document in `stream` to its end; `emit` gets its rows in batches while it is read.

    A row is every element inside a section, and the section itself if it has attributes. A batch's frame has
    OWN_COLUMNS (`_row` counts from 0 in the document's section, in document order, depth first; `_parent` is
    the `_row` of the enclosing row) and one String column per attribute seen in the batch: the text as
    written, null where absent, "" where empty. Rows of one section come in document order, except that a row
    that encloses others comes in the batch in which it ends.

    Raises DocumentError, with the place, for everything that is not a well-formed Flex document: then what
    was emitted must be thrown away, because a truncated or damaged document is refused as a whole. Memory
    does not grow with the document: each section holds less than a batch.
    """
    return _Reading(stream, document_id, emit, batch_rows).run()


class _Reading:
    """One pass over a document: expat sees everything but the runs of regular rows that `read_run` takes.

    The bytes of such a run are well-formed siblings by its own check, so leaving them out changes nothing for
    the parser; their line breaks are given to it instead, which keeps its line numbers true.
    """

    def __init__(
        self, stream: BinaryIO, document_id: str, emit: Callable[[SectionBatch], None], batch_rows: int
    ) -> None:
        self._stream = stream
        self._buffer = b""
        self._at = 0
        self._ended = False
        self._window = _LEAST_WINDOW
        self._wait = 0
        self._next_wait = _LEAST_PIECE
        self._fed = 0
        self._in_cdata = False
        self._runs_possible = True
        self._run_ended_in_line = 0
        self._run_columns = 0
        self._elements = Elements(document_id, emit, batch_rows, self._place)
        self._parser = self._new_parser()

    def run(self) -> FlexDocument:
        """Read to the end of the stream."""
        while self._fill():
            if not self._take_run():
                self._feed_piece()
        self._finish_parser()
        return self._elements.finish()

    def _new_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._elements.start
        parser.EndElementHandler = self._elements.end
        parser.CharacterDataHandler = self._elements.characters
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.XmlDeclHandler = self._declaration
        parser.StartCdataSectionHandler = lambda: self._set_cdata(True)
        parser.EndCdataSectionHandler = lambda: self._set_cdata(False)
        return parser

    def _fill(self) -> bool:
        """Have at least a window of bytes ahead, or all that are left; False at the end."""
        ahead = len(self._buffer) - self._at
        if ahead < self._window and not self._ended:
            parts = [self._buffer[self._at :]]
            while ahead < self._window:
                data = self._stream.read(max(_READ_BYTES, self._window - ahead))
                if not data:
                    self._ended = True
                    break
                parts.append(data)
                ahead += len(data)
            self._buffer, self._at = b"".join(parts), 0
            if self._fed == 0 and self._buffer.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                self._runs_possible = False
        return self._at < len(self._buffer)

    def _take_run(self) -> bool:
        """Read the rows ahead without the parser, if it stands between rows and enough of them are regular.

        Where they are not, this waits before it tries again, longer each time, and looks less far.
        """
        if (
            self._wait
            or not self._runs_possible
            or not self._elements.takes_rows
            or not self._between_tokens()
        ):
            return False
        end = min(self._at + self._window, len(self._buffer))
        run = read_run(self._buffer, self._at, end, self._elements.tag)
        if run is None:
            return False
        if run.complete:
            self._window = min(_MOST_WINDOW, self._window * 2)
            self._next_wait = _LEAST_PIECE
        else:
            self._window = max(_LEAST_WINDOW, self._window // 2)
            self._wait = self._next_wait
            self._next_wait = min(_MOST_WAIT, self._next_wait * 2)
        if not run.rows:
            return False
        self._elements.rows_at_once(run.groups, run.rows)
        self._skip(self._buffer[self._at : run.end])
        self._at = run.end
        return True

    def _between_tokens(self) -> bool:
        """Whether the parser has consumed all that it was given and stands in an element's content."""
        return not self._in_cdata and self._parser.CurrentByteIndex == self._fed

    def _skip(self, run: bytes) -> None:
        """Let the parser count the lines of bytes that it does not see."""
        breaks = run.count(b"\n")
        if b"\r" in run:
            breaks += run.count(b"\r") - run.count(b"\r\n")
        if breaks:
            self._parser.CharacterDataHandler = None
            self._feed(b"\n" * breaks)
            self._parser.CharacterDataHandler = self._elements.characters
        line = self._parser.CurrentLineNumber
        if line != self._run_ended_in_line:
            self._run_ended_in_line, self._run_columns = line, 0
        tail = run[max(run.rfind(b"\n"), run.rfind(b"\r")) + 1 :]
        self._run_columns += len(tail.decode())

    def _feed_piece(self) -> None:
        """Give the parser the next piece, cut after a tag where possible."""
        size = min(max(_LEAST_PIECE, self._wait), _MOST_PIECE)
        cut = self._buffer.find(b">", self._at + size - 1, self._at + 2 * size)
        piece = self._buffer[self._at : cut + 1 if cut >= 0 else self._at + size]
        self._wait = max(0, self._wait - len(piece))
        self._feed(piece)
        self._at += len(piece)
        if self._fed - max(self._parser.CurrentByteIndex, 0) > MAX_TOKEN_BYTES:
            place = self._place()
            raise DocumentError(
                f"The tag or value that begins at {place} is longer than {MAX_TOKEN_BYTES >> 20} MiB, as in "
                f"no real document: {_AGAIN}",
                place,
            )

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.Parse(data, False)
        except expat.ExpatError as error:
            raise self._malformed(error, data) from error
        self._fed += len(data)

    def _finish_parser(self) -> None:
        if self._fed == 0:
            raise DocumentError(f"The document is empty: {_AGAIN}", "byte 0")
        inside = self._elements.inside
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            place = self._place()
            where = f"inside {inside}" if inside else "before its root element"
            raise DocumentError(
                f"The document ends {where}, at {place}, so it is truncated: {_AGAIN}", place
            ) from error

    def _malformed(self, error: expat.ExpatError, data: bytes) -> DocumentError:
        """Say what the parser stumbled over, in words that help."""
        place = self._place(error.lineno, error.offset)
        begin = self._parser.ErrorByteIndex - self._fed
        culprit = data[begin : begin + 1] if 0 <= begin < len(data) else b""
        message = expat.ErrorString(error.code)
        if message == expat.errors.XML_ERROR_INVALID_TOKEN and culprit >= b"\x80":
            what = f"The byte 0x{culprit.hex().upper()} at {place} is not valid in the document's encoding"
            return DocumentError(f"{what}: save it as UTF-8, or {_AGAIN}", place)
        if message == expat.errors.XML_ERROR_INVALID_TOKEN and culprit and culprit < b" ":
            what = f"The character 0x{culprit.hex().upper()} at {place} may not stand in XML"
            return DocumentError(f"{what}: {_AGAIN}", place)
        return DocumentError(f"The document is not well-formed XML at {place} ({message}): {_AGAIN}", place)

    def _place(self, line: int | None = None, column: int | None = None) -> str:
        """Line and column (from 1) of the parser, the runs that it did not see included."""
        line = self._parser.CurrentLineNumber if line is None else line
        column = self._parser.CurrentColumnNumber if column is None else column
        if line == self._run_ended_in_line:
            column += self._run_columns
        return f"line {line}, column {column + 1}"

    def _set_cdata(self, inside: bool) -> None:
        self._in_cdata = inside

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is None:
            return
        try:
            name = codecs.lookup(encoding).name
        except LookupError:
            name = ""
        if not name.startswith(("utf-8", "utf-16", "ascii", "iso8859", "cp125")):
            place = self._place()
            raise DocumentError(
                f"The document declares the encoding {encoding[:40]!r} at {place}, which is not read: "
                f"save it as UTF-8, or {_AGAIN}",
                place,
            )
        self._runs_possible = self._runs_possible and name == "utf-8"

    def _refuse_doctype(self, *_declaration: object) -> None:
        place = self._place()
        raise DocumentError(
            f"The document has a DOCTYPE at {place}, which no Flex document has and which can name other "
            f"files or blow up memory: {_AGAIN}",
            place,
        )
