"""Reading one document of any kind into raw rows: recognise it, hand it to its reader, add the facts about it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from transforms.documents import HEAD_BYTES, recognise
from transforms.flex.reader import FlexDocument, SectionBatch, read_flex
from transforms.flex.registry import load_registry
from transforms.flex.values import parse_date, parse_datetime

Emit = Callable[[SectionBatch], None]


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


def read_document(stream: BinaryIO, file_name: str, document_id: str, emit: Emit, timezone: str) -> DocumentFacts:
    """Read a document; `emit` gets its rows and the pseudo sections. Raises DocumentError: then drop what was emitted."""
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    recognised = recognise(head, file_name)
    return READERS[recognised.kind](stream, document_id, emit, timezone)


def _read_flex(stream: BinaryIO, document_id: str, emit: Emit, timezone: str) -> DocumentFacts:
    document = read_flex(stream, document_id, emit)
    for section, frame in (
        ("_statements", _statements(document, document_id)),
        ("_statement_sections", _statement_sections(document, document_id)),
        ("_document_sections", _document_sections(document, document_id)),
    ):
        if frame.height:
            emit(SectionBatch(section, frame))
    starts = [d for s in document.statements if (d := parse_date(s.from_date))]
    ends = [d for s in document.statements if (d := parse_date(s.to_date))]
    generated = [t for s in document.statements if (t := parse_datetime(s.when_generated, timezone))]
    return DocumentFacts(
        kind="flex_xml",
        query_name=document.query_name or None,
        accounts=tuple(sorted({s.account_id for s in document.statements if s.account_id})),
        period_start_date=min(starts).isoformat() if starts else None,
        period_end_date=max(ends).isoformat() if ends else None,
        when_generated_at=max(generated).isoformat() if generated else None,
        note="; ".join(document.notes) or None,
    )


# Another kind of document plugs in here, beside its recogniser in `transforms.documents`.
READERS: dict[str, Callable[[BinaryIO, str, Emit, str], DocumentFacts]] = {"flex_xml": _read_flex}


def _statements(document: FlexDocument, document_id: str) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (document_id, s.index, s.account_id, s.from_date, s.to_date, s.period, s.when_generated)
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
        },
        orient="row",
    )


def _statement_sections(document: FlexDocument, document_id: str) -> pl.DataFrame:
    return pl.DataFrame(
        [(document_id, statement, section, rows) for (statement, section), rows in document.statement_rows.items()],
        schema={"_document_id": pl.String, "_statement": pl.Int32, "section": pl.String, "rows": pl.Int32},
        orient="row",
    )


def _document_sections(document: FlexDocument, document_id: str) -> pl.DataFrame:
    known = load_registry().known_sections
    rows = []
    for section, count in document.rows_read.items():
        unknown = document.unknown_attributes.get(section, ())
        rows.append((document_id, section, count, len(unknown), ", ".join(unknown), section in known))
    return pl.DataFrame(
        rows,
        schema={
            "_document_id": pl.String,
            "section": pl.String,
            "rows_read": pl.Int32,
            "unknown_columns": pl.Int32,
            "unknown_column_names": pl.String,
            "known_section": pl.Boolean,
        },
        orient="row",
    )
