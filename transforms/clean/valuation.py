"""Builders of nav_daily, change_in_nav and fx_rates. Shared rules are in rules.py and tables.py."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.rules import newest_by_key, without_covered
from transforms.clean.tables import KeyRules, Refusal, build_by_key, period_or_statement
from transforms.schemas.valuation import CHANGE_IN_NAV, FX_RATES, NAV_DAILY


def build_nav_daily(raw: RawSections, context: CleanContext) -> Cleaned:
    """Net asset value per account and day from the newest document, with the closest day known before it."""
    return build_by_key(raw, context, _NAV_RULES)


def build_change_in_nav(raw: RawSections, context: CleanContext) -> Cleaned:
    """Change in net asset value per account and period, from the newest document."""
    return build_by_key(raw, context, _CHANGE_RULES)


def build_fx_rates(raw: RawSections, context: CleanContext) -> Cleaned:
    """Exchange rates, the newest per day and pair; the broker's −1 says that it has none."""
    return build_by_key(raw, context, _RATE_RULES)


def _choose_nav(rows: pl.DataFrame) -> pl.DataFrame:
    newest = newest_by_key(rows, NAV_DAILY.key)
    return newest.join(_closest_before(rows), on=["account_id", "report_date"], how="left")


def _closest_before(rows: pl.DataFrame) -> pl.DataFrame:
    """Per account and day the latest day that stands before it in any one statement."""
    days = rows.select("account_id", "_version", "report_date").unique()
    before = pl.col("report_date").shift(1).over("account_id", "_version", order_by="report_date")
    return (
        days.with_columns(previous_report_date=before)
        .group_by("account_id", "report_date")
        .agg(pl.col("previous_report_date").max())
    )


_NAV_RULES: Final = KeyRules(
    section="EquitySummaryInBase",
    contract=NAV_DAILY,
    elements=("EquitySummaryByReportDateInBase",),
    choose=_choose_nav,
    give_way=lambda rows, reported: without_covered(rows.with_columns(_date="report_date"), reported).drop(
        "_date"
    ),
)

_CHANGE_RULES: Final = KeyRules(
    section="ChangeInNAV",
    contract=CHANGE_IN_NAV,
    elements=("ChangeInNAV",),
    derive=period_or_statement,
    choose=lambda rows: newest_by_key(rows, CHANGE_IN_NAV.key),
)

_RATE_RULES: Final = KeyRules(
    section="ConversionRates",
    contract=FX_RATES,
    elements=("ConversionRate",),
    choose=lambda rows: newest_by_key(rows, FX_RATES.key),
    keep={"_rate": "rate"},
    refusals=(
        Refusal(
            pl.col("rate") <= 0,
            "rate",
            "_rate",
            "the broker has no rate for this currency and day: the row is left out",
        ),
    ),
)
