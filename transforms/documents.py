"""Recognising a document by its content, and the error for an unreadable one. No rows and no files here."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Literal

from transforms.flex.csv_recogniser import is_flex_csv
from transforms.statements.recogniser import is_activity_statement
from transforms.tws.recogniser import is_tws_snapshot

DocumentKind = Literal[
    "flex_xml", "flex_csv", "activity_statement_csv", "portfolio_analyst_csv", "tws_snapshot"
]

HEAD_BYTES = 64 * 1024
"""How much of a document's beginning `recognise` needs (a shorter document is passed whole)."""


class DocumentError(Exception):
    """A document that cannot be read: `reason` is one sentence (what, where, what to do), `place` the where
    alone."""

    def __init__(self, reason: str, place: str) -> None:
        super().__init__(reason, place)
        self._reason = reason
        self._place = place

    @property
    def reason(self) -> str:
        return self._reason

    @property
    def place(self) -> str:
        return self._place

    def __str__(self) -> str:
        return f"{self._reason} ({self._place})"


@dataclass(frozen=True)
class Recognised:
    """What a document is, judged by its content."""

    kind: DocumentKind


@dataclass(frozen=True)
class Head:
    """The first bytes of a document, and the same decoded far enough to look at (errors replaced)."""

    data: bytes
    text: str


Recogniser = Callable[[Head, str], Recognised | None]
"""Says what the document is, raises DocumentError for what it knows cannot be read, or returns None to
pass."""

_FETCH_XML = "fetch the Flex query again with the format XML and give that file"
_START = "byte 0"

_BINARY_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (
        b"PK\x03\x04",
        "a zip archive (or an Excel workbook)",
        "unpack it and give the documents inside one by one",
    ),
    (b"PK\x05\x06", "an empty zip archive", _FETCH_XML),
    (b"\x1f\x8b", "compressed with gzip", "unpack it (gunzip) and give the document inside"),
    (b"BZh", "compressed with bzip2", "unpack it and give the document inside"),
    (b"\xfd7zXZ\x00", "compressed with xz", "unpack it and give the document inside"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it and give the document inside"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-zip archive", "unpack it and give the documents inside one by one"),
    (b"%PDF-", "a PDF", "a PDF cannot be read exactly; " + _FETCH_XML),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file", _FETCH_XML),
)

_MISC = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)
_ROOT = re.compile(r"<([A-Za-z_:][^\s/>]*)")
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")


def recognise(head: bytes, file_name: str) -> Recognised:
    """Say what kind of document begins with `head`, by its content and never by `file_name`.

    `head` is the first HEAD_BYTES of the document, or all of it. `file_name` only makes the error readable.
    Raises DocumentError for everything that is not a document we read, with what to do about it.
    """
    document = Head(head, _decoded(head, file_name))
    if not document.text.strip(" \t\r\n"):
        what = "holds nothing but white space" if head else "is empty"
        raise DocumentError(f"{file_name} {what}: {_FETCH_XML}", _START)
    for recogniser in RECOGNISERS:
        found = recogniser(document, file_name)
        if found is not None:
            return found
    raise DocumentError(f"{file_name} is not a document that can be read: {_FETCH_XML}", _START)


def _decoded(head: bytes, file_name: str) -> str:
    """The head as text, by its byte order mark or its XML declaration; refuses UTF-16 that does not say
    so."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) or head[:4] in (b"<\0\0\0", b"\0\0\0<"):
        raise DocumentError(f"{file_name} is encoded in UTF-32: save it as UTF-8, or {_FETCH_XML}", _START)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
        declared = _declared_encoding(text)
        if declared is not None and not declared.upper().startswith("UTF-16"):
            raise DocumentError(
                f"{file_name} is encoded in UTF-16 but its XML declaration says {declared}: "
                f"save it as UTF-8, or {_FETCH_XML}",
                _START,
            )
        return text
    if head[:2] in (b"<\0", b"\0<"):
        raise DocumentError(
            f"{file_name} is encoded in UTF-16 without a byte order mark: save it as UTF-8, or {_FETCH_XML}",
            _START,
        )
    text = head.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    declared = _declared_encoding(text)
    if declared is not None and declared.upper().startswith(("UTF-16", "UTF-32", "UCS-2", "UCS-4")):
        raise DocumentError(
            f"{file_name} declares the encoding {declared} but is not encoded so: save it as UTF-8, "
            f"or {_FETCH_XML}",
            _START,
        )
    return text


def _declared_encoding(text: str) -> str | None:
    match = _DECLARATION.match(text)
    return match.group(1) if match else None


def _binary(head: Head, file_name: str) -> Recognised | None:
    """Refuse archives and binary formats by their first bytes."""
    for magic, what, todo in _BINARY_KINDS:
        if head.data.startswith(magic):
            raise DocumentError(f"{file_name} is {what}, not a Flex document: {todo}", _START)
    nul = head.text.find("\0")
    if nul >= 0:
        raise DocumentError(
            f"{file_name} holds a NUL character, so it is not a text document: {_FETCH_XML}", f"byte {nul}"
        )
    return None


def _xml(head: Head, file_name: str) -> Recognised | None:
    """Recognise Flex XML by its root element; refuse HTML, other XML and the web service's own answers."""
    begin = _MISC.match(head.text)
    at = begin.end() if begin else 0
    rest = head.text[at:]
    if not rest.startswith("<"):
        return None
    place = _place(head.text, at)
    lowered = rest[:64].lower()
    if lowered.startswith(("<!doctype html", "<html", "<head", "<body", "<script", "<meta")):
        raise DocumentError(
            f"{file_name} is a web page (HTML), probably a log-in or error page saved instead of the "
            f"document: {_FETCH_XML}",
            place,
        )
    if lowered.startswith("<!doctype"):
        raise DocumentError(
            f"{file_name} carries a DOCTYPE, which no Flex document has and which can hide other files' "
            f"content: {_FETCH_XML}",
            place,
        )
    root = _ROOT.match(rest)
    if root is None:
        raise DocumentError(f"{file_name} does not begin with an XML element: {_FETCH_XML}", place)
    if root.group(1) == "FlexQueryResponse":
        return Recognised("flex_xml")
    if root.group(1) == "FlexStatementResponse":
        raise DocumentError(_service_answer(rest, file_name), place)
    raise DocumentError(
        f"{file_name} is XML whose root element is {root.group(1)[:80]}, not FlexQueryResponse: {_FETCH_XML}",
        place,
    )


def _service_answer(text: str, file_name: str) -> str:
    """Put the Flex web service's answer (an error, or a reference to fetch) into one sentence."""

    def field(name: str) -> str:
        match = re.search(rf"<{name}\s*>(.*?)</{name}\s*>", text, re.DOTALL | re.IGNORECASE)
        return " ".join(unescape(match.group(1)).split())[:300] if match else ""

    code, message, reference = field("ErrorCode"), field("ErrorMessage"), field("ReferenceCode")
    if code or message:
        return (
            f"{file_name} is an answer of the Flex web service, not a document: error {code or '(no code)'}, "
            f"{message or 'no message'}; fetch the statement again once that is settled"
        )
    if reference:
        return (
            f"{file_name} is an answer of the Flex web service, not a document: it only gives the reference "
            f"{reference}; fetch the statement with it (GetStatement)"
        )
    return f"{file_name} is an answer of the Flex web service without a statement: {_FETCH_XML}"


def _flex_csv(head: Head, file_name: str) -> Recognised | None:
    """Recognise a Flex query's CSV by its first line."""
    return Recognised("flex_csv") if is_flex_csv(head.text) else None


def _activity_statement(head: Head, file_name: str) -> Recognised | None:
    """Recognise an Activity Statement's CSV by its first line."""
    return Recognised("activity_statement_csv") if is_activity_statement(head.text) else None


_PORTFOLIO_ANALYST = re.compile(r'"?(Introduction"?,"?Header|[^,"]+"?,"?MetaInfo)"?,', re.IGNORECASE)


def _portfolio_analyst_csv(head: Head, file_name: str) -> Recognised | None:
    """Recognise a PortfolioAnalyst CSV by its first line, the header of the introduction."""
    first = head.text.lstrip("\ufeff \t\r\n")
    return Recognised("portfolio_analyst_csv") if _PORTFOLIO_ANALYST.match(first) else None


def _tws_snapshot(head: Head, file_name: str) -> Recognised | None:
    """Recognise a document of TWS by its first words."""
    return Recognised("tws_snapshot") if is_tws_snapshot(head.text) else None


def _text_formats(head: Head, file_name: str) -> Recognised | None:
    """Refuse text formats that are known but not read."""
    text = head.text.lstrip("\ufeff \t\r\n")
    first_line = text.splitlines()[0] if text else ""
    if text.startswith(("{", "[")):
        raise DocumentError(f"{file_name} is JSON, which is not a broker's document: {_FETCH_XML}", _START)
    if first_line.count(",") >= 2 or first_line.count(";") >= 2 or first_line.count("\t") >= 2:
        raise DocumentError(
            f"{file_name} is a CSV table, but none that the broker writes: {_FETCH_XML}", "line 1"
        )
    return None


def _place(text: str, at: int) -> str:
    """Line and column (from 1) of a position in a text."""
    before = text[:at].replace("\r\n", "\n").replace("\r", "\n")
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


RECOGNISERS: tuple[Recogniser, ...] = (
    _binary,
    _xml,
    _portfolio_analyst_csv,
    _flex_csv,
    _activity_statement,
    _tws_snapshot,
    _text_formats,
)
"""Tried in order. Another kind of document plugs in here: its recogniser goes before `_text_formats`."""
