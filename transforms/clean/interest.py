"""Builders of interest_accruals and interest_details. Shared rules: rules.py and tables.py."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.rules import newest_by_key, newest_statements
from transforms.clean.tables import (
    KeyRules,
    TransactionRules,
    as_they_are,
    build_by_key,
    build_transactions,
    period_or_statement,
)
from transforms.schemas.interest import INTEREST_ACCRUALS, INTEREST_DETAILS


def build_interest_accruals(raw: RawSections, context: CleanContext) -> Cleaned:
    """Interest accruals of each period, from its newest statement: a row per currency and BASE_SUMMARY."""
    return build_by_key(raw, context, _ACCRUAL_RULES)


def build_interest_details(raw: RawSections, context: CleanContext) -> Cleaned:
    """Interest by value date and tier; the rows have no id, so content and occurrence are their identity."""
    return build_transactions(raw, context, _DETAIL_RULES)


def _choose_accruals(rows: pl.DataFrame) -> pl.DataFrame:
    newest = newest_statements(rows, INTEREST_ACCRUALS.key[1:3])
    return newest_by_key(newest, INTEREST_ACCRUALS.key)


_ACCRUAL_RULES: Final = KeyRules(
    section="InterestAccruals",
    contract=INTEREST_ACCRUALS,
    elements=("InterestAccrualsCurrency",),
    derive=period_or_statement,
    choose=_choose_accruals,
)

_DETAIL_RULES: Final = TransactionRules(
    section="TierInterestDetails",
    contract=INTEREST_DETAILS,
    key="detail_key",
    elements={"TierInterestDetail": "DETAIL"},
    levels=("DETAIL",),
    group=(("currency",), ("interestType",)),
    dates=("reportDate", "valueDate"),
    derive=as_they_are,
    by_id=False,
)
