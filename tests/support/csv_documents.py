"""Flex CSV documents in their three framings, and what documents of any kind say after reading. No figures here."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from io import BytesIO, StringIO

import polars as pl

from orchestration.resources.raw_documents import DocumentFacts, read_document
from transforms.clean import CLEAN_TABLES, CleanContext, Cleaned

FRAMINGS = ("tables", "sections", "marked", "marked_sections")
TIMEZONE = "America/New_York"

Table = tuple[str, str, Sequence[str], Sequence[Sequence[str]]]
"""Code, label, headers, rows."""


def flex_csv(
    framing: str,
    tables: Sequence[Table],
    account: str = "U1",
    period: tuple[str, str] = ("20240101", "20240131"),
    checksums: Mapping[str, str] | None = None,
) -> bytes:
    """The tables in one framing: as they are, between BOS and EOS, with HEADER and DATA, or both."""
    text = StringIO()
    line = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
    framed, marked = "sections" in framing, "marked" in framing
    if framed:
        line(("BOF", account, "query", "1", *period, "20240201;060000", "100", "100"))
        line(("BOA", account))
    for code, label, headers, rows in tables:
        if framed:
            line(("BOS", code, label))
        line(("HEADER", code, *headers) if marked else headers)
        for row in rows:
            line(("DATA", code, *row) if marked else row)
        if framed:
            line(("EOS", code, str(len(rows)), (checksums or {}).get(code, "0")))
    if framed:
        line(("EOA", account))
        line(("EOF", account))
    return text.getvalue().encode()


def read(*documents: bytes) -> tuple[list[DocumentFacts], dict[str, pl.DataFrame]]:
    """What each document is, and the raw frames of all of them."""
    frames: dict[str, list[pl.DataFrame]] = defaultdict(list)
    facts = [
        read_document(
            BytesIO(document),
            "a.csv",
            sha256(document).hexdigest(),
            lambda batch: frames[batch.section].append(batch.frame),
            TIMEZONE,
        )
        for document in documents
    ]
    return facts, {section: pl.concat(parts, how="diagonal") for section, parts in frames.items()}


def clean_documents(*documents: bytes, tables: Iterable[str] | None = None) -> dict[str, Cleaned]:
    """The clean tables of documents of any kind."""
    _, frames = read(*documents)

    def scan(section: str) -> pl.LazyFrame | None:
        frame = frames.get(section)
        return None if frame is None else frame.lazy()

    return {name: CLEAN_TABLES[name].build(scan, CleanContext()) for name in tables or CLEAN_TABLES}


def total(rows: Sequence[Sequence[str]], column: int) -> str:
    """The exact sum of a column, as EOS writes it."""
    return f"{sum((Decimal(row[column]) for row in rows), Decimal(0)):f}"
