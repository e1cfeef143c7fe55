"""The values that reading a Flex document yields, and the limits put on one. No reading here."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

OWN_COLUMNS: dict[str, pl.DataType] = {
    "_document_id": pl.String(),
    "_statement": pl.Int32(),
    "_account_id": pl.String(),
    "_row": pl.Int32(),
    "_element": pl.String(),
    "_parent": pl.Int32(),
}
"""Columns that every batch begins with; all the others are attributes as text (and `_text`, where a row has
any)."""

TEXT_COLUMN = "_text"

MAX_TOKEN_BYTES = 1 << 20
"""The longest single tag, comment or reference that is read (a real row of 150 attributes has 5 KB)."""

MAX_TEXT_CHARACTERS = 1 << 20
"""The longest character data inside one element (no real document has any)."""

MAX_DEPTH = 32
"""How deep elements may nest (real rows stand at depth 5 or 6)."""

MAX_ATTRIBUTES = 2_000
"""How many different attributes one section may have (the widest real one has about 250)."""

MAX_SECTIONS = 1_000
"""How many different sections a document may have (55 are known)."""

MAX_BATCH_CELLS = 8_000_000
"""A batch is emitted early when rows × columns reach this, so that rows of few attributes each cannot
swell."""


@dataclass(frozen=True)
class SectionBatch:
    """Rows of one section: `section` is the container's tag, `frame` has OWN_COLUMNS and a column per
    attribute."""

    section: str
    frame: pl.DataFrame


@dataclass(frozen=True)
class Statement:
    """One FlexStatement element, its attributes as written; `index` counts from 0 in the document."""

    index: int
    account_id: str | None
    from_date: str | None
    to_date: str | None
    period: str | None
    when_generated: str | None


@dataclass(frozen=True)
class FlexDocument:
    """What a document held, besides its rows.

    `rows_read`: rows per section that occurs, 0 for an empty one. `statement_rows`: the same per (statement,
    section), so that a section that a statement reports empty can be told from one that it does not report.
    `unknown_attributes`: per section, those the registry does not know. `notes`: what was odd but readable,
    one sentence each.
    """

    query_name: str | None
    query_type: str | None
    statements: tuple[Statement, ...]
    rows_read: dict[str, int]
    statement_rows: dict[tuple[int, str], int]
    unknown_attributes: dict[str, tuple[str, ...]]
    unknown_sections: tuple[str, ...]
    notes: tuple[str, ...]
