"""Builders of accounts and instruments, gathered from every section. Statements are in statements.py."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.raw_rows import (
    NOTHING,
    all_issues,
    attributes_of,
    section_rows,
    statement_facts,
    typed_rows,
    with_lineage,
)
from transforms.clean.rules import instrument_key, without_coarser_names
from transforms.clean.tables import finish, issues_of
from transforms.schemas.reference import ACCOUNTS, INSTRUMENTS

SECTION_ROWS: Final[dict[str, tuple[str, ...]]] = {
    "SecuritiesInfo": ("SecurityInfo",),
    "Trades": ("Trade", "Order", "SymbolSummary", "Lot", "WashSale"),
    "TradeConfirms": ("TradeConfirm", "Order", "SymbolSummary"),
    "OpenPositions": ("OpenPosition",),
    "PriorPeriodPositions": ("PriorPeriodPosition",),
    "OptionEAE": ("OptionEAE",),
    "Transfers": ("Transfer",),
    "CorporateActions": ("CorporateAction",),
    "CashTransactions": ("CashTransaction",),
    "OpenDividendAccruals": ("OpenDividendAccrual",),
    "ChangeInDividendAccruals": ("ChangeInDividendAccrual",),
    "StmtFunds": ("StatementOfFundsLine",),
    "MTMPerformanceSummaryInBase": ("MTMPerformanceSummaryUnderlying",),
    "FIFOPerformanceSummaryInBase": ("FIFOPerformanceSummaryUnderlying",),
}
"""Sections whose rows name instruments, and the tags of those rows."""

ACCOUNT_SECTIONS: Final[dict[str, tuple[str, ...]]] = {
    **{section: rows for section, rows in SECTION_ROWS.items() if section != "SecuritiesInfo"},
    "AccountInformation": ("AccountInformation",),
    "CashReport": ("CashReportCurrency",),
    "ChangeInNAV": ("ChangeInNAV",),
    "EquitySummaryInBase": ("EquitySummaryByReportDateInBase",),
}
"""Sections whose rows name accounts, and the tags of those rows."""

NOT_THE_INSTRUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "CashTransactions": ("description", "currency", "multiplier"),
    "CorporateActions": ("description",),
    "StmtFunds": ("currency", "multiplier"),
    "FIFOPerformanceSummaryInBase": ("currency",),
    "MTMPerformanceSummaryInBase": ("currency",),
}
"""By section, columns that tell of the row, not the instrument (a dividend's currency is not the share's)."""

_ZERO_IS_NOTHING: Final = ("multiplier", "strike")
_INFORMATION: Final = "AccountInformation"


def build_accounts(raw: RawSections, context: CleanContext) -> Cleaned:
    """Every account that a document names; each fact from the newest AccountInformation that says it."""
    facts = statement_facts(raw, context)
    named = _named_accounts(raw, facts)
    told, issues = _account_information(raw, facts, context)
    source = pl.when(pl.col("base_currency").is_not_null()).then(pl.lit(_INFORMATION))
    setting = pl.lit(context.base_currency, dtype=pl.String)
    from_setting = pl.when(setting.is_not_null()).then(pl.lit("setting"))
    rows = (
        named.join(told, on="account_id", how="left", suffix="_told")
        .with_columns(
            base_currency_source=pl.coalesce(source, from_setting),
            base_currency=pl.coalesce("base_currency", setting),
        )
        .with_columns(
            document_id=pl.coalesce("document_id_told", "document_id"),
            section=pl.coalesce("section_told", "section"),
            row_ordinal=pl.coalesce("row_ordinal_told", "row_ordinal"),
        )
    )
    return finish(rows, ACCOUNTS, _INFORMATION, [issues])


def _named_accounts(raw: RawSections, facts: pl.DataFrame) -> pl.DataFrame:
    """Accounts of statements and of their rows, with the newest FlexStatement that names each as lineage."""
    parts = [facts.select("_version", account_id="_account_id")]
    for section, elements in ACCOUNT_SECTIONS.items():
        rows = section_rows(raw, section, elements, (), facts)
        if rows is not None:
            parts.append(rows.select("_version", "account_id").unique().collect())
    newest = pl.concat(parts).group_by("account_id").agg(pl.col("_version").max())
    return (
        newest.filter(pl.col("account_id").is_not_null() & (pl.col("account_id") != "-"))
        .join(facts.select("_version", "_document_id", _row="_statement"), on="_version", how="inner")
        .pipe(with_lineage, "FlexStatement")
        .select("account_id", "document_id", "section", "row_ordinal")
    )


def _account_information(
    raw: RawSections, facts: pl.DataFrame, context: CleanContext
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Per account the newest value of each column and the newest row's lineage; and the rows' issues."""
    lazy = section_rows(raw, _INFORMATION, (_INFORMATION,), attributes_of(ACCOUNTS), facts)
    if lazy is None:
        return ACCOUNTS.empty().drop("base_currency_source"), all_issues([])
    typed = typed_rows(lazy.collect(), ACCOUNTS, _INFORMATION, context)
    rows = with_lineage(
        typed.rows.sort("_consolidated", "_version", "_row", descending=[True, False, False]), _INFORMATION
    )
    newest = [
        pl.col(name).last() for name in ("document_id", "section", "row_ordinal", "_document_id", "_row")
    ]
    said = [pl.col(f.name).drop_nulls().last() for f in ACCOUNTS.fields if f.source]
    told = rows.group_by("account_id", maintain_order=True).agg(*said, *newest)
    return told.drop("_document_id", "_row"), issues_of(typed.issues, told)


def build_instruments(raw: RawSections, context: CleanContext) -> Cleaned:
    """Every instrument that a document names; by column, the finest kind of document first, of that
    SecuritiesInfo, then newer before older."""
    facts = statement_facts(raw, context)
    parts: list[pl.DataFrame] = []
    issues: list[pl.DataFrame] = []
    for section, elements in SECTION_ROWS.items():
        lazy = section_rows(raw, section, elements, attributes_of(INSTRUMENTS), facts)
        if lazy is None:
            continue
        typed = typed_rows(_newest_texts(lazy), INSTRUMENTS, section, context)
        parts.append(_instrument_facts(typed.rows, section))
        issues.append(issues_of(typed.issues, parts[-1]))
    if not parts:
        return finish(INSTRUMENTS.empty(), INSTRUMENTS, "SecuritiesInfo", [])
    ranked = pl.concat(parts).join(facts.select("_version", "_rank"), on="_version", how="left")
    together = without_coarser_names(ranked).sort(
        ["_rank", "_listed", "_version", "section", "row_ordinal"],
        descending=[True, False, False, False, False],
    )
    known = [pl.col(f.name).drop_nulls().last() for f in INSTRUMENTS.fields if f.source]
    lineage = [pl.col(name).last() for name in ("document_id", "section", "row_ordinal")]
    rows = together.group_by("instrument_key", maintain_order=True).agg(*known, *lineage)
    return finish(rows, INSTRUMENTS, "SecuritiesInfo", issues)


def _newest_texts(rows: pl.LazyFrame) -> pl.DataFrame:
    """Per instrument the newest text of each attribute, and the newest row that names it."""
    nothing = ["", *NOTHING, "0"]
    conid = pl.col("conid").str.strip_chars()
    named = pl.concat_str(
        *(pl.col(name).fill_null("") for name in ("assetCategory", "symbol", "currency")), separator="\x1f"
    )
    attributes = attributes_of(INSTRUMENTS)
    said = [pl.col(name).filter(~pl.col(name).is_in(NOTHING)).last() for name in attributes]
    own = ("_document_id", "_row", "_version")
    return (
        rows.with_columns(_named=pl.when(conid.is_in(nothing)).then(None).otherwise(conid).fill_null(named))
        .filter(~pl.col("conid").fill_null("").is_in(nothing) | (pl.col("symbol").fill_null("") != ""))
        .select(*own, "_named", *attributes)
        .sort("_version", "_row")
        .group_by("_named", maintain_order=True)
        .agg(*said, *(pl.col(name).last() for name in own))
        .collect()
    )


def _instrument_facts(rows: pl.DataFrame, section: str) -> pl.DataFrame:
    """The rows of one section as instruments: keyed, with what is not the instrument's own taken away."""
    keyed = instrument_key(
        rows.with_columns(currency=pl.lit(None, dtype=pl.String)) if section.endswith("InBase") else rows
    )
    away = [
        pl.lit(None).cast(keyed.schema[name]).alias(name) for name in NOT_THE_INSTRUMENTS.get(section, ())
    ]
    zeros = [pl.when(pl.col(name) != 0).then(name).alias(name) for name in _ZERO_IS_NOTHING]
    return (
        with_lineage(keyed.with_columns(zeros).with_columns(away), section)
        .with_columns(_listed=pl.lit(section == "SecuritiesInfo"))
        .select(*INSTRUMENTS.columns, "_document_id", "_row", "_version", "_listed")
        .filter(pl.col("instrument_key").is_not_null())
    )
