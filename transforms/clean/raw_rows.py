"""Reading raw sections: statement facts, accounts, typing by contract. No choice between rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from transforms.clean.model import ISSUES, CleanContext, RawSections
from transforms.clean.rules import DETAIL_RANKS, UNKNOWN_RANK
from transforms.flex.registry import AttributeKind
from transforms.flex.scalars import ROUNDED
from transforms.flex.values import date_expr, datetime_expr, typed
from transforms.schemas import LINEAGE, Field, TableContract

OWN: Final = ("_document_id", "_statement", "_account_id", "_row", "_element")
NOTHING: Final = ("", "--", "N/A")
"""What the broker writes where it has no value."""
FACT_COLUMNS: Final = ("_version", "_period_start", "_period_end")
_UNKNOWN_VERSION: Final = -1
_KIND_UNSAID: Final = "flex_xml"
_DATE_ALONE: Final = r"^(\d{8}|\d{4}-\d\d-\d\d|\d\d/\d\d/(\d{4}|\d\d)|\d\d-[A-Za-z]{3}-(\d{4}|\d\d))$"
_VALUE_KINDS: Final[dict[str, AttributeKind]] = {
    "date": AttributeKind.DATE,
    "instant": AttributeKind.DATETIME,
    "exact": AttributeKind.DECIMAL,
    "boolean": AttributeKind.BOOLEAN,
    "conid": AttributeKind.INTEGER,
    "integer": AttributeKind.INTEGER,
    "long": AttributeKind.INTEGER,
}


@dataclass(frozen=True)
class Typed:
    """Rows with a contract's fields typed beside their own columns, and the cells that could not be typed."""

    rows: pl.DataFrame
    issues: pl.DataFrame


def issue_frame(
    rows: pl.DataFrame, section: str, *, column: str, problem: str, severity: str, value: str | None = None
) -> pl.DataFrame:
    """One issue per given row (columns `_document_id`, `_row`; `value` names a text column of the rows)."""
    return rows.select(
        document_id=pl.col("_document_id"),
        section=pl.lit(section),
        row_ordinal=pl.col("_row").cast(pl.Int32),
        column=pl.lit(column, dtype=pl.String),
        value=pl.col(value).cast(pl.String) if value else pl.lit(None, dtype=pl.String),
        problem=pl.lit(problem),
        severity=pl.lit(severity),
    )


def all_issues(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The issues together, each once, in a fixed order."""
    together = pl.concat([ISSUES.empty(), *parts], how="vertical")
    return together.unique().sort(
        ["document_id", "section", "row_ordinal", "column", "problem", "value", "severity"]
    )


def attributes_of(contract: TableContract) -> tuple[str, ...]:
    """Raw attributes that a contract's fields are read from, each once."""
    return tuple(dict.fromkeys(name for field in contract.fields for name in field.source))


def statement_facts(raw: RawSections, context: CleanContext) -> pl.DataFrame:
    """One row per FlexStatement: account, period, when generated, `_rank`, and `_version`, its order by age.

    `_rank` is the detail of the document's kind (0 the finest). `_version` counts up from coarse to fine, within a
    rank by whenGenerated (a statement without one is the oldest), then document id, then the statement's ordinal:
    the larger is the newer, or the finer.
    """
    texts = ("_account_id", "fromDate", "toDate", "whenGenerated", "period", "kind")
    scan = raw("_statements")
    if scan is None:
        schema = {"_document_id": pl.String, "_statement": pl.Int32, **dict.fromkeys(texts, pl.String)}
        rows = pl.DataFrame(schema=schema)
    else:
        rows = (
            _with_columns(scan, texts)
            .select("_document_id", pl.col("_statement").cast(pl.Int32), *texts)
            .collect()
        )
    return (
        rows.unique(["_document_id", "_statement"], keep="first", maintain_order=True)
        .with_columns(pl.col(texts).pipe(blank_to_null))
        .with_columns(
            _period_start=date_expr("fromDate"),
            _period_end=date_expr("toDate"),
            _generated_at=generated_at("whenGenerated", context.timezone),
            kind=pl.col("kind").fill_null(_KIND_UNSAID),
        )
        .with_columns(
            _rank=pl.col("kind").replace_strict(DETAIL_RANKS, default=UNKNOWN_RANK, return_dtype=pl.Int32)
        )
        .sort(
            ["_rank", "_generated_at", "_document_id", "_statement"],
            descending=[True, False, False, False],
            nulls_last=False,
        )
        .with_columns(_version=pl.int_range(pl.len(), dtype=pl.Int32))
    )


def generated_at(column: str, timezone: str) -> pl.Expr:
    """The instant a statement was generated; a clock time that happened twice is taken as the earlier one."""
    clock = datetime_expr(column, "UTC").dt.replace_time_zone(None)
    earlier = clock.dt.replace_time_zone(
        timezone, ambiguous="earliest", non_existent="null"
    ).dt.convert_time_zone("UTC")
    return pl.coalesce(datetime_expr(column, timezone), earlier)


def section_rows(
    raw: RawSections, section: str, elements: Sequence[str], attributes: Iterable[str], facts: pl.DataFrame
) -> pl.LazyFrame | None:
    """A section's rows of the given elements with the attributes and their statement's facts.

    Adds `account_id` (the row's own, or the statement's where the row has none), `_consolidated` (the row
    stands for several accounts, accountId="-"), `_model` (the model portfolio, "" for the whole account)
    and FACT_COLUMNS.
    """
    scan = raw(section)
    if scan is None:
        return None
    wanted = tuple(dict.fromkeys((*attributes, "accountId", "model")))
    account = pl.col("accountId").str.strip_chars()
    own_account = pl.when(account.is_in(["", "-"])).then(None).otherwise(account)
    return (
        _with_columns(scan, wanted)
        .filter(pl.col("_element").is_in(list(elements)))
        .select(*OWN, *wanted)
        .with_columns(pl.col("_statement").cast(pl.Int32))
        .join(
            facts.lazy().select("_document_id", "_statement", *FACT_COLUMNS),
            on=["_document_id", "_statement"],
            how="left",
        )
        .with_columns(
            account_id=pl.coalesce(own_account, pl.col("_account_id").pipe(blank_to_null)),
            _consolidated=(account == "-").fill_null(False),
            _version=pl.col("_version").fill_null(_UNKNOWN_VERSION),
            _model=pl.col("model").str.strip_chars().fill_null(""),
        )
    )


def typed_rows(
    rows: pl.DataFrame,
    contract: TableContract,
    section: str,
    context: CleanContext,
    keep: Mapping[str, str] | None = None,
) -> Typed:
    """Type each field of the contract that has a source; the first attribute with a value wins.

    Own columns (those that begin with `_`, and account_id) stay; `keep` names further columns and the
    attributes whose text they take. A cell that cannot be typed is null and an issue.
    """
    fields = [field for field in contract.fields if field.source]
    cells: dict[str, pl.Expr] = {}
    kinds: dict[str, AttributeKind] = {}
    attribute_of: dict[str, str] = {}
    for field in fields:
        for attribute in field.source:
            cell = f"{field.name}<{attribute}"
            cells[cell] = _text_cell(field, attribute)
            attribute_of[cell] = attribute
            if field.kind in _VALUE_KINDS:
                kinds[cell] = _VALUE_KINDS[field.kind]
    own = [name for name in rows.columns if name.startswith("_") or name == "account_id"]
    kept = {name: _bare(attribute, NOTHING) for name, attribute in (keep or {}).items()}
    frame, found = typed(rows.select(*own, **kept, **cells), kinds, context.timezone)
    issues = found.select(
        document_id=pl.col("_document_id"),
        section=pl.lit(section),
        row_ordinal=pl.col("_row").cast(pl.Int32),
        column=pl.col("column").replace_strict(attribute_of, default=None, return_dtype=pl.String),
        value=pl.col("value"),
        problem=pl.col("problem"),
        severity=pl.when(pl.col("problem") == ROUNDED).then(pl.lit("warning")).otherwise(pl.lit("error")),
    )
    values = [
        pl.coalesce([pl.col(f"{field.name}<{attribute}") for attribute in field.source])
        .cast(field.dtype)
        .alias(field.name)
        for field in fields
    ]
    return Typed(frame.select(*own, *kept, *values), issues)


def with_lineage(rows: pl.DataFrame, section: str) -> pl.DataFrame:
    """Add the lineage columns of a clean table."""
    document, container, ordinal = (field.name for field in LINEAGE)
    return rows.with_columns(
        pl.col("_document_id").alias(document),
        pl.lit(section).alias(container),
        pl.col("_row").cast(pl.Int32).alias(ordinal),
    )


def blank_to_null(text: pl.Expr) -> pl.Expr:
    """A text without its outer blanks; null where nothing is left."""
    bare = text.str.strip_chars()
    return pl.when(bare != "").then(bare)


def _text_cell(field: Field, attribute: str) -> pl.Expr:
    """The text to type: null where the broker writes that there is nothing."""
    also = {"id": ("-", "0"), "conid": ("-", "0")}.get(field.kind, ())
    bare = _bare(attribute, (*NOTHING, *also))
    return pl.when(~bare.str.contains(_DATE_ALONE)).then(bare) if field.kind == "instant" else bare


def _bare(attribute: str, nothing: Sequence[str]) -> pl.Expr:
    bare = pl.col(attribute).str.strip_chars()
    return pl.when(~bare.is_in(list(nothing))).then(bare)


def _with_columns(scan: pl.LazyFrame, names: Iterable[str]) -> pl.LazyFrame:
    present = set(scan.collect_schema().names())
    absent = [name for name in names if name not in present]
    return scan.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
