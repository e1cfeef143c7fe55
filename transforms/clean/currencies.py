"""Builders of fx_positions and fx_transactions. Shared rules: rules.py and tables.py."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.clean.holdings import newest_snapshots
from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.rules import numbered_key, summary_else_parts
from transforms.clean.statements import section_versions
from transforms.clean.tables import (
    KeyRules,
    TransactionRules,
    as_they_are,
    build_by_key,
    build_transactions,
)
from transforms.schemas.currencies import FX_POSITIONS, FX_TRANSACTIONS

_PAIR: Final = ("currency", "functional_currency")


def build_fx_positions(raw: RawSections, context: CleanContext) -> Cleaned:
    """Currencies held per account and day from the newest statement: summary rows, else the lots."""
    reported = section_versions(raw, context, "FxPositions")
    rules = KeyRules(
        section="FxPositions",
        contract=FX_POSITIONS,
        elements=("FxPosition", "FxLot"),
        derive=_derive_position,
        choose=lambda rows: summary_else_parts(newest_snapshots(rows, reported), _PAIR),
        shape=lambda rows: numbered_key(rows, "position_key", _PAIR),
        one_per_key=False,
    )
    return build_by_key(raw, context, rules)


def build_fx_transactions(raw: RawSections, context: CleanContext) -> Cleaned:
    """Movements of currencies; the rows have no id, so content and occurrence are their identity."""
    return build_transactions(raw, context, _TRANSACTION_RULES)


def _derive_position(rows: pl.DataFrame) -> pl.DataFrame:
    """The day and the level, where the row does not say them."""
    unsaid = pl.when(pl.col("_element") == "FxLot").then(pl.lit("LOT")).otherwise(pl.lit("SUMMARY"))
    said = pl.col("level").str.to_uppercase()
    return rows.with_columns(
        report_date=pl.coalesce("report_date", "_period_end"), level=pl.coalesce(said, unsaid)
    )


_TRANSACTION_RULES: Final = TransactionRules(
    section="FxTransactions",
    contract=FX_TRANSACTIONS,
    key="transaction_key",
    elements={"FxTransaction": "TRANSACTION"},
    levels=("TRANSACTION",),
    group=(("functionalCurrency",), ("fxCurrency",)),
    dates=("reportDate", "dateTime"),
    derive=as_they_are,
    by_id=False,
)
