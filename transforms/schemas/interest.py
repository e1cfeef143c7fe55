"""Contracts of interest: what accrued over a period, and how it was worked out. Interest paid is in cash.py."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

INTEREST_ACCRUALS: Final[TableContract] = table(
    "interest_accruals",
    "Accrued interest per account, period and currency: start, end and what moved it.",
    ("account_id", "period_start_date", "period_end_date", "currency"),
    (
        common.ACCOUNT,
        common.PERIOD_START,
        common.PERIOD_END,
        Field(
            "currency",
            "text",
            "Currency, or BASE_SUMMARY for all of them in base.",
            ("currency",),
            nullable=False,
        ),
        common.amount("starting_accrual", "startingAccrualBalance", "Accrued interest before the period."),
        common.amount("interest_accrued", "interestAccrued", "Interest accrued in the period."),
        common.amount(
            "accrual_reversal", "accrualReversal", "Accruals taken back, because the interest was paid."
        ),
        common.amount("fx_translation", "fxTranslation", "Change by exchange rates."),
        common.amount("ending_accrual", "endingAccrualBalance", "Accrued interest at the end of the period."),
    ),
)

INTEREST_DETAILS: Final[TableContract] = table(
    "interest_details",
    "How interest was worked out: a row per value date, currency, kind and tier of the balance "
    "(section TierInterestDetails).",
    ("account_id", "detail_key"),
    (
        common.ACCOUNT,
        Field("detail_key", "id", "Hash of the row's content and an occurrence number.", nullable=False),
        Field("interest_type", "text", "Kind of interest in the broker's words.", ("interestType",)),
        common.CURRENCY,
        common.FX_RATE,
        Field("value_date", "date", "Day that the interest is for.", ("valueDate",)),
        Field(
            "report_date",
            "date",
            "Day the broker books the row on; the value date where the document does not say it.",
            ("reportDate",),
        ),
        Field("tier_break", "text", "Tier of the balance, as the broker writes it.", ("tierBreak",)),
        common.amount("balance_threshold", "balanceThreshold", "Balance at which the tier begins."),
        common.amount("securities_principal", "securitiesPrincipal", "Balance of the securities segment."),
        common.amount("commodities_principal", "commoditiesPrincipal", "Balance of the commodities segment."),
        common.amount("ibukl_principal", "ibuklPrincipal", "Balance with the broker's UK entity."),
        common.amount("total_principal", "totalPrincipal", "Balance that bears interest."),
        Field("rate_percent", "exact", "Yearly rate.", ("rate",), "percent"),
        common.amount("securities_interest", "securitiesInterest", "Interest of the securities segment."),
        common.amount("commodities_interest", "commoditiesInterest", "Interest of the commodities segment."),
        common.amount("ibukl_interest", "ibuklInterest", "Interest with the broker's UK entity."),
        common.amount("total_interest", "totalInterest", "Interest: + received, − paid."),
        common.amount("margin_balance", "marginBalance", "Margin balance."),
        Field("from_account", "text", "Account that the balance comes from.", ("fromAcct",)),
        Field("to_account", "text", "Account that the balance goes to.", ("toAcct",)),
        Field("code", "text", "The broker's codes.", ("code",)),
    ),
)
