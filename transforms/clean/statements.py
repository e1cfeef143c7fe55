"""Builders of statements and statement_sections, and who reports a section. No section's rows here."""

from __future__ import annotations

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.raw_rows import FACT_COLUMNS, all_issues, blank_to_null, issue_frame, statement_facts
from transforms.schemas.reference import STATEMENT_SECTIONS, STATEMENTS


def build_statements(raw: RawSections, context: CleanContext) -> Cleaned:
    """Every FlexStatement with its account, period and the instant it was generated."""
    facts = statement_facts(raw, context)
    table = facts.select(**_NAMES, period="period", kind="kind", detail_rank="_rank")
    table = table.sort(STATEMENTS.key).rechunk()
    return Cleaned(table, all_issues(_date_issues(facts)))


def build_statement_sections(raw: RawSections, context: CleanContext) -> Cleaned:
    """Every section of every FlexStatement, the empty ones too."""
    table = (
        _sections(raw)
        .join(statement_facts(raw, context), on=["_document_id", "_statement"], how="inner")
        .select(**{**_NAMES, "section": "section", "rows": "rows"})
        .select(STATEMENT_SECTIONS.columns)
        .sort(STATEMENT_SECTIONS.key)
        .rechunk()
    )
    return Cleaned(table, all_issues([]))


def section_versions(raw: RawSections, context: CleanContext, section: str) -> pl.DataFrame:
    """The statements that report a section, empty or not: `account_id`, `_rank`, FACT_COLUMNS and the `rows`."""
    facts = statement_facts(raw, context).with_columns(account_id=pl.col("_account_id"))
    reporting = _sections(raw).filter(pl.col("section") == section)
    return facts.join(reporting, on=["_document_id", "_statement"], how="inner").select(
        "account_id", "_rank", *FACT_COLUMNS, "rows"
    )


_NAMES = {
    "document_id": "_document_id",
    "statement": "_statement",
    "account_id": "_account_id",
    "period_start_date": "_period_start",
    "period_end_date": "_period_end",
    "when_generated_at": "_generated_at",
}


def _sections(raw: RawSections) -> pl.DataFrame:
    scan = raw("_statement_sections")
    if scan is None:
        schema = {"_document_id": pl.String, "_statement": pl.Int32, "section": pl.String, "rows": pl.Int32}
        return pl.DataFrame(schema=schema)
    rows = scan.select(
        "_document_id",
        pl.col("_statement").cast(pl.Int32),
        pl.col("section").pipe(blank_to_null),
        pl.col("rows").cast(pl.Int32),
    )
    return rows.collect().group_by("_document_id", "_statement", "section").agg(pl.col("rows").max())


def _date_issues(facts: pl.DataFrame) -> list[pl.DataFrame]:
    """Attributes of a FlexStatement that say something which is no date."""
    rows = facts.with_columns(_row=pl.col("_statement"))
    return [
        issue_frame(
            rows.filter(pl.col(attribute).is_not_null() & pl.col(fact).is_null()),
            "FlexStatement",
            column=attribute,
            value=attribute,
            problem=f"the statement's {attribute} cannot be read: the statement counts as the oldest"
            if attribute == "whenGenerated"
            else f"the statement's {attribute} cannot be read",
            severity="error",
        )
        for attribute, fact in (
            ("fromDate", "_period_start"),
            ("toDate", "_period_end"),
            ("whenGenerated", "_generated_at"),
        )
    ]
