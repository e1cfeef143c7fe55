"""Reading a Flex query's CSV as a stream, in its three framings, into the rows that its XML would give.

1. Tables one below the other: a row of headers begins a section, which its columns show.
2. With header and trailer records: BOF, BOA, then BOS and EOS around each section, EOA, EOF. The guide gives BOF as
   account, query, a count, first day, last day, generated at; EOS as code, number of rows, amount.
3. Each line marked: HEADER or DATA and the section's code before the cells; with or without the records of 2.

Nothing is typed here; what a header means is data (csv_columns.toml).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import BinaryIO, NoReturn

from transforms.csv_text import place, records
from transforms.documents import DocumentError
from transforms.flex.csv_columns import CsvSection, load_csv_columns
from transforms.flex.csv_rows import DocumentRows, OpenStatement
from transforms.flex.csv_table import CsvTable
from transforms.flex.flex_document import FlexDocument, SectionBatch
from transforms.flex.scalars import parse_date

MARKS = frozenset({"BOF", "BOA", "BOS", "EOS", "EOA", "EOF", "HEADER", "DATA", "MSG"})
"""First cells of records that are not rows of a table."""

_CLOCK = re.compile(r"\d{6}|\d\d:\d\d:\d\d")
_AGAIN = "fetch the document again and give it unchanged, as the broker wrote it"
_WITH_HEADERS = "set Include column headers to Yes in the Flex query and fetch it again"


def read_flex_csv(
    stream: BinaryIO,
    document_id: str,
    emit: Callable[[SectionBatch], None],
    batch_rows: int = 50_000,
) -> FlexDocument:
    """Read the Flex query's CSV in `stream` to its end; `emit` gets its rows in batches while it is read.

    Batches and facts are those of `read_flex`: XML section names, XML attribute names, cells as written. Raises
    DocumentError, with the line, for what is damaged: a section without its end, a count or an amount that its rows
    do not add up to, a row that is longer or shorter than its headers. What was emitted must be thrown away then.
    """
    return _Reading(DocumentRows(document_id, emit, batch_rows)).run(stream)


class _Reading:
    """One pass over a document. A block is what stands between BOA and EOA, or the whole document without them."""

    def __init__(self, rows: DocumentRows) -> None:
        self._rows = rows
        self._columns = load_csv_columns()
        self._line = 0
        self._open: CsvTable | None = None
        self._begun: tuple[CsvSection, str] | None = None
        self._marked: dict[str, CsvTable] = {}
        self._in_file = False
        self._in_block = False
        self._framed = False
        self._default_account: str | None = None
        self._file_account: str | None = None
        self._period: tuple[str | None, str | None, str | None] = (None, None, None)
        self._by_account: dict[str, OpenStatement] = {}
        self._nameless: OpenStatement | None = None
        self._last: OpenStatement | None = None
        self._block_tables: list[CsvTable] = []

    def run(self, stream: BinaryIO) -> FlexDocument:
        """Read to the end of the stream."""
        for line, cells in records(stream):
            self._line = line
            self._take(cells)
        self._finish()
        return self._rows.finish()

    def _take(self, cells: list[str]) -> None:
        mark = cells[0].strip().upper()
        if mark in MARKS and not self._is_row_of_open_table(mark, cells):
            {
                "BOF": self._begin_file,
                "BOA": self._begin_account,
                "BOS": self._begin_section,
                "EOS": self._end_section,
                "EOA": self._end_account,
                "EOF": self._end_file,
                "HEADER": self._marked_header,
                "DATA": self._marked_row,
                "MSG": self._message,
            }[mark](cells)
        elif self._begun is not None:
            section, code = self._begun
            self._begun = None
            if section.known and not self._columns.is_header(cells):
                self._fail(f"Section {section.name} has no row of column headers", _WITH_HEADERS)
            self._open = self._new_table(section, code, cells)
        elif self._framed and self._open is None:
            self._fail("A row stands outside of any section")
        elif self._open is None or (not self._framed and self._columns.is_header(cells)):
            self._unframed_header(cells)
        else:
            self._row(self._open, cells)

    def _is_row_of_open_table(self, mark: str, cells: list[str]) -> bool:
        """A symbol may read like a mark: a row of as many cells as the open table's headers is a row."""
        if self._open is None or len(cells) != self._open.width:
            return False
        return not (mark == "EOS" and cells[1:2] == [self._open.code])

    def _begin_file(self, cells: list[str]) -> None:
        self._no_open_section("BOF")
        self._framed = self._in_file = True
        account, query = _cell(cells, 1), _cell(cells, 2)
        self._file_account = self._default_account = account
        self._rows.query_name = self._rows.query_name or query
        self._period = _period(cells[3:])
        self._end_block()

    def _begin_account(self, cells: list[str]) -> None:
        self._no_open_section("BOA")
        self._framed = self._in_block = True
        self._end_block()
        self._default_account = _cell(cells, 1) or self._file_account
        start, end, _ = _period(cells[2:])
        if start and end:
            self._period = (start, end, self._period[2])

    def _begin_section(self, cells: list[str]) -> None:
        self._no_open_section("BOS")
        self._framed = True
        code = _cell(cells, 1) or ""
        self._begun = (self._columns.by_code(code, _cell(cells, 2) or ""), code)

    def _end_section(self, cells: list[str]) -> None:
        code = _cell(cells, 1) or ""
        if self._begun is not None and self._begun[1] == code:
            table = self._new_table(self._begun[0], code, [])
        elif self._open is not None and self._open.code == code:
            table = self._open
        else:
            self._fail(f"EOS ends the section {code!r}, which is not open")
        self._begun = self._open = None
        if (note := table.check(_cell(cells, 2), _cell(cells, 3), self._line)) is not None:
            self._rows.note(note)

    def _end_account(self, cells: list[str]) -> None:
        self._no_open_section("EOA")
        self._in_block = False
        self._end_block()

    def _end_file(self, cells: list[str]) -> None:
        self._no_open_section("EOF")
        self._in_file = self._in_block = False
        self._end_block()

    def _marked_header(self, cells: list[str]) -> None:
        code = _cell(cells, 1) or ""
        section = self._begun[0] if self._begun is not None else self._columns.by_code(code, code)
        if self._framed and self._begun is None and self._open is not None and self._open.code != code:
            self._fail(f"Section {code!r} begins before {self._open.code!r} has ended")
        table = self._new_table(section, code, cells[2:])
        if self._begun is not None:
            self._begun, self._open = None, table
        self._marked[code] = table

    def _marked_row(self, cells: list[str]) -> None:
        code = _cell(cells, 1) or ""
        table = self._marked.get(code)
        if table is None:
            self._fail(f"A row of the section {code!r} stands before its column headers", _WITH_HEADERS)
        self._row(table, cells[2:])

    def _message(self, cells: list[str]) -> None:
        self._rows.note(f"The broker says: {' '.join(cells[1:]).strip()[:200]}")

    def _unframed_header(self, cells: list[str]) -> None:
        if not self._columns.is_header(cells):
            self._fail("A table has no row of column headers", _WITH_HEADERS)
        section = self._columns.by_headers(cells)
        if section is None:
            section = self._columns.by_code("", ", ".join(cells)[:80])
        self._open = self._new_table(section, "", cells)

    def _new_table(self, section: CsvSection, code: str, headers: list[str]) -> CsvTable:
        table = CsvTable(section, code, headers, self._line)
        self._block_tables.append(table)
        return table

    def _row(self, table: CsvTable, cells: list[str]) -> None:
        if len(cells) != table.width:
            what = "shorter" if len(cells) < table.width else "longer"
            self._fail(
                f"A row of {table.section.name} is {what} than its headers: {len(cells)} cells, {table.width} headers"
            )
        statement = self._statement(table.account(cells))
        if statement.index not in table.reported:
            self._rows.report(table.section.name, statement, table.section.known, table.unknown)
            table.reported.add(statement.index)
        names, values = table.attributes(cells)
        self._rows.add(table.section.name, statement, table.element(cells), names, values)
        if statement.from_date is None:
            for text, told in table.days(cells):
                self._rows.see_day(statement, text, told)

    def _statement(self, account: str | None) -> OpenStatement:
        """The statement of a row's account; a row without one belongs to its block's, else to the one before it."""
        account = account or self._default_account
        if account is None:
            if self._last is not None:
                return self._last
            if self._nameless is None:
                self._nameless = self._new_statement(None)
            return self._nameless
        if account not in self._by_account:
            if self._nameless is not None:
                self._nameless.account_id = account
                self._by_account[account] = self._nameless
                self._nameless = None
            else:
                self._by_account[account] = self._new_statement(account)
        self._last = self._by_account[account]
        return self._last

    def _new_statement(self, account: str | None) -> OpenStatement:
        statement = self._rows.open_statement(account)
        statement.from_date, statement.to_date, statement.when_generated = self._period
        return statement

    def _end_block(self) -> None:
        """Every statement of a block has all its sections, those without rows too."""
        if self._block_tables:
            if not self._by_account and self._nameless is None:
                self._statement(None)
            statements = list(self._by_account.values()) or [self._statement(None)]
            for table in self._block_tables:
                for statement in statements:
                    self._rows.report(table.section.name, statement, table.section.known, table.unknown)
        self._block_tables, self._by_account, self._marked = [], {}, {}
        self._nameless = self._last = None

    def _finish(self) -> None:
        if self._line == 0:
            raise DocumentError(f"The document is empty: {_AGAIN}", "line 1")
        self._no_open_section("the end")
        if self._in_file or self._in_block:
            what = "EOF" if self._in_file else "EOA"
            self._fail(f"The document ends without {what}, so it is truncated")
        self._end_block()
        if any(statement.account_id is None for statement in self._rows.statements):
            self._rows.note("No row names its account: select ClientAccountID in the Flex query")

    def _no_open_section(self, mark: str) -> None:
        code = self._begun[1] if self._begun else self._open.code if self._open and self._framed else None
        if code is not None:
            self._fail(f"Section {code!r} has no EOS before {mark}, so the document is truncated")
        self._open = None if self._framed else self._open

    def _fail(self, what: str, todo: str = _AGAIN) -> NoReturn:
        raise DocumentError(f"{what} ({place(self._line)}): {todo}", place(self._line))


def _cell(cells: list[str], at: int) -> str | None:
    """A cell's text; None where there is none."""
    return (cells[at].strip() or None) if at < len(cells) else None


def _period(cells: list[str]) -> tuple[str | None, str | None, str | None]:
    """First day, last day and instant of generation: the dates of a record that begins a file, in that order.

    A count may stand before them; the clock time of the generation may stand in a cell of its own. Where the first
    date lies after the second it is another one (a run date), and the two after it are the period.
    """
    texts = [cell.strip() for cell in cells]
    dated = [(at, day) for at, text in enumerate(texts) if (day := _date(text)) is not None]
    if len(dated) > 2 and dated[0][1] > dated[1][1]:
        dated = dated[1:3]
    if len(dated) < 2:
        return None, None, None
    generated = None
    if len(dated) > 2:
        at = dated[2][0]
        generated = texts[at]
        if texts[at + 1 : at + 2] and _CLOCK.fullmatch(texts[at + 1]):
            generated = f"{generated};{texts[at + 1]}"
    return texts[dated[0][0]], texts[dated[1][0]], generated


def _date(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
