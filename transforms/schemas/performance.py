"""Contracts of the broker's own summaries of profit and value by symbol or asset class. FIFO is in holdings.py."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

MTM_ROW_KINDS: Final[tuple[str, ...]] = ("instrument", "currency", "other", "total")

MTM_PERFORMANCE: Final[TableContract] = table(
    "mtm_performance",
    "Mark-to-market PnL per instrument, currency and other cause over a period, with the broker's total rows "
    "told apart.",
    ("account_id", "period_start_date", "period_end_date", "instrument_key", "asset_class", "description"),
    (
        common.ACCOUNT,
        common.PERIOD_START,
        common.PERIOD_END,
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.DESCRIPTION,
        common.ASSET_CLASS,
        Field(
            "row_kind",
            "text",
            "instrument, currency (a balance of cash), other (dividends, fees, interest), or total.",
            nullable=False,
            allowed=MTM_ROW_KINDS,
        ),
        Field("prior_quantity", "exact", "Quantity before the period.", ("prevCloseQuantity",), "units"),
        Field(
            "prior_price",
            "exact",
            "Closing price before the period.",
            ("prevClosePrice",),
            "the instrument's currency per unit",
        ),
        Field("quantity", "exact", "Quantity at the end of the period.", ("closeQuantity",), "units"),
        Field(
            "price",
            "exact",
            "Closing price at the end of the period.",
            ("closePrice",),
            "the instrument's currency per unit",
        ),
        common.amount(
            "prior_open_mtm",
            "priorOpenMtm",
            "PnL of marking what was held over from a prior day.",
            common.BASE,
        ),
        common.amount(
            "transaction_mtm", "transactionMtm", "PnL of trades from their price to the close.", common.BASE
        ),
        common.amount(
            "corporate_action_mtm", "corpActionMtm", "Mark-to-market PnL of corporate actions.", common.BASE
        ),
        common.amount("dividends", "dividends", "Dividends of the instrument.", common.BASE),
        common.amount("commissions", "commissions", "Commissions, − paid.", common.BASE),
        common.amount("other", "other", "Other cash of the instrument.", common.BASE),
        common.amount(
            "other_with_accruals", "otherWithAccruals", "Other cash and change in accruals.", common.BASE
        ),
        common.amount("total", "total", "PnL of the row.", common.BASE),
        common.amount(
            "total_with_accruals", "totalWithAccruals", "PnL of the row with change in accruals.", common.BASE
        ),
    ),
)

POSITION_VALUE_PARTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("transactions", "transactions", "Value bought (+) and sold (−)."),
    (
        "mtm_prior_period_positions",
        "mtmPriorPeriodPositions",
        "Mark-to-market PnL of positions held over from before.",
    ),
    ("mtm_transactions", "mtmTransactions", "Mark-to-market PnL of trades from their price to the close."),
    ("corporate_actions", "corporateActions", "Value moved by corporate actions."),
    ("other", "other", "Value moved by other causes."),
    ("account_transfers", "accountTransfers", "Value of positions transferred in (+) and out (−)."),
    ("linking_adjustments", "linkingAdjustments", "Value moved by linking accounts."),
    ("fx_translation_pnl", "fxTranslationPnl", "Value moved by exchange rates."),
    ("future_price_adjustments", "futurePriceAdjustments", "Value of futures settled in cash."),
    ("settled_cash", "settledCash", "Value settled in cash."),
)
"""What leads from the value before the period to the one at its end: column, attribute, description."""

POSITION_VALUE_CHANGES: Final[TableContract] = table(
    "position_value_changes",
    "Value of positions before and at the end of a period and what moved it, by asset class and currency.",
    ("account_id", "period_start_date", "period_end_date", "currency", "asset_class"),
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
        common.ASSET_CLASS,
        common.amount("prior_period_value", "priorPeriodValue", "Value before the period."),
        *(common.amount(name, attribute, text) for name, attribute, text in POSITION_VALUE_PARTS),
        common.amount("end_of_period_value", "endOfPeriodValue", "Value at the end of the period."),
    ),
)
