"""The clean tables about the documents themselves: what came in, and what each section of it held."""

import dagster as dg
import polars as pl

from orchestration.defs.clean.contract_metadata import contract_metadata
from orchestration.defs.raw.documents import DOCUMENTS
from orchestration.keys import CLEAN, OWNERS
from orchestration.resources.dagster_resources import DataResource
from orchestration.resources.raw_manifest import Receipt
from transforms.clean import CLEAN_TABLES
from transforms.schemas import RAW_FACTS

_DOCUMENTS = RAW_FACTS["documents"]
_SECTIONS = RAW_FACTS["document_sections"]


@dg.asset(
    key=[CLEAN, "documents"],
    deps=[DOCUMENTS],
    group_name=CLEAN,
    owners=OWNERS,
    kinds={"polars", "parquet"},
    description=_DOCUMENTS.description,
    metadata=contract_metadata(_DOCUMENTS),
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
    description=_SECTIONS.description,
    metadata=contract_metadata(_SECTIONS),
)
def clean_document_sections(data: DataResource) -> dg.MaterializeResult:
    """Write the sections' counts as a table."""
    table = document_sections_table(data.raw.scan("_document_sections"))
    data.clean.write("document_sections", table)
    return dg.MaterializeResult(metadata={"dagster/row_count": table.height})


def documents_table(receipts: tuple[Receipt, ...]) -> pl.DataFrame:
    """The receipts as a table, in the order of its key."""
    rows = [
        {**{name: getattr(r, name) for name in _DOCUMENTS.columns}, "accounts": ", ".join(r.accounts)}
        for r in receipts
    ]
    text = pl.DataFrame(rows, schema=dict.fromkeys(_DOCUMENTS.columns, pl.String), strict=False)
    typed = text.select(_typed(name, kind) for name, kind in _DOCUMENTS.polars_schema.items())
    return _DOCUMENTS.validate(typed.sort(_DOCUMENTS.key))


def document_sections_table(raw: pl.LazyFrame | None) -> pl.DataFrame:
    """The counts of each document's sections, in the order of its key."""
    if raw is None:
        return _SECTIONS.empty()
    covered = {
        section for table in CLEAN_TABLES.values() for section in table.inputs if not section.startswith("_")
    }
    table = (
        raw.rename({"_document_id": "document_id"})
        .with_columns(has_clean_table=pl.col("section").is_in(covered))
        .select(pl.col(name).cast(kind) for name, kind in _SECTIONS.polars_schema.items())
        .sort(_SECTIONS.key)
        .collect()
    )
    return _SECTIONS.validate(table)


def _typed(name: str, kind: pl.DataType) -> pl.Expr:
    """A receipt's ISO text as what it means."""
    if isinstance(kind, pl.Datetime):
        return pl.col(name).str.to_datetime(time_unit="us", time_zone="UTC")
    return pl.col(name).str.to_date() if kind == pl.Date else pl.col(name).cast(kind)
