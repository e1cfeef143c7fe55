"""Builders of taxes, client fees, CFD charges and card payments. Shared rules: rules.py and tables.py."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.raw_rows import blank_to_null
from transforms.clean.rules import instrument_key
from transforms.clean.tables import TransactionRules, as_they_are, build_transactions
from transforms.schemas.charges import (
    CFD_CHARGES,
    CLIENT_FEE_DETAILS,
    CLIENT_FEES,
    DEBIT_CARD_ACTIVITIES,
    SALES_TAXES,
    TRANSACTION_TAXES,
)

_CARD: Final = "DebitCardActivities"


def build_transaction_taxes(raw: RawSections, context: CleanContext) -> Cleaned:
    """Taxes on trades: DETAIL rows, SUMMARY ones only where no DETAIL reports the same."""
    return build_transactions(raw, context, _TRANSACTION_TAX_RULES)


def build_sales_taxes(raw: RawSections, context: CleanContext) -> Cleaned:
    """Sales taxes on fees and interest."""
    return build_transactions(raw, context, _SALES_TAX_RULES)


def build_client_fees(raw: RawSections, context: CleanContext) -> Cleaned:
    """Fees charged to clients: DETAIL rows, SUMMARY ones only where no DETAIL reports the same."""
    return build_transactions(raw, context, _CLIENT_FEE_RULES)


def build_client_fee_details(raw: RawSections, context: CleanContext) -> Cleaned:
    """The parts of clients' fees by execution."""
    return build_transactions(raw, context, _CLIENT_FEE_DETAIL_RULES)


def build_cfd_charges(raw: RawSections, context: CleanContext) -> Cleaned:
    """Charges on contracts for difference."""
    return build_transactions(raw, context, _CFD_RULES)


def build_debit_card_activities(raw: RawSections, context: CleanContext) -> Cleaned:
    """Card payments; a row in base stands only where no currency's row reports the same."""
    return build_transactions(_with_levels(raw), context, _CARD_RULES)


def _with_levels(raw: RawSections) -> RawSections:
    """The section has no level of detail: its rows in base are the sums of those by currency."""

    def scan(section: str) -> pl.LazyFrame | None:
        rows = raw(section)
        if rows is None or section != _CARD or "currency" not in rows.collect_schema().names():
            return rows
        base = pl.col("currency").pipe(blank_to_null) == "BASE_SUMMARY"
        return rows.with_columns(
            levelOfDetail=pl.when(base).then(pl.lit("SUMMARY")).otherwise(pl.lit("DETAIL"))
        )

    return scan


_INSTRUMENT: Final = (("currency",), ("conid", "symbol"))

_TRANSACTION_TAX_RULES: Final = TransactionRules(
    section="TransactionTaxes",
    contract=TRANSACTION_TAXES,
    key="tax_key",
    elements={"TransactionTaxDetail": "DETAIL", "TransactionTax": "SUMMARY"},
    levels=("DETAIL", "SUMMARY"),
    group=_INSTRUMENT,
    dates=("reportDate", "date"),
    derive=instrument_key,
)

_SALES_TAX_RULES: Final = TransactionRules(
    section="SalesTaxes",
    contract=SALES_TAXES,
    key="tax_key",
    elements={"SalesTax": "DETAIL"},
    levels=("DETAIL",),
    group=(("currency",), ("taxType",)),
    dates=("date",),
    derive=instrument_key,
)

_CLIENT_FEE_RULES: Final = TransactionRules(
    section="ClientFees",
    contract=CLIENT_FEES,
    key="fee_key",
    elements={"ClientFee": "DETAIL"},
    levels=("DETAIL", "SUMMARY"),
    group=(("currency",), ("feeType",)),
    dates=("date",),
    derive=as_they_are,
)

_CLIENT_FEE_DETAIL_RULES: Final = TransactionRules(
    section="ClientFeesDetail",
    contract=CLIENT_FEE_DETAILS,
    key="fee_key",
    elements={"ClientFeesDetail": "DETAIL"},
    levels=("DETAIL", "SUMMARY"),
    group=(("currency",),),
    dates=("date",),
    derive=as_they_are,
)

_CFD_RULES: Final = TransactionRules(
    section="CFDCharges",
    contract=CFD_CHARGES,
    key="charge_key",
    elements={"CFDCharge": "DETAIL"},
    levels=("DETAIL", "SUMMARY"),
    group=_INSTRUMENT,
    dates=("reportDate", "date", "dateTime"),
    derive=instrument_key,
)

_CARD_RULES: Final = TransactionRules(
    section=_CARD,
    contract=DEBIT_CARD_ACTIVITIES,
    key="activity_key",
    elements={"DebitCardActivity": "DETAIL"},
    levels=("DETAIL", "SUMMARY"),
    group=(("merchantNameLocation",),),
    dates=("reportDate", "postingDate"),
    derive=as_they_are,
    by_id=False,
)
