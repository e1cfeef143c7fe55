"""Contracts of what is held and what moves it outside trades. Trades are in trading.py, cash in cash.py."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

_KEYED_INSTRUMENT: Final = Field("instrument_key", "id", common.INSTRUMENT_KEY.description, nullable=False)
_BOOKED: Final = Field(
    "report_date",
    "date",
    "Day the broker books the row on; the date of the event where the document does not say it.",
    ("reportDate",),
)
_TRANSACTION_KEY: Final = (
    "Identity within the account: the transaction id, else a hash of the content and an occurrence."
)

POSITIONS: Final[TableContract] = table(
    "positions",
    "Open positions per account and day as the newest document reports them; "
    "lots are summed where no summary row stands.",
    ("account_id", "report_date", "instrument_key"),
    (
        common.ACCOUNT,
        common.REPORT_DATE,
        _KEYED_INSTRUMENT,
        common.CONID,
        common.SYMBOL,
        common.DESCRIPTION,
        common.ASSET_CLASS,
        common.CURRENCY,
        Field(
            "level",
            "text",
            "SUMMARY, or LOT where the lots were summed.",
            ("levelOfDetail",),
            nullable=False,
            allowed=("SUMMARY", "LOT"),
        ),
        Field("source_rows", "integer", "Raw rows that make up this row.", nullable=False),
        Field("quantity", "exact", "Signed quantity: long +, short −.", ("position", "quantity"), "units"),
        Field("mark_price", "exact", "Closing price.", ("markPrice",), "the row's currency per unit"),
        Field("multiplier", "exact", "Contract multiplier.", ("multiplier",), "units per contract"),
        common.amount(
            "position_value", "positionValue", "Market value, rounded to 2 decimals by the broker."
        ),
        Field(
            "open_price",
            "exact",
            "Average opening price; quantity-weighted over lots.",
            ("openPrice",),
            "the row's currency per unit",
        ),
        Field(
            "cost_basis_price",
            "exact",
            "Average cost basis; quantity-weighted over lots.",
            ("costBasisPrice",),
            "the row's currency per unit",
        ),
        common.amount("cost_basis_money", "costBasisMoney", "Cost basis of the position."),
        common.amount("unrealized_pnl", "fifoPnlUnrealized", "Unrealised PnL: position value − cost basis."),
        Field("side", "text", "Long or Short.", ("side",)),
        common.amount("accrued_interest", "accruedInt", "Accrued interest of a bond."),
        common.FX_RATE,
    ),
)

POSITION_LOTS: Final[TableContract] = table(
    "position_lots",
    "Open lots per account and day as the newest document reports them (LOT rows of OpenPositions).",
    ("account_id", "report_date", "instrument_key", "lot_ordinal"),
    (
        common.ACCOUNT,
        common.REPORT_DATE,
        _KEYED_INSTRUMENT,
        Field(
            "lot_ordinal",
            "integer",
            "Order of the lot within its position in the document, from 0.",
            nullable=False,
        ),
        common.CONID,
        common.SYMBOL,
        common.ASSET_CLASS,
        common.CURRENCY,
        Field("open_at", "instant", "Instant the lot was opened.", ("openDateTime",)),
        Field(
            "holding_start_at",
            "instant",
            "Instant the holding period starts.",
            ("holdingPeriodDateTime",),
        ),
        Field("quantity", "exact", "Signed quantity: long +, short −.", ("position", "quantity"), "units"),
        common.amount("cost_basis_money", "costBasisMoney", "Cost basis of the lot."),
        common.FX_RATE,
        Field(
            "originating_transaction_id",
            "id",
            "Transaction id of the trade that opened the lot.",
            ("originatingTransactionID",),
        ),
        Field("code", "text", "The broker's codes (LT, ST, ...).", ("code",)),
    ),
)

POSITION_MARKS: Final[TableContract] = table(
    "position_marks",
    "Closing prices of positions held on the days of a period (section PriorPeriodPositions).",
    ("account_id", "mark_date", "instrument_key"),
    (
        common.ACCOUNT,
        Field("mark_date", "date", "Day of the price.", ("date",), nullable=False),
        _KEYED_INSTRUMENT,
        common.CONID,
        common.SYMBOL,
        common.ASSET_CLASS,
        common.CURRENCY,
        Field("multiplier", "exact", "Contract multiplier.", ("multiplier",), "units per contract"),
        Field("price", "exact", "Closing price of the day.", ("price",), "the row's currency per unit"),
        common.amount(
            "prior_mtm_pnl", "priorMtmPnl", "Mark-to-market PnL of the position held over from the prior day."
        ),
        common.FX_RATE,
    ),
)

CORPORATE_ACTIONS: Final[TableContract] = table(
    "corporate_actions",
    "Corporate actions, a row per leg; a reverse split or merger has several rows.",
    ("account_id", "action_key"),
    (
        common.ACCOUNT,
        Field("action_key", "id", _TRANSACTION_KEY, nullable=False),
        common.TRANSACTION_ID,
        Field("action_id", "id", "The broker's id of the action; its legs share it.", ("actionID",)),
        common.LEVEL,
        Field("type", "text", "FS, RS, SO, TC, IC, TO, HI, RI, SD, BM, TM, DW, ...", ("type",)),
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.DESCRIPTION,
        Field("action_description", "text", "What happened, in the broker's words.", ("actionDescription",)),
        common.ASSET_CLASS,
        common.CURRENCY,
        common.FX_RATE,
        Field("effective_at", "instant", "Instant the action takes effect.", ("dateTime",)),
        _BOOKED,
        Field("quantity", "exact", "Change of the position: + added, − removed.", ("quantity",), "units"),
        common.amount("amount", "amount", "Amount as the broker writes it (− of the proceeds)."),
        common.amount("proceeds", "proceeds", "Cash received (+) or paid (−)."),
        common.amount("value", "value", "Market value of the quantity."),
        common.amount("cost_basis", "costBasis", "Cost basis moved."),
        common.amount("realized_pnl", "fifoPnlRealized", "Realised PnL."),
        common.amount("mtm_pnl", "mtmPnl", "Mark-to-market PnL."),
        Field("code", "text", "The broker's codes.", ("code",)),
    ),
)

TRANSFERS: Final[TableContract] = table(
    "transfers",
    "Positions and cash moved in or out of the account without a trade.",
    ("account_id", "transfer_key"),
    (
        common.ACCOUNT,
        Field("transfer_key", "id", _TRANSACTION_KEY, nullable=False),
        common.TRANSACTION_ID,
        common.LEVEL,
        Field("type", "text", "ACATS, FOP, INTERNAL, OTC, ...", ("type",)),
        Field(
            "direction", "text", "IN or OUT, seen from the account.", ("direction",), allowed=("IN", "OUT")
        ),
        Field("counter_account", "text", "The account on the other side.", ("account",)),
        Field("company", "text", "The institution on the other side.", ("company", "deliveringBroker")),
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.DESCRIPTION,
        common.ASSET_CLASS,
        common.CURRENCY,
        common.FX_RATE,
        Field("transfer_date", "date", "Day of the transfer.", ("date",)),
        _BOOKED,
        Field("settle_date", "date", "Settlement date.", ("settleDate",)),
        Field("quantity", "exact", "Quantity as the broker signs it: IN +, OUT −.", ("quantity",), "units"),
        Field(
            "transfer_price",
            "exact",
            "Price of the transfer.",
            ("transferPrice",),
            "the row's currency per unit",
        ),
        common.amount("position_amount", "positionAmount", "Market value of the position moved."),
        common.amount(
            "position_amount_base", "positionAmountInBase", "Market value of the position moved.", common.BASE
        ),
        common.amount("cash_transfer", "cashTransfer", "Cash moved."),
        common.amount("pnl_amount", "pnlAmount", "PnL that moves with the position."),
        common.amount("pnl_amount_base", "pnlAmountInBase", "PnL that moves with the position.", common.BASE),
        Field("code", "text", "The broker's codes.", ("code",)),
    ),
)

DIVIDEND_ACCRUALS: Final[TableContract] = table(
    "dividend_accruals",
    "Dividends accrued and not yet paid at the end of a statement's period (section OpenDividendAccruals).",
    ("account_id", "report_date", "accrual_key"),
    (
        common.ACCOUNT,
        Field("report_date", "date", "Last day of the statement's period.", nullable=False),
        Field("accrual_key", "id", "Instrument, ex date, pay date and an occurrence number.", nullable=False),
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.CURRENCY,
        Field("ex_date", "date", "Ex-dividend date.", ("exDate",)),
        Field("pay_date", "date", "Payment date.", ("payDate",)),
        Field("quantity", "exact", "Position that the dividend accrues on.", ("quantity",), "units"),
        common.amount("tax", "tax", "Tax to be withheld."),
        common.amount("fee", "fee", "Fee."),
        Field("gross_rate", "exact", "Dividend per unit.", ("grossRate",), "the row's currency per unit"),
        common.amount("gross_amount", "grossAmount", "Gross dividend."),
        common.amount("net_amount", "netAmount", "Net dividend."),
        common.FX_RATE,
        Field("code", "text", "The broker's codes.", ("code",)),
    ),
)

DIVIDEND_ACCRUAL_CHANGES: Final[TableContract] = table(
    "dividend_accrual_changes",
    "Every posting (Po) and reversal (Re) of a dividend accrual (section ChangeInDividendAccruals).",
    ("account_id", "accrual_change_key"),
    (
        common.ACCOUNT,
        Field(
            "accrual_change_key",
            "id",
            "Identity within the account: a hash of the content and an occurrence.",
            nullable=False,
        ),
        common.LEVEL,
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.ASSET_CLASS,
        common.CURRENCY,
        common.FX_RATE,
        Field(
            "accrual_date",
            "date",
            "Day of the event: the close before the ex date, or the payment.",
            ("date",),
        ),
        _BOOKED,
        Field("ex_date", "date", "Ex-dividend date.", ("exDate",)),
        Field("pay_date", "date", "Payment date.", ("payDate",)),
        Field("quantity", "exact", "Position that the dividend accrues on.", ("quantity",), "units"),
        common.amount("tax", "tax", "Change of the tax to be withheld: + posted, − reversed."),
        common.amount("fee", "fee", "Change of the fee; many documents leave it out."),
        Field("gross_rate", "exact", "Dividend per unit.", ("grossRate",), "the row's currency per unit"),
        common.amount("gross_amount", "grossAmount", "Change of the gross dividend accrued."),
        common.amount("net_amount", "netAmount", "Change of the net dividend accrued."),
        Field("code", "text", "The broker's codes, separated by ; (Po posted, Re reversed).", ("code",)),
    ),
)

_FIFO_AMOUNTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("cost_adjustment", "costAdj", "Cost adjustment."),
    ("realized_st_profit", "realizedSTProfit", "Realised short-term profit."),
    ("realized_st_loss", "realizedSTLoss", "Realised short-term loss."),
    ("realized_lt_profit", "realizedLTProfit", "Realised long-term profit."),
    ("realized_lt_loss", "realizedLTLoss", "Realised long-term loss."),
    ("total_realized_pnl", "totalRealizedPnl", "Realised PnL."),
    ("unrealized_profit", "unrealizedProfit", "Unrealised profit."),
    ("unrealized_loss", "unrealizedLoss", "Unrealised loss."),
    ("unrealized_st_profit", "unrealizedSTProfit", "Unrealised short-term profit."),
    ("unrealized_st_loss", "unrealizedSTLoss", "Unrealised short-term loss."),
    ("unrealized_lt_profit", "unrealizedLTProfit", "Unrealised long-term profit."),
    ("unrealized_lt_loss", "unrealizedLTLoss", "Unrealised long-term loss."),
    ("total_unrealized_pnl", "totalUnrealizedPnl", "Unrealised PnL."),
    ("total_fifo_pnl", "totalFifoPnl", "Realised + unrealised PnL."),
    ("transferred_pnl", "transferredPnl", "PnL that came with transfers."),
)

FIFO_PERFORMANCE: Final[TableContract] = table(
    "fifo_performance",
    "Realised and unrealised PnL by FIFO per instrument and period, with the broker's total rows flagged.",
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
            "is_total", "boolean", "The row is one of the broker's totals, not an instrument.", nullable=False
        ),
        *(common.amount(name, attribute, text, common.BASE) for name, attribute, text in _FIFO_AMOUNTS),
    ),
)
