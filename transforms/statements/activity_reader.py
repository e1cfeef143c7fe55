"""Reading an Activity Statement's CSV as a stream into the rows that a Flex XML would give.

Each record is section, row kind (Header, Data, SubTotal, Total), cells. Nothing is typed here; what tables, headers
and words mean is data (activity_statement.toml). Sums that the statement makes of its own rows are kept and counted
under the tag Total, which no clean table reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from transforms.csv_text import place, records
from transforms.documents import DocumentError
from transforms.flex.csv_rows import DocumentRows, OpenStatement
from transforms.flex.flex_document import FlexDocument, SectionBatch
from transforms.statements.activity_facts import ActivityTable, load_activity_facts
from transforms.statements.activity_rows import Context, parse_period, shaped
from transforms.statements.instruments import Instruments
from transforms.statements.recogniser import ROW_KINDS
from transforms.statements.turned_rows import REPEATED, TurnedRows, add_cells

TOTAL = "Total"
"""Tag of a row that sums others up."""

_SUM = re.compile(r"(Total|Starting|Ending)\b")
_STATEMENT = "Statement"
_IN_ENGLISH = "set the language of Client Portal to English and download the statement again"
_AGAIN = "download the statement again and give it unchanged"


@dataclass
class _OpenTable:
    """The last header of a title, and what it says of the rows below."""

    table: ActivityTable
    headers: list[str]
    names: tuple[str, ...]
    unknown: tuple[str, ...]
    said: dict[str, str]
    block: int


def read_activity_statement(
    stream: BinaryIO,
    document_id: str,
    emit: Callable[[SectionBatch], None],
    batch_rows: int = 50_000,
) -> FlexDocument:
    """Read the Activity Statement in `stream` (twice: its list of instruments stands at the end of it).

    Batches and facts are those of `read_flex`. Raises DocumentError, with the line, for what is damaged or not in
    English. What was emitted must be thrown away then.
    """
    start = stream.tell()
    instruments = Instruments()
    instruments.take(records(stream))
    stream.seek(start)
    return _Reading(DocumentRows(document_id, emit, batch_rows), instruments).run(stream)


class _Reading:
    """One pass over a document."""

    def __init__(self, rows: DocumentRows, instruments: Instruments) -> None:
        self._rows = rows
        self._facts = load_activity_facts()
        self._instruments = instruments
        self._line = 0
        self._known_tables = 0
        self._cut_short = False
        self._begin()

    def _begin(self) -> None:
        self._context = Context(self._facts, self._instruments)
        self._own: OpenStatement | None = None
        self._by_account: dict[str, OpenStatement] = {}
        self._tables: dict[str, _OpenTable] = {}
        self._blocks: dict[tuple[str, str | None], int] = {}
        self._turned = TurnedRows()

    def run(self, stream: BinaryIO) -> FlexDocument:
        """Read to the end of the stream."""
        for line, cells in records(stream):
            self._line = line
            self._take(cells)
        if self._line == 0:
            self._fail("The document is empty", _AGAIN)
        if self._cut_short:
            self._fail("The document ends within a row, so it is truncated", _AGAIN)
        if not self._known_tables:
            self._fail("None of the statement's tables is known", _IN_ENGLISH)
        self._end_statement()
        return self._rows.finish()

    def _take(self, cells: list[str]) -> None:
        title, kind = cells[0].strip(), cells[1].strip() if len(cells) > 1 else ""
        if kind not in ROW_KINDS:
            self._fail(
                f"A record says {kind[:40]!r} where Header, Data, SubTotal or Total stands in an English statement",
                _IN_ENGLISH,
            )
        if kind == "Header":
            self._header(title, [cell.strip() for cell in cells[2:]])
            return
        open_table = self._tables.get(title)
        if open_table is None:
            self._fail(f"A row of {title[:60]!r} stands before its headers", _AGAIN)
        values = self._fitted(open_table, cells[2:], kind)
        if open_table.table.turned:
            self._turn(open_table, values)
        else:
            self._row(open_table, values, kind)

    def _header(self, title: str, headers: list[str]) -> None:
        if title == _STATEMENT:
            if headers[:1] != ["Field Name"]:
                found = headers[0] if headers else ""
                language = self._facts.languages.get(found)
                what = f"in {language}" if language else "not in English"
                self._fail(f"The statement is {what}: its first header is {found[:40]!r}", _IN_ENGLISH)
            if self._own is not None:
                self._end_statement()
                self._begin()
        table = self._facts.table(title, headers)
        self._known_tables += table.known
        block = self._blocks.get((title, table.has), 0) + 1
        self._blocks[title, table.has] = block
        names, unknown, said = ((), (), {}) if table.turned else table.names(headers)
        self._tables[title] = _OpenTable(table, headers, tuple(names), tuple(unknown), dict(said), block)
        self._rows.report(table.section, self._statement(), table.known, unknown if table.known else names)

    def _fitted(self, open_table: _OpenTable, cells: list[str], kind: str) -> list[str]:
        """As many cells as headers: sums leave blank ones out at the end, and some rows have blank ones too many."""
        width = len(open_table.headers)
        if any(cell.strip() for cell in cells[width:]):
            self._fail(
                f"A row of {open_table.table.title} has {len(cells)} cells under {width} headers", _AGAIN
            )
        self._cut_short = len(cells) < width and not self._is_sum(cells, kind)
        return [*cells[:width], *[""] * (width - len(cells))]

    def _is_sum(self, cells: list[str], kind: str) -> bool:
        return kind != "Data" or any(_SUM.match(cell.strip()) for cell in cells[:1])

    def _turn(self, open_table: _OpenTable, cells: list[str]) -> None:
        table = open_table.table
        key = ""
        if table.by is not None and table.by in open_table.headers:
            text = cells[open_table.headers.index(table.by)].strip()
            key = table.keys.get(text, text)
        row = self._turned.row(table, self._statement(), key, open_table.block)
        label = add_cells(row, table, open_table.headers, cells)
        value = cells[-1].strip()
        if table.section == _STATEMENT:
            self._statement_says(label, value)
        elif label == "Account" and table.element == "AccountInformation":
            self._named(value.split(" ")[0])
        elif label == "Base Currency":
            self._context.base_currency = value

    def _statement_says(self, label: str, value: str) -> None:
        statement = self._statement()
        if label == "WhenGenerated":
            statement.when_generated = value
        elif label == "Period":
            statement.period = value
            days = parse_period(value)
            if days is None:
                self._fail(f"The period {value[:60]!r} cannot be read", _IN_ENGLISH)
            self._context.start, self._context.end = days
            statement.from_date, statement.to_date = days[0].isoformat(), days[1].isoformat()

    def _row(self, open_table: _OpenTable, cells: list[str], kind: str) -> None:
        table = open_table.table
        row = dict(zip(open_table.names, (cell.strip() for cell in cells), strict=True))
        element = TOTAL
        if table.known and not self._is_sum(cells, kind):
            element = self._level(table, row)
            row = shaped(table, {**row, **table.set, **open_table.said}, self._context)
        elif not table.known:
            element = table.element
        named = table.known and element != TOTAL
        statement = self._statement(row.get("accountId", "") if named else "")
        self._rows.report(table.section, statement, table.known)
        self._rows.add(table.section, statement, element, list(row), list(row.values()))
        if statement.from_date is None and element != TOTAL:
            self._rows.see_day(statement, row.get("reportDate", ""), told=False)

    def _level(self, table: ActivityTable, row: dict[str, str]) -> str:
        """The tag of a row, by its DataDiscriminator where the table has one; sets its level of detail."""
        said = row.get("dataDiscriminator", "")
        if not table.levels or not said:
            return table.element
        if said not in table.levels:
            self._rows.note(
                f"{table.title} has rows of the unknown kind {said[:40]!r}: they are kept as text"
            )
            return said
        element, level = table.levels[said].split()
        row["levelOfDetail"] = level
        return element

    def _statement(self, account: str = "") -> OpenStatement:
        """The statement of a row's own account, or of the document's where the row names none."""
        if account in ("", "-") or (self._own is not None and self._own.account_id == account):
            if self._own is None:
                self._own = self._rows.open_statement(None)
            return self._own
        if self._own is None or self._own.account_id is None:
            self._named(account)
            return self._statement()
        if account not in self._by_account:
            other = self._rows.open_statement(account)
            other.from_date, other.to_date = self._own.from_date, self._own.to_date
            other.period, other.when_generated = self._own.period, self._own.when_generated
            self._by_account[account] = other
        return self._by_account[account]

    def _named(self, account: str) -> None:
        statement = self._statement()
        if statement.account_id is None:
            statement.account_id = account

    def _end_statement(self) -> None:
        """Give out the rows that were held."""
        for turned, stands in self._turned.take_all():
            table, row = turned.table, dict(turned.attributes)
            if turned.key:
                row = {table.key: turned.key, **row}
            row = shaped(table, row, self._context)
            self._rows.report(table.section, turned.statement, table.known, turned.unknown)
            element = table.element if stands else REPEATED
            self._rows.add(table.section, turned.statement, element, list(row), list(row.values()))
        if self._own is not None and self._own.account_id is None:
            self._rows.note(
                "Nothing names the account: download the statement with the section Account Information"
            )

    def _fail(self, what: str, todo: str) -> NoReturn:
        raise DocumentError(f"{what} ({place(self._line)}): {todo}", place(self._line))
