"""Collecting the rows of a CSV document into the batches and facts that an XML document gives. No CSV here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from transforms.documents import DocumentError
from transforms.flex.flex_document import (
    MAX_ATTRIBUTES,
    MAX_SECTIONS,
    FlexDocument,
    SectionBatch,
    Statement,
)
from transforms.flex.row_buffer import Pending, RowOrigin, SectionRows
from transforms.flex.scalars import parse_date

_MOST_NOTES = 50
_MOST_DATE_TEXTS = 20_000


@dataclass
class OpenStatement:
    """What a CSV document says of one account: who, which days, when generated; texts that the clean layer types.

    A document without a record that says the period has it from its rows: `told` are the days of their columns
    fromDate and toDate, `seen` the days that they are booked on.
    """

    index: int
    account_id: str | None
    from_date: str | None = None
    to_date: str | None = None
    period: str | None = None
    when_generated: str | None = None
    told: tuple[date, date] | None = None
    seen: tuple[date, date] | None = None

    def closed(self) -> Statement:
        """The statement, with the days of its rows where nothing else says its period."""
        days = self.told or self.seen
        start = self.from_date or (days[0].isoformat() if days else None)
        end = self.to_date or (days[1].isoformat() if days else None)
        return Statement(self.index, self.account_id, start, end, self.period, self.when_generated)

    def period_note(self) -> str | None:
        """Where the period comes from, if it is not said."""
        if self.from_date and self.to_date:
            return None
        who = f"account {self.account_id}" if self.account_id else "the document"
        days = self.told or self.seen
        if days is None:
            return f"Nothing says which days {who} covers"
        where = "the rows' FromDate and ToDate" if self.told else "the dates of the rows"
        return f"No record says which days {who} covers: taken from {where}, {days[0]} to {days[1]}"


@dataclass
class _Counted:
    """One section: its buffer, and what of it is unknown."""

    rows: SectionRows
    known: bool
    unknown: set[str] = field(default_factory=set)


class DocumentRows:
    """The rows of one CSV document on their way into batches, and what is known of the document.

    `statement(account)` gives the statement of an account, `report` says that a statement has a section (with
    rows or without), `add` takes a row. `finish` emits what is left and says what was read.
    """

    def __init__(self, document_id: str, emit: Callable[[SectionBatch], None], batch_rows: int) -> None:
        self._document_id = document_id
        self._emit = emit
        self._batch_rows = batch_rows
        self._pending = Pending()
        self._sections: dict[str, _Counted] = {}
        self._statement_rows: dict[tuple[int, str], int] = {}
        self._days: dict[str, date | None] = {}
        self._notes: list[str] = []
        self._notes_left_out = 0
        self.statements: list[OpenStatement] = []
        self.query_name: str | None = None

    def open_statement(self, account_id: str | None) -> OpenStatement:
        """Begin another statement."""
        statement = OpenStatement(len(self.statements), account_id)
        self.statements.append(statement)
        return statement

    def report(
        self, section: str, statement: OpenStatement, known: bool, unknown: Iterable[str] = ()
    ) -> None:
        """Say that the statement has the section, and which of its columns are unknown."""
        counted = self._sections.get(section)
        if counted is None:
            if len(self._sections) >= MAX_SECTIONS:
                raise DocumentError(f"The document has more than {MAX_SECTIONS} different sections", section)
            buffer = SectionRows(section, self._document_id, self._emit, self._batch_rows, self._pending)
            counted = self._sections[section] = _Counted(buffer, known)
        counted.unknown.update(unknown)
        self._statement_rows.setdefault((statement.index, section), 0)

    def add(
        self,
        section: str,
        statement: OpenStatement,
        element: str,
        names: Sequence[str],
        values: Sequence[str],
    ) -> None:
        """Add a row of a section that was reported."""
        buffer = self._sections[section].rows
        flat = [text for pair in zip(names, values, strict=True) for text in pair]
        origin = RowOrigin(statement.index, statement.account_id, None)
        buffer.add_row(origin, buffer.next_row(), element, flat)
        self._statement_rows[statement.index, section] += 1
        if len(buffer.attributes) > MAX_ATTRIBUTES:
            raise DocumentError(
                f"Section {section} has more than {MAX_ATTRIBUTES} different columns, as in no real document",
                section,
            )
        if self._pending.full:
            for counted in self._sections.values():
                counted.rows.settle()

    def see_day(self, statement: OpenStatement, text: str, told: bool) -> None:
        """Widen the days of a statement that does not say its period; a text that is no date says nothing."""
        if text not in self._days:
            if len(self._days) >= _MOST_DATE_TEXTS:
                self._days.clear()
            try:
                self._days[text] = parse_date(text)
            except ValueError:
                self._days[text] = None
        day = self._days[text]
        if day is None:
            return
        before = statement.told if told else statement.seen
        wider = (min(before[0], day), max(before[1], day)) if before else (day, day)
        if told:
            statement.told = wider
        else:
            statement.seen = wider

    def note(self, note: str) -> None:
        """Keep what is odd but readable."""
        if note in self._notes:
            return
        if len(self._notes) < _MOST_NOTES:
            self._notes.append(note)
        else:
            self._notes_left_out += 1

    def finish(self) -> FlexDocument:
        """The document's end: emit what is left and say what was read."""
        for counted in self._sections.values():
            counted.rows.finish()
        for statement in self.statements:
            if (note := statement.period_note()) is not None:
                self.note(note)
        left_out = [f"{self._notes_left_out} more notes were left out"] if self._notes_left_out else []
        return FlexDocument(
            query_name=self.query_name,
            query_type=None,
            statements=tuple(statement.closed() for statement in self.statements),
            rows_read={name: counted.rows.count for name, counted in self._sections.items()},
            statement_rows=dict(self._statement_rows),
            unknown_attributes={
                name: tuple(sorted(counted.unknown))
                for name, counted in self._sections.items()
                if counted.unknown
            },
            unknown_sections=tuple(name for name, counted in self._sections.items() if not counted.known),
            notes=tuple(self._notes + left_out),
        )
