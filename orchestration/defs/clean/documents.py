"""The clean tables about the documents themselves: what came in, and what each section of it held."""

import dagster as dg
import polars as pl

from orchestration.defs.raw.documents import DOCUMENTS
from orchestration.keys import CLEAN, OWNERS
from orchestration.resources.dagster_resources import DataResource
from orchestration.resources.raw_manifest import Receipt
from transforms.clean import CLEAN_TABLES

_DOCUMENTS_SCHEMA = {
    "document_id": pl.String,
    "receipt_ordinal": pl.Int32,
    "file_name": pl.String,
    "kind": pl.String,
    "query_name": pl.String,
    "accounts": pl.String,
    "period_start_date": pl.Date,
    "period_end_date": pl.Date,
    "when_generated_at": pl.Datetime("us", "UTC"),
    "received_at": pl.Datetime("us", "UTC"),
    "size_bytes": pl.Int64,
    "status": pl.String,
    "reason": pl.String,
}
_SECTIONS_SCHEMA = {
    "document_id": pl.String,
    "section": pl.String,
    "rows_read": pl.Int32,
    "unknown_columns": pl.Int32,
    "unknown_column_names": pl.String,
    "known_section": pl.Boolean,
    "has_clean_table": pl.Boolean,
}


@dg.asset(
    key=[CLEAN, "documents"],
    deps=[DOCUMENTS],
    group_name=CLEAN,
    owners=OWNERS,
    kinds={"polars", "parquet"},
    description="One row per arrival of a document, with what became of it.",
)
def clean_documents(data: DataResource) -> dg.MaterializeResult:
    """Write the receipts as a table."""
    table = documents_table(data.raw.manifest().receipts)
    data.clean.write("documents", table)
    return dg.MaterializeResult(metadata={"dagster/row_count": table.height})


@dg.asset(
    key=[CLEAN, "document_sections"],
    deps=[DOCUMENTS],
    group_name=CLEAN,
    owners=OWNERS,
    kinds={"polars", "parquet"},
    description="One row per document and section: how many rows were read, which attributes nobody knew.",
)
def clean_document_sections(data: DataResource) -> dg.MaterializeResult:
    """Write the sections' counts as a table."""
    table = document_sections_table(data.raw.scan("_document_sections"))
    data.clean.write("document_sections", table)
    return dg.MaterializeResult(metadata={"dagster/row_count": table.height})


def documents_table(receipts: tuple[Receipt, ...]) -> pl.DataFrame:
    """The receipts as a table, in the order of their ids."""
    rows = [
        {**{name: getattr(r, name) for name in _DOCUMENTS_SCHEMA}, "accounts": ", ".join(r.accounts)} for r in receipts
    ]
    text = pl.DataFrame(rows, schema=dict.fromkeys(_DOCUMENTS_SCHEMA, pl.String), strict=False)
    return text.select(_typed(name, kind) for name, kind in _DOCUMENTS_SCHEMA.items()).sort(
        "document_id", "receipt_ordinal"
    )


def _typed(name: str, kind: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """A receipt's ISO text as what it means."""
    if isinstance(kind, pl.Datetime):
        return pl.col(name).str.to_datetime(time_unit="us", time_zone="UTC")
    return pl.col(name).str.to_date() if kind == pl.Date else pl.col(name).cast(kind)


def document_sections_table(raw: pl.LazyFrame | None) -> pl.DataFrame:
    """The counts of each document's sections, in the order of their ids."""
    if raw is None:
        return pl.DataFrame(schema=_SECTIONS_SCHEMA)
    covered = {section for table in CLEAN_TABLES.values() for section in table.inputs if not section.startswith("_")}
    return (
        raw.rename({"_document_id": "document_id"})
        .with_columns(has_clean_table=pl.col("section").is_in(covered))
        .select(pl.col(name).cast(kind) for name, kind in _SECTIONS_SCHEMA.items())
        .sort("document_id", "section")
        .collect()
    )
