"""Reading a document of TWS into text columns per section. Nothing is typed or stored here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final, NoReturn

import polars as pl

from transforms.documents import DocumentError
from transforms.flex.flex_document import OWN_COLUMNS, SectionBatch
from transforms.tws import known_sections as known

MAX_BYTES: Final = 64 * 1024 * 1024
"""The largest document that is read (a snapshot of 500 positions has 300 KB)."""
MAX_SECTIONS: Final = 100
MAX_ATTRIBUTES: Final = 500
"""How many different attributes a section may have (the widest known has 24)."""

_HEAD: Final = ("kind", "version", "scope", "taken_at", "server_time")
_AGAIN: Final = "take it again with `tieout snapshot`"
_START: Final = "line 1"

Row = dict[str, str | None]


@dataclass(frozen=True)
class TwsDocument:
    """What a document held, besides its rows.

    `scope`: `all` or `executions`. `news`: what a trade can be made of: the id of each execution, and `<id>:commission`
    of each report of a commission. `rows_read` and `attributes`: per section, under its own name.
    """

    scope: str
    taken_at: str
    accounts: tuple[str, ...]
    news: tuple[str, ...]
    rows_read: dict[str, int]
    attributes: dict[str, tuple[str, ...]]


def read_tws(stream: BinaryIO, document_id: str, emit: Callable[[SectionBatch], None]) -> TwsDocument:
    """Read the document in `stream`; `emit` gets a batch per section that has rows.

    A batch's frame has OWN_COLUMNS (`_row` counts from 0 in the section, `_element` is the section's own name,
    `_statement` is 0, `_parent` null, `_account_id` the row's account) and a String column per attribute; the
    document's own attributes are the one row of the section `snapshot`. Text is kept as written, null stays null.
    Raises DocumentError, with the place, for everything that is not such a document: then what was emitted must be
    thrown away.
    """
    content = _content(stream)
    head = _head(content)
    sections = dict(_sections(content, head["scope"] or ""))
    sections[known.SNAPSHOT] = [head]
    for section, rows in sections.items():
        if rows:
            emit(SectionBatch(known.raw_section(section), _frame(section, rows, document_id)))
    told = [row["execution_id"] for row in sections[known.EXECUTIONS]]
    costs = [row["execution_id"] for row in sections[known.COMMISSIONS]]
    accounts = {row["account_id"] for row in sections[known.ACCOUNTS]}
    return TwsDocument(
        scope=head["scope"] or "",
        taken_at=head["taken_at"] or "",
        accounts=tuple(sorted(account for account in accounts if account)),
        news=tuple(sorted({*(i for i in told if i), *(f"{i}:commission" for i in costs if i)})),
        rows_read={section: len(rows) for section, rows in sections.items()},
        attributes={section: _attributes(rows) for section, rows in sections.items()},
    )


def _content(stream: BinaryIO) -> dict[str, Any]:
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        _refuse(f"The document is larger than {MAX_BYTES // 1024 // 1024} MiB, which no snapshot is", _START)
    try:
        content = json.loads(
            data.decode("utf-8-sig"),
            parse_int=str,
            parse_float=str,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        _refuse("The document is not in UTF-8", f"byte {error.start}")
    except json.JSONDecodeError as error:
        _refuse(
            f"The document is truncated or damaged ({error.msg})",
            f"line {error.lineno}, column {error.colno}",
        )
    except RecursionError:
        _refuse("The document nests deeper than any snapshot does", _START)
    assert isinstance(content, dict), "the recogniser has seen the opening brace"
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names stand once: a second value under a name would hide the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        _refuse(f"The document says {twice[:80]!r} twice in one place", repr(twice[:80]))
    return found


def _no_number(text: str) -> NoReturn:
    _refuse(f"The document holds {text}, which is no amount; what TWS did not tell is null", text)


def _head(content: dict[str, Any]) -> Row:
    head = {name: _text(content.get(name), name) for name in _HEAD}
    version = head["version"]
    if version != known.VERSION:
        raise DocumentError(
            f"The document has version {str(version)[:20]} of {known.KIND}; this Tieout reads version "
            f"{known.VERSION}: use the Tieout that wrote it, or a newer one",
            "version",
        )
    if head["scope"] not in known.SCOPES:
        _refuse(
            f"The document's scope {str(head['scope'])[:40]!r} is none of {', '.join(known.SCOPES)}", "scope"
        )
    for name in ("taken_at", "server_time"):
        if name == "taken_at" or head[name] is not None:
            _instant(head[name], name)
    return head


def _instant(text: str | None, place: str) -> None:
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        _refuse(f"The document's {place} {str(text)[:40]!r} is no instant with a zone", place)


def _sections(content: dict[str, Any], scope: str) -> Iterator[tuple[str, list[Row]]]:
    named = [name for name in content if name not in _HEAD]
    for section in known.SCOPES[scope]:
        if section not in content:
            _refuse(
                f"The document lacks its section {section}: it is not the whole of what TWS told", section
            )
    if len(named) > MAX_SECTIONS:
        _refuse(f"The document has more than {MAX_SECTIONS} sections", _START)
    for section in named:
        _name(section, "a section")
        rows = content[section]
        if section == known.SNAPSHOT or not isinstance(rows, list):
            _refuse("A section is a list of rows", section[:80])
        yield section, [_row(row, f"{section[:80]}[{ordinal}]") for ordinal, row in enumerate(rows)]


def _row(row: Any, place: str) -> Row:
    if not isinstance(row, dict):
        _refuse("A row is an object of names and texts", place)
    for name in row:
        _name(name, place)
    return {name: _text(value, f"{place}.{name[:80]}") for name, value in row.items()}


def _name(name: str, place: str) -> None:
    """Names become columns: those that begin with an underscore are the raw layer's own."""
    if not name or name.startswith("_") or not name.isprintable():
        _refuse(f"{name[:80]!a} is no name of a section or attribute", place)


def _text(value: Any, place: str) -> str | None:
    """A value as written; numbers were never turned into anything else."""
    if value is None or isinstance(value, str):
        if value is not None and not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            _refuse("The text holds half of a character", place)
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    _refuse("A value is a text or null", place)


def _attributes(rows: list[Row]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for row in rows for name in row))


def _frame(section: str, rows: list[Row], document_id: str) -> pl.DataFrame:
    attributes = _attributes(rows)
    if len(attributes) > MAX_ATTRIBUTES:
        _refuse(f"The section has more than {MAX_ATTRIBUTES} attributes", section[:80])
    own: dict[str, Any] = {
        "_document_id": [document_id] * len(rows),
        "_statement": [0] * len(rows),
        "_account_id": [row.get("account_id") for row in rows],
        "_row": list(range(len(rows))),
        "_element": [section] * len(rows),
        "_parent": [None] * len(rows),
    }
    texts = {name: [row.get(name) for row in rows] for name in attributes}
    return pl.DataFrame(own | texts, schema=OWN_COLUMNS | dict.fromkeys(texts, pl.String()))


def _refuse(problem: str, place: str) -> NoReturn:
    raise DocumentError(f"{problem}: {_AGAIN}", place)
