"""The values of the clean layer: what a builder is given and what it gives back. No reading and no rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from transforms.schemas import CONTRACTS, RAW_FACTS

RawSections = Callable[[str], pl.LazyFrame | None]
"""A section's name -> scan of its raw text frame over all documents, or None if no document ever had it.

Frames have `_document_id`, `_statement`, `_account_id`, `_row`, `_element`, `_parent` and every attribute
as text. `_statements` (one row per FlexStatement) and `_statement_sections` (one row per section of a
statement) are asked for in the same way.
"""

ISSUES: Final = RAW_FACTS["clean_issues"]


@dataclass(frozen=True)
class CleanContext:
    """What documents do not say: the zone of their clock times, the base currency where none is reported."""

    timezone: str = "America/New_York"
    base_currency: str | None = None


@dataclass(frozen=True)
class Cleaned:
    """A clean table in its contract's form, sorted by its key, the issues met while building it, and what later
    statements changed about earlier ones.
    """

    table: pl.DataFrame
    issues: pl.DataFrame
    restatements: pl.DataFrame = field(default_factory=RAW_FACTS["clean_restatements"].empty)


@dataclass(frozen=True)
class CleanTable:
    """A clean table's name, the raw sections it reads, and the builder that brings them into the contract's form."""

    name: str
    inputs: tuple[str, ...]
    builder: Callable[[RawSections, CleanContext], Cleaned]

    def build(self, raw: RawSections, context: CleanContext) -> Cleaned:
        """The table, held to its contract. Raises `ContractError` that names the rows which break it."""
        cleaned = self.builder(raw, context)
        CONTRACTS[self.name].validate(cleaned.table)
        return cleaned
