"""Builders of mtm_performance and position_value_changes. Shared rules: rules.py and tables.py."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.rules import instrument_key, newest_by_key, newest_statements
from transforms.clean.tables import KeyRules, build_by_key, period_or_statement
from transforms.schemas.performance import MTM_PERFORMANCE, POSITION_VALUE_CHANGES


def build_mtm_performance(raw: RawSections, context: CleanContext) -> Cleaned:
    """Mark-to-market summary of each period, from its newest statement."""
    return build_by_key(raw, context, _MTM_RULES)


def build_position_value_changes(raw: RawSections, context: CleanContext) -> Cleaned:
    """Change in position values of each period, from its newest statement."""
    return build_by_key(raw, context, _VALUE_RULES)


def _derive_mtm(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows without an instrument name a cause or a total; the section is in base, so the key has no currency."""
    unnamed = pl.col("conid").is_null() & pl.col("symbol").is_null()
    total = unnamed & pl.col("description").str.starts_with("Total").fill_null(False)
    kind = (
        pl.when(total)
        .then(pl.lit("total"))
        .when(unnamed)
        .then(pl.lit("other"))
        .when(pl.col("asset_class") == "CASH")
        .then(pl.lit("currency"))
        .otherwise(pl.lit("instrument"))
    )
    rows = instrument_key(rows.with_columns(currency=pl.lit(None, dtype=pl.String)))
    return period_or_statement(rows.with_columns(row_kind=kind))


def _choose_mtm(rows: pl.DataFrame) -> pl.DataFrame:
    return newest_by_key(newest_statements(rows, MTM_PERFORMANCE.key[1:3]), MTM_PERFORMANCE.key)


def _choose_values(rows: pl.DataFrame) -> pl.DataFrame:
    newest = newest_statements(rows, POSITION_VALUE_CHANGES.key[1:3])
    return newest_by_key(newest, POSITION_VALUE_CHANGES.key)


_MTM_RULES: Final = KeyRules(
    section="MTMPerformanceSummaryInBase",
    contract=MTM_PERFORMANCE,
    elements=("MTMPerformanceSummaryUnderlying",),
    derive=_derive_mtm,
    choose=_choose_mtm,
)

_VALUE_RULES: Final = KeyRules(
    section="ChangeInPositionValues",
    contract=POSITION_VALUE_CHANGES,
    elements=("ChangeInPositionValue",),
    derive=period_or_statement,
    choose=_choose_values,
)
