"""Reading a PortfolioAnalyst CSV as a stream into text columns per section. Nothing is typed or stored here."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Final

import polars as pl

from transforms.documents import DocumentError
from transforms.flex.flex_document import OWN_COLUMNS, SectionBatch
from transforms.portfolio_analyst.known_sections import INTRODUCTION, KEY_STATISTICS, META, raw_section

__all__ = ["PortfolioAnalystDocument", "analysis_period", "read_portfolio_analyst"]

MAX_SECTIONS: Final = 1_000
"""How many different sections a document may have (about 20 are known)."""

MAX_COLUMNS: Final = 2_000
"""How many columns a table may have (the widest known has 19)."""

TOTAL: Final = "Total"
"""What a row of sums has in its first cell."""

_AGAIN = "download the analysis again and give it unchanged, as the broker wrote it"
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
    *("november", "december"),
)
_DAY = re.compile(r"([A-Za-z]+) (\d{1,2}), (\d{4})", re.ASCII)


@dataclass(frozen=True)
class PortfolioAnalystDocument:
    """What an analysis held, besides its rows.

    `account_id` is `Consolidated` for several accounts. The period is None where the file's words for it cannot be
    read. `rows_read` and `columns`: per section, under its own name. `notes`: what was odd but readable.
    """

    account_id: str
    period_start: date | None
    period_end: date | None
    rows_read: dict[str, int]
    columns: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]


def read_portfolio_analyst(
    stream: BinaryIO, document_id: str, emit: Callable[[SectionBatch], None], batch_rows: int = 50_000
) -> PortfolioAnalystDocument:
    """Read the PortfolioAnalyst CSV in `stream` to its end; `emit` gets its rows in batches while it is read.

    A row is every line that is no header. A batch's frame has OWN_COLUMNS (`_row` counts from 0 in the document's
    section; `_statement` is 0 and `_parent` null) and a String column per cell, named by the header above the row: a
    section may have several headers. Cells without a name are `column_<n>` (from 1). `_element` tells the tables
    apart: it is the first column's name, `Total` for a row of sums, or the line's own kind if that is not Data. A
    line of the kind MetaInfo holds names and what they are: it makes rows of a section MetaInfo (Section, Name,
    Value).

    Raises DocumentError, with the line, for everything that is not such a document: then what was emitted must be
    thrown away.
    """
    return _Reading(document_id, emit, batch_rows).run(stream)


def analysis_period(text: str) -> tuple[date, date] | None:
    """First and last day in words such as `January 1, 2026 to July 17, 2026 (Daily)`; None without both."""
    days = []
    for month, day, year in _DAY.findall(text):
        if month.lower() not in _MONTHS:
            return None
        try:
            days.append(date(int(year), _MONTHS.index(month.lower()) + 1, int(day)))
        except ValueError:
            return None
    if len(days) == 1:
        days *= 2
    return (days[0], days[1]) if len(days) == 2 and days[0] <= days[1] else None


class _Section:
    """Rows of one section that wait to be emitted, and what is known of it."""

    def __init__(self) -> None:
        self.header: tuple[str, ...] | None = None
        self.columns: dict[str, None] = {}
        self.rows_read = 0
        self.waiting: list[dict[str, str | int | None]] = []


class _Reading:
    """One pass over a document."""

    def __init__(self, document_id: str, emit: Callable[[SectionBatch], None], batch_rows: int) -> None:
        self._document_id = document_id
        self._emit = emit
        self._batch_rows = batch_rows
        self._sections: dict[str, _Section] = {}
        self._account_id: str | None = None
        self._period: tuple[date, date] | None = None
        self._notes: list[str] = []

    def run(self, stream: BinaryIO) -> PortfolioAnalystDocument:
        """Read to the end of the stream."""
        for line, cells in _lines(stream):
            self._take(line, cells)
        if self._account_id is None:
            raise DocumentError(
                f"The document has no row in its section {INTRODUCTION}, which names the account: {_AGAIN}",
                "its end",
            )
        if self._period is None:
            self._notes.append("the analysis says no period that can be read, so it is compared with nothing")
        for name, section in self._sections.items():
            self._emit_rows(name, section)
        start, end = self._period or (None, None)
        return PortfolioAnalystDocument(
            self._account_id,
            start,
            end,
            {name: section.rows_read for name, section in self._sections.items()},
            {name: tuple(section.columns) for name, section in self._sections.items()},
            tuple(self._notes),
        )

    def _take(self, line: int, cells: list[str]) -> None:
        """Take one line of the file: a header, or a row."""
        place = f"line {line}"
        name, kind = cells[0].strip(), cells[1].strip() if len(cells) > 1 else ""
        if not name or not kind:
            raise DocumentError(
                f"The line {line} does not begin with a section and a kind of line, as in `Section,Data,…`: {_AGAIN}",
                place,
            )
        if len(self._sections) > MAX_SECTIONS or len(cells) > MAX_COLUMNS:
            raise DocumentError(f"The document has too many sections or columns at {place}: {_AGAIN}", place)
        if kind == META:
            self._add_meta(name, cells[2:])
            return
        section = self._sections.setdefault(name, _Section())
        if kind == "Header":
            section.header = _names(cells[2:])
            section.columns.update(dict.fromkeys(section.header))
        elif section.header is None:
            raise DocumentError(
                f"The section {name[:80]} has a row at {place} before any header, so its cells have no names: {_AGAIN}",
                place,
            )
        else:
            self._add_data(name, section, cells[2:], kind)

    def _add_meta(self, name: str, cells: list[str]) -> None:
        section = self._sections.setdefault(META, _Section())
        for told, value in _pairs(cells):
            self._add(META, section, {"Section": name, "Name": told, "Value": value}, META)
            if name == KEY_STATISTICS and told == "Analysis Period":
                self._period = self._period or analysis_period(value)

    def _add_data(self, name: str, section: _Section, cells: list[str], kind: str) -> None:
        header = section.header or ()
        names = _names([*header, *[""] * (len(cells) - len(header))])
        values = dict(zip(names, cells, strict=False))
        first = cells[0].strip() if cells else ""
        element = kind if kind != "Data" else TOTAL if first == TOTAL else (header or ("",))[0]
        self._add(name, section, values, element)

    def _add(self, name: str, section: _Section, values: dict[str, str], element: str) -> None:
        section.columns.update(dict.fromkeys(values))
        if name == INTRODUCTION:
            self._introduce(values)
        own: dict[str, str | int | None] = {
            "_document_id": self._document_id,
            "_statement": 0,
            "_row": section.rows_read,
            "_element": element,
        }
        section.waiting.append({**values, **own})
        section.rows_read += 1
        if len(section.waiting) >= self._batch_rows:
            self._emit_rows(name, section)

    def _introduce(self, values: dict[str, str]) -> None:
        """Learn account and period; a second account is noted, because one file is one analysis."""
        self._period = self._period or analysis_period(values.get("AnalysisPeriod", ""))
        account = values.get("Account", "").strip()
        if not account:
            return
        if self._account_id not in (None, account):
            self._notes.append(f"the introduction names {account[:40]} too: the first account counts")
        self._account_id = self._account_id or account

    def _emit_rows(self, name: str, section: _Section) -> None:
        """Emit what waits. The account stands in every row but those of batches before the introduction."""
        if not section.waiting:
            return
        own = dict(OWN_COLUMNS)
        attributes = [column for column in section.columns if column not in own]
        schema = {**own, **dict.fromkeys(attributes, pl.String())}
        frame = pl.DataFrame(section.waiting, schema=schema, orient="row")
        frame = frame.with_columns(_account_id=pl.lit(self._account_id, dtype=pl.String))
        self._emit(SectionBatch(raw_section(name), frame))
        section.waiting = []


def _lines(stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """The lines of the file that hold anything, cut into cells, with their numbers from 1."""
    beginning = stream.read(2)
    stream.seek(0)
    utf16 = beginning in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = io.TextIOWrapper(stream, encoding="utf-16" if utf16 else "utf-8-sig", newline="")
    reader = csv.reader(text, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except (csv.Error, UnicodeError) as error:
        place = f"line {reader.line_num + 1}"
        what = "holds bytes that are not UTF-8" if isinstance(error, UnicodeError) else f"is no CSV ({error})"
        raise DocumentError(f"The document {what} at about {place}: {_AGAIN}", place) from error
    finally:
        text.detach()


def _names(cells: list[str]) -> tuple[str, ...]:
    """A header's names, each once: blank ones are numbered by their place, doubled ones by their occurrence."""
    names: dict[str, None] = {}
    for number, cell in enumerate(cells, start=1):
        name = _free(cell, number)
        occurrence = 1
        while name in names:
            occurrence += 1
            name = f"{_free(cell, number)} ({occurrence})"
        names[name] = None
    return tuple(names)


def _free(cell: str, number: int) -> str:
    """A cell as a name; its place where it is blank or a name that the frame needs for itself."""
    name = cell.strip()
    return f"column_{number}" if not name or name in OWN_COLUMNS else name


def _pairs(cells: list[str]) -> Iterator[tuple[str, str]]:
    """Names and values of a MetaInfo line; a lone name has a blank value."""
    for number in range(0, len(cells), 2):
        yield _free(cells[number], number + 1), cells[number + 1] if number + 1 < len(cells) else ""
