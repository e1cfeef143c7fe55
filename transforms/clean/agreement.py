"""Builder of source_agreements: coarser documents held against the finer ones that stand. No choice of rows here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from transforms.clean.cash import build_cash_balances, build_cash_transactions
from transforms.clean.holdings import build_corporate_actions, build_positions, build_transfers
from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.raw_rows import all_issues, statement_facts
from transforms.clean.rules import without_covered
from transforms.clean.statements import section_versions
from transforms.clean.tables import nothing
from transforms.clean.trading import build_trades
from transforms.clean.valuation import build_change_in_nav, build_nav_daily
from transforms.schemas.agreement import SOURCE_AGREEMENTS
from transforms.schemas.contract import EXACT, LINEAGE

_LINEAGE: Final = tuple(field.name for field in LINEAGE)
_ROWS: Final = {
    "account_id": pl.String(),
    "currency": pl.String(),
    "report_date": pl.Date(),
    "amount": EXACT,
    "document_id": pl.String(),
    "section": pl.String(),
    "row_ordinal": pl.Int32(),
}


@dataclass(frozen=True)
class _Measure:
    """What is added up of a section's clean table: a column, by currency (None: base), on a day.

    `per_day`: rows stand for a day or period as a whole (a value), so that only days that both tell are compared;
    else they are transactions, and the finer documents tell all of the days that they cover.
    """

    section: str
    build: Callable[[RawSections, CleanContext], Cleaned]
    amount: str
    date: str = "report_date"
    currency: str | None = "currency"
    per_day: bool = False


_MEASURES: Final = (
    _Measure("Trades", build_trades, "proceeds"),
    _Measure("CashTransactions", build_cash_transactions, "amount"),
    _Measure("CorporateActions", build_corporate_actions, "proceeds"),
    _Measure("Transfers", build_transfers, "position_amount"),
    _Measure("OpenPositions", build_positions, "position_value", per_day=True),
    _Measure("EquitySummaryInBase", build_nav_daily, "total", currency=None, per_day=True),
    _Measure("ChangeInNAV", build_change_in_nav, "ending_value", "period_end_date", None, per_day=True),
    _Measure("CashReport", build_cash_balances, "ending_cash", "period_end_date", per_day=True),
)

AGREEMENT_SECTIONS: Final = tuple(measure.section for measure in _MEASURES)
"""The sections that are compared."""


def build_source_agreements(raw: RawSections, context: CleanContext) -> Cleaned:
    """What coarser documents tell of facts that finer ones tell too; nothing, at no cost, where all are equal."""
    facts = statement_facts(raw, context)
    if facts["_rank"].n_unique() <= 1:
        return nothing(SOURCE_AGREEMENTS)
    parts = [
        rows
        for rank in facts["_rank"].unique().sort()[1:]
        for rows in _of_rank(raw, context, facts, rank)
        if rows.height
    ]
    if not parts:
        return nothing(SOURCE_AGREEMENTS)
    table = (
        pl.concat(parts)
        .unique(list(SOURCE_AGREEMENTS.key), keep="first", maintain_order=True)
        .select(pl.col(name).cast(dtype) for name, dtype in SOURCE_AGREEMENTS.polars_schema.items())
        .sort(SOURCE_AGREEMENTS.key)
        .rechunk()
    )
    return Cleaned(table, all_issues([]))


def _of_rank(
    raw: RawSections, context: CleanContext, facts: pl.DataFrame, rank: int
) -> Iterator[pl.DataFrame]:
    """The comparisons of all documents of one rank with the finer ones, the newest document first."""
    finer = _only(raw, facts.filter(pl.col("_rank") < rank)["_document_id"])
    documents = facts.filter(pl.col("_rank") == rank).sort("_version", descending=True)
    names = documents["_document_id"].unique(maintain_order=True)
    for measure in _MEASURES:
        reported = section_versions(raw, context, measure.section)
        if reported.filter(pl.col("_rank") < rank).is_empty():
            continue
        told = _measured(finer, context, measure)
        for name in names:
            own = documents.filter(pl.col("_document_id") == name)
            statements = own.join(reported, on="_version", how="semi").drop_nulls(
                ["_account_id", "_period_start", "_period_end"]
            )
            if statements.height:
                coarser = _measured(_only(raw, pl.Series([name])), context, measure)
                for statement in statements.iter_rows(named=True):
                    yield _compared(measure, statement, told, coarser, reported)


def _compared(
    measure: _Measure,
    statement: dict[str, Any],
    told: pl.DataFrame,
    coarser: pl.DataFrame,
    reported: pl.DataFrame,
) -> pl.DataFrame:
    """One statement of a coarser document against the finer documents, a row per currency and day."""
    account, start, end = (statement[name] for name in ("_account_id", "_period_start", "_period_end"))
    own = coarser.filter(pl.col("account_id") == account)
    others = told.filter((pl.col("account_id") == account) & pl.col("report_date").is_between(start, end))
    covers = reported.filter(
        (pl.col("_rank") < statement["_rank"])
        & (pl.col("account_id") == account)
        & (pl.col("_period_start") <= end)
        & (pl.col("_period_end") >= start)
    )
    day = ["currency", "report_date"]
    if measure.per_day:
        own = own.join(others, on=day, how="semi", nulls_equal=True)
        others = others.join(own, on=day, how="semi", nulls_equal=True)
        standing = own.clear()
    else:
        rows = own.with_columns(_version=pl.lit(statement["_version"], dtype=pl.Int32), _date="report_date")
        standing = without_covered(rows, reported)
    if covers.is_empty() or (own.is_empty() and others.is_empty()):
        return own.clear()
    sums = _by_day(own, "coarser").join(
        _by_day(others, "finer"), on=day, how="full", coalesce=True, nulls_equal=True
    )
    lineage = [pl.coalesce(name, f"{name}_right").alias(name) for name in _LINEAGE]
    return sums.with_columns(
        pl.col("coarser_rows", "finer_rows").fill_null(0),
        *lineage,
        account_id=pl.lit(account),
        period_start_date=pl.lit(start),
        period_end_date=pl.lit(end),
        measure=pl.lit(measure.amount),
        kind=pl.lit(statement["kind"]),
        is_covered=pl.lit(standing.is_empty()),
    ).select(SOURCE_AGREEMENTS.columns)


def _by_day(rows: pl.DataFrame, whose: str) -> pl.DataFrame:
    """Sum, number of rows and the first row's lineage per currency and day."""
    return (
        rows.sort("document_id", "section", "row_ordinal")
        .group_by("currency", "report_date", maintain_order=True)
        .agg(
            pl.col("amount").sum().alias(f"{whose}_amount"),
            pl.len().cast(pl.Int32).alias(f"{whose}_rows"),
            *(pl.col(name).first() for name in _LINEAGE),
        )
    )


def _measured(raw: RawSections, context: CleanContext, measure: _Measure) -> pl.DataFrame:
    """The rows of a section's clean table that have an amount: account, currency, day, amount, lineage."""
    table = measure.build(raw, context).table
    currency = pl.col(measure.currency) if measure.currency else pl.lit(None, dtype=pl.String)
    return (
        table.select(
            *("account_id", *_LINEAGE), currency=currency, report_date=measure.date, amount=measure.amount
        )
        .drop_nulls("amount")
        .select(pl.col(name).cast(dtype) for name, dtype in _ROWS.items())
    )


def _only(raw: RawSections, documents: pl.Series) -> RawSections:
    """The raw sections of some documents."""
    names = documents.unique().to_list()

    def scan(section: str) -> pl.LazyFrame | None:
        rows = raw(section)
        return None if rows is None else rows.filter(pl.col("_document_id").is_in(names))

    return scan
