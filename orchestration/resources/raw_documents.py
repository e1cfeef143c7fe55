"""Reading one document of any kind into raw rows: recognise it, hand it to its reader, add the facts about it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, TypeVar

import polars as pl

from transforms.documents import HEAD_BYTES, DocumentKind, recognise
from transforms.flex.csv_reader import read_flex_csv
from transforms.flex.reader import FlexDocument, SectionBatch, read_flex
from transforms.flex.values import parse_date, parse_datetime
from transforms.portfolio_analyst.known_sections import KNOWN, raw_section, unknown_columns
from transforms.portfolio_analyst.reader import PortfolioAnalystDocument, read_portfolio_analyst
from transforms.statements.activity_reader import read_activity_statement
from transforms.tws import known_sections as tws
from transforms.tws.reader import TwsDocument, read_tws

Emit = Callable[[SectionBatch], None]
T = TypeVar("T")


@dataclass(frozen=True)
class DocumentFacts:
    """What is known of a document once it was read. Dates and instants as ISO text."""

    kind: str
    query_name: str | None
    accounts: tuple[str, ...]
    period_start_date: str | None
    period_end_date: str | None
    when_generated_at: str | None
    note: str | None
    news: tuple[str, ...] = ()
    """Executions and commissions that TWS told, by id; whether another document told them before is not known here."""


def read_document(
    stream: BinaryIO, file_name: str, document_id: str, emit: Emit, timezone: str
) -> DocumentFacts:
    """Read a document; `emit` gets its rows. After a DocumentError what was emitted must be dropped."""
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    recognised = recognise(head, file_name)
    return READERS[recognised.kind](stream, document_id, emit, timezone)


def _read_flex(stream: BinaryIO, document_id: str, emit: Emit, timezone: str) -> DocumentFacts:
    return _facts("flex_xml", read_flex(stream, document_id, emit), document_id, emit, timezone)


def _read_flex_csv(stream: BinaryIO, document_id: str, emit: Emit, timezone: str) -> DocumentFacts:
    return _facts("flex_csv", read_flex_csv(stream, document_id, emit), document_id, emit, timezone)


def _read_activity_statement(stream: BinaryIO, document_id: str, emit: Emit, timezone: str) -> DocumentFacts:
    document = read_activity_statement(stream, document_id, emit)
    return _facts("activity_statement_csv", document, document_id, emit, timezone)


def _facts(
    kind: DocumentKind, document: FlexDocument, document_id: str, emit: Emit, timezone: str
) -> DocumentFacts:
    """Emit what the document says of its statements and sections, and sum it up."""
    for section, frame in (
        ("_statements", _statements(document, document_id, kind)),
        ("_statement_sections", _statement_sections(document, document_id)),
        ("_document_sections", _document_sections(document, document_id)),
    ):
        if frame.height:
            emit(SectionBatch(section, frame))
    notes = list(document.notes)
    starts = _values((s.from_date for s in document.statements), parse_date, notes)
    ends = _values((s.to_date for s in document.statements), parse_date, notes)
    generated = _values(
        (s.when_generated for s in document.statements), lambda text: parse_datetime(text, timezone), notes
    )
    return DocumentFacts(
        kind=kind,
        query_name=document.query_name or None,
        accounts=tuple(sorted({s.account_id for s in document.statements if s.account_id})),
        period_start_date=min(starts).isoformat() if starts else None,
        period_end_date=max(ends).isoformat() if ends else None,
        when_generated_at=max(generated).isoformat() if generated else None,
        note="; ".join(notes) or None,
    )


def _read_portfolio_analyst(stream: BinaryIO, document_id: str, emit: Emit, timezone: str) -> DocumentFacts:
    """An analysis is no statement: it says nothing about what happened, so it has no row in `_statements`."""
    document = read_portfolio_analyst(stream, document_id, emit)
    emit(SectionBatch("_document_sections", _analysis_sections(document, document_id)))
    start, end = document.period_start, document.period_end
    return DocumentFacts(
        kind="portfolio_analyst_csv",
        query_name=None,
        accounts=(document.account_id,),
        period_start_date=start.isoformat() if start else None,
        period_end_date=end.isoformat() if end else None,
        when_generated_at=None,
        note="; ".join(document.notes) or None,
    )


def _read_tws(stream: BinaryIO, document_id: str, emit: Emit, timezone: str) -> DocumentFacts:
    """What TWS told is no statement: it covers no day, so it has no row in `_statements`."""
    document = read_tws(stream, document_id, emit)
    emit(SectionBatch("_document_sections", _tws_sections(document, document_id)))
    return DocumentFacts(
        kind="tws_snapshot",
        query_name=None,
        accounts=document.accounts,
        period_start_date=None,
        period_end_date=None,
        when_generated_at=datetime.fromisoformat(document.taken_at).astimezone(UTC).isoformat(),
        note=None,
        news=document.news,
    )


# Another kind of document plugs in here, beside its recogniser in `transforms.documents`.
READERS: dict[str, Callable[[BinaryIO, str, Emit, str], DocumentFacts]] = {
    "flex_xml": _read_flex,
    "flex_csv": _read_flex_csv,
    "activity_statement_csv": _read_activity_statement,
    "portfolio_analyst_csv": _read_portfolio_analyst,
    "tws_snapshot": _read_tws,
}


def _values(texts: Iterable[str | None], parse: Callable[[str], T | None], notes: list[str]) -> list[T]:
    """What the texts mean; one that means nothing is noted, because the rows of the document are still good."""
    values = []
    for text in texts:
        try:
            value = parse(text) if text else None
        except ValueError as error:
            notes.append(f"The statement says {text[:40]!r}, {error}")
        else:
            if value is not None:
                values.append(value)
    return values


def _statements(document: FlexDocument, document_id: str, kind: DocumentKind) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (document_id, s.index, s.account_id, s.from_date, s.to_date, s.period, s.when_generated, kind)
            for s in document.statements
        ],
        schema={
            "_document_id": pl.String,
            "_statement": pl.Int32,
            "_account_id": pl.String,
            "fromDate": pl.String,
            "toDate": pl.String,
            "period": pl.String,
            "whenGenerated": pl.String,
            "kind": pl.String,
        },
        orient="row",
    )


def _statement_sections(document: FlexDocument, document_id: str) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (document_id, statement, section, rows)
            for (statement, section), rows in document.statement_rows.items()
        ],
        schema={"_document_id": pl.String, "_statement": pl.Int32, "section": pl.String, "rows": pl.Int32},
        orient="row",
    )


def _document_sections(document: FlexDocument, document_id: str) -> pl.DataFrame:
    rows = []
    for section, count in document.rows_read.items():
        unknown = document.unknown_attributes.get(section, ())
        rows.append(
            (
                document_id,
                section,
                count,
                len(unknown),
                ", ".join(unknown),
                section not in document.unknown_sections,
            )
        )
    return pl.DataFrame(rows, schema=_DOCUMENT_SECTIONS, orient="row")


def _analysis_sections(document: PortfolioAnalystDocument, document_id: str) -> pl.DataFrame:
    rows = []
    for section, count in document.rows_read.items():
        unknown = unknown_columns(section, document.columns[section])
        named = ", ".join(unknown)
        rows.append((document_id, raw_section(section), count, len(unknown), named, section in KNOWN))
    return pl.DataFrame(rows, schema=_DOCUMENT_SECTIONS, orient="row")


def _tws_sections(document: TwsDocument, document_id: str) -> pl.DataFrame:
    rows = []
    for section, count in document.rows_read.items():
        unknown = tws.unknown_attributes(section, document.attributes[section])
        named = ", ".join(unknown)
        known = section in tws.KNOWN
        rows.append((document_id, tws.raw_section(section), count, len(unknown), named, known))
    return pl.DataFrame(rows, schema=_DOCUMENT_SECTIONS, orient="row")


_DOCUMENT_SECTIONS: dict[str, type[pl.DataType]] = {
    "_document_id": pl.String,
    "section": pl.String,
    "rows_read": pl.Int32,
    "unknown_columns": pl.Int32,
    "unknown_column_names": pl.String,
    "known_section": pl.Boolean,
}
