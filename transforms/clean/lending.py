"""Builders of securities lending and of fees on borrowed shares. Shared rules: rules.py and tables.py."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.clean.holdings import newest_snapshots
from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.rules import instrument_key, numbered_key, summary_else_parts
from transforms.clean.statements import section_versions
from transforms.clean.tables import KeyRules, TransactionRules, build_by_key, build_transactions
from transforms.schemas.lending import BORROW_FEES, SLB_ACTIVITIES, SLB_FEES, SLB_OPEN_CONTRACTS


def build_slb_activities(raw: RawSections, context: CleanContext) -> Cleaned:
    """Loans opened, marked and returned. A loan's id is on many rows: content and occurrence tell them apart."""
    return build_transactions(raw, context, _ACTIVITY_RULES)


def build_slb_fees(raw: RawSections, context: CleanContext) -> Cleaned:
    """Fees on loans, by day."""
    return build_transactions(raw, context, _FEE_RULES)


def build_borrow_fees(raw: RawSections, context: CleanContext) -> Cleaned:
    """Fees on borrowed shares, by day."""
    return build_transactions(raw, context, _BORROW_RULES)


def build_slb_open_contracts(raw: RawSections, context: CleanContext) -> Cleaned:
    """Loans open at the end of each period, from its newest statement: summary rows, else the details."""
    reported = section_versions(raw, context, "SLBOpenContracts")
    rules = KeyRules(
        section="SLBOpenContracts",
        contract=SLB_OPEN_CONTRACTS,
        elements=("SLBOpenContract",),
        derive=_derive_contract,
        choose=lambda rows: summary_else_parts(newest_snapshots(rows, reported), ("instrument_key",)),
        shape=lambda rows: numbered_key(rows, "contract_key", ("instrument_key", "loan_id")),
        one_per_key=False,
    )
    return build_by_key(raw, context, rules)


def _derive_contract(rows: pl.DataFrame) -> pl.DataFrame:
    return instrument_key(rows).with_columns(report_date="_period_end")


_GROUP: Final = (("currency",), ("conid", "symbol"))

_ACTIVITY_RULES: Final = TransactionRules(
    section="SLBActivities",
    contract=SLB_ACTIVITIES,
    key="activity_key",
    elements={"SLBActivity": "DETAIL"},
    levels=("DETAIL",),
    group=_GROUP,
    dates=("date",),
    derive=instrument_key,
    by_id=False,
)

_FEE_RULES: Final = TransactionRules(
    section="SLBFees",
    contract=SLB_FEES,
    key="fee_key",
    elements={"SLBFee": "DETAIL"},
    levels=("DETAIL",),
    group=_GROUP,
    dates=("valueDate", "startDate"),
    derive=instrument_key,
    by_id=False,
)

_BORROW_RULES: Final = TransactionRules(
    section="HardToBorrowDetails",
    contract=BORROW_FEES,
    key="fee_key",
    elements={"HardToBorrowDetail": "DETAIL"},
    levels=("DETAIL",),
    group=_GROUP,
    dates=("valueDate",),
    derive=instrument_key,
    by_id=False,
)
