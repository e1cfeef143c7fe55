"""What each element of a Flex document means: statements, sections, rows, oddities. No bytes, no columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from transforms.documents import DocumentError
from transforms.flex.flex_document import (
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    MAX_SECTIONS,
    MAX_TEXT_CHARACTERS,
    FlexDocument,
    SectionBatch,
    Statement,
)
from transforms.flex.registry import load_registry
from transforms.flex.row_buffer import FastRows, Pending, RowOrigin, SectionRows

_MAX_NOTES = 50
_XML_SPACE = " \t\r\n"
_STATEMENT_ATTRIBUTES = ("accountId", "fromDate", "toDate", "period", "whenGenerated")


@dataclass
class _OpenRow:
    """An element of a section whose end has not come yet."""

    row: int
    element: str
    attributes: list[str]
    origin: RowOrigin
    text: list[str] = field(default_factory=list)
    text_length: int = 0


class Elements:
    """Follows the elements of one document and hands its rows to the sections' buffers.

    `start`, `end` and `characters` are an XML parser's events (attributes as name, value, name, value…).
    `place` tells where the parser stands. Raises DocumentError where the document is not a Flex document.
    """

    def __init__(
        self,
        document_id: str,
        emit: Callable[[SectionBatch], None],
        batch_rows: int,
        place: Callable[[], str],
    ) -> None:
        self._document_id = document_id
        self._emit = emit
        self._batch_rows = batch_rows
        self._place = place
        self._pending = Pending()
        self._sections: dict[str, SectionRows] = {}
        self._section: SectionRows | None = None
        self._section_began_at = 0
        self._statement_rows: dict[tuple[int, str], int] = {}
        self._open: list[str] = []
        self._open_rows: list[_OpenRow | None] = []
        self._query: dict[str, str] = {}
        self._statements: list[Statement] = []
        self._announced: str | None = None
        self._announced_from = 0
        self._stray_depth = 0
        self._notes: list[str] = []
        self._notes_left_out = 0

    @property
    def inside(self) -> str:
        """The open elements as a path, for messages."""
        return "/".join(self._open)

    @property
    def tag(self) -> str:
        """The tag of the innermost open element."""
        return self._open[-1]

    @property
    def takes_rows(self) -> bool:
        """Whether rows may be read without the parser here: inside a section, and not amid an element's
        text."""
        return self._section is not None and not (self._open_rows[-1] and self._open_rows[-1].text)

    def start(self, name: str, attributes: list[str]) -> None:
        """An element begins."""
        depth = len(self._open)
        if depth >= MAX_DEPTH:
            self._fail(f"Elements nest more than {MAX_DEPTH} deep, as in no Flex document")
        self._open.append(name)
        if self._section is not None:
            self._start_row(name, attributes, self._section)
        elif self._stray_depth:
            return
        elif depth == 0:
            self._start_root(name, attributes)
        elif depth == 1 and name == "FlexStatements":
            self._announced = dict(_pairs(attributes)).get("count")
            self._announced_from = len(self._statements)
        elif depth == 2 and name == "FlexStatement":
            self._start_statement(attributes)
        elif depth == 3:
            self._start_section(name, attributes)
        else:
            self._stray_depth = depth + 1
            self._note(f"Element {name} stands where no section can ({self._place()}) and was not read")

    def end(self, name: str) -> None:
        """An element ends."""
        depth = len(self._open)
        self._open.pop()
        if self._section is not None:
            self._end_row(self._section)
            if depth == 4:
                self._end_section(self._section)
                if self._pending.full:
                    for section in self._sections.values():
                        section.settle()
        elif self._stray_depth == depth:
            self._stray_depth = 0
        elif depth == 2:
            self._check_count()

    def characters(self, text: str) -> None:
        """Character data, of which only white space is usual."""
        row = self._open_rows[-1] if self._open_rows else None
        if not text.strip(_XML_SPACE) and (row is None or not row.text):
            return
        if row is None:
            where = self._open[-1] if self._open else "the document"
            shown = text.strip(_XML_SPACE)
            self._note(
                f"Text in {where} outside of its rows was not read ({self._place()}): {_shortened(shown)}"
            )
            return
        row.text.append(text)
        row.text_length += len(text)
        if row.text_length > MAX_TEXT_CHARACTERS:
            self._fail(f"Element {row.element} holds more than {MAX_TEXT_CHARACTERS} characters of text")

    def rows_at_once(self, groups: list[FastRows], rows: int) -> None:
        """Take `rows` self-closed rows that were read without the parser, where it stands now."""
        section = self._section
        if section is None:
            raise AssertionError("rows come only inside a section")
        first = section.next_row(rows)
        section.add_fast(self._origin(), [FastRows(g.element, g.rows + first, g.columns) for g in groups])
        self._check_width(section)

    def finish(self) -> FlexDocument:
        """The document's end: emit what is left and say what was read."""
        for section in self._sections.values():
            section.finish()
        registry = load_registry()
        unknown = {
            name: tuple(sorted(a for a in section.attributes if registry.kind(name, a) is None))
            for name, section in self._sections.items()
        }
        if not self._statements:
            self._note("The document holds no FlexStatement")
        left_out = [f"{self._notes_left_out} more notes were left out"] if self._notes_left_out else []
        return FlexDocument(
            query_name=self._query.get("queryName"),
            query_type=self._query.get("type"),
            statements=tuple(self._statements),
            rows_read={name: section.count for name, section in self._sections.items()},
            statement_rows=dict(self._statement_rows),
            unknown_attributes={name: names for name, names in unknown.items() if names},
            unknown_sections=tuple(s for s in self._sections if s not in registry.known_sections),
            notes=tuple(self._notes + left_out),
        )

    def _start_root(self, name: str, attributes: list[str]) -> None:
        if name != "FlexQueryResponse":
            self._fail(
                f"The root element is {_shortened(name)}, not FlexQueryResponse, so this is no Flex document"
            )
        self._query = dict(_pairs(attributes))

    def _start_statement(self, attributes: list[str]) -> None:
        values = dict(_pairs(attributes))
        index = len(self._statements)
        account, *rest = (values.get(name) for name in _STATEMENT_ATTRIBUTES)
        self._statements.append(Statement(index, account, *rest))
        missing = [name for name in _STATEMENT_ATTRIBUTES if name not in values]
        if missing:
            self._note(f"FlexStatement {index} has no {', '.join(missing)} ({self._place()})")
        others = [f"{n}={_shortened(v)}" for n, v in values.items() if n not in _STATEMENT_ATTRIBUTES]
        if others:
            self._note(
                f"FlexStatement {index} has further attributes: {', '.join(others[:10])} ({self._place()})"
            )

    def _start_section(self, name: str, attributes: list[str]) -> None:
        section = self._sections.get(name)
        if section is None:
            if len(self._sections) >= MAX_SECTIONS:
                self._fail(f"The document has more than {MAX_SECTIONS} different sections")
            section = SectionRows(name, self._document_id, self._emit, self._batch_rows, self._pending)
            self._sections[name] = section
        self._section = section
        self._section_began_at = section.count
        if attributes:
            self._start_row(name, attributes, section)
        else:
            self._open_rows.append(None)

    def _start_row(self, name: str, attributes: list[str], section: SectionRows) -> None:
        self._open_rows.append(_OpenRow(section.next_row(), name, attributes, self._origin()))

    def _end_row(self, section: SectionRows) -> None:
        row = self._open_rows.pop()
        if row is not None:
            text = "".join(row.text).strip(_XML_SPACE) or None
            section.add_row(row.origin, row.row, row.element, row.attributes, text)
            self._check_width(section)

    def _end_section(self, section: SectionRows) -> None:
        key = (self._statements[-1].index, section.section)
        rows = section.count - self._section_began_at
        self._statement_rows[key] = self._statement_rows.get(key, 0) + rows
        self._section = None

    def _origin(self) -> RowOrigin:
        """Where a row that begins now stands."""
        statement = self._statements[-1]
        enclosing = self._open_rows[-1] if self._open_rows else None
        return RowOrigin(statement.index, statement.account_id, None if enclosing is None else enclosing.row)

    def _check_width(self, section: SectionRows) -> None:
        if len(section.attributes) > MAX_ATTRIBUTES:
            self._fail(f"Section {section.section} has more than {MAX_ATTRIBUTES} different attributes")

    def _check_count(self) -> None:
        found = len(self._statements) - self._announced_from
        if self._announced is not None and self._announced.strip() != str(found):
            self._note(f"FlexStatements announces count={_shortened(self._announced)} but holds {found}")

    def _note(self, note: str) -> None:
        if len(self._notes) < _MAX_NOTES:
            self._notes.append(note)
        else:
            self._notes_left_out += 1

    def _fail(self, what: str) -> None:
        place = self._place()
        raise DocumentError(
            f"{what}, at {place}: fetch the document again, and report it if it comes back", place
        )


def _pairs(attributes: list[str]) -> zip[tuple[str, str]]:
    return zip(attributes[::2], attributes[1::2], strict=True)


def _shortened(text: str) -> str:
    shown = text if len(text) <= 80 else text[:80] + "…"
    return repr(shown)
