"""Contracts of what stands around trades: option events, confirmations, wash sales. Trades are in trading.py."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

_KEY: Final = "Hash of the row's content and an occurrence number."

OPTION_EVENTS: Final[TableContract] = table(
    "option_events",
    "Expiries, exercises and assignments, with the trade in the underlying (section OptionEAE). "
    "Trades hold the same money: never add the two.",
    ("account_id", "event_key"),
    (
        common.ACCOUNT,
        Field("event_key", "id", _KEY, nullable=False),
        Field("trade_id", "id", "Trade that books the event.", ("tradeID",)),
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.DESCRIPTION,
        common.ASSET_CLASS,
        Field("underlying_conid", "conid", "Contract id of the underlying.", ("underlyingConid",)),
        common.CURRENCY,
        common.FX_RATE,
        Field("report_date", "date", "Day of the event.", ("date",)),
        Field(
            "event_type",
            "text",
            "Expiration, Exercise, Assignment, or Buy and Sell of the underlying.",
            ("transactionType",),
        ),
        Field("quantity", "exact", "Signed quantity: + added, − removed.", ("quantity",), "units"),
        Field("multiplier", "exact", "Contract multiplier.", ("multiplier",), "units per contract"),
        Field("price", "exact", "Price of the booking.", ("tradePrice",), "the row's currency per unit"),
        Field("mark_price", "exact", "Closing price.", ("markPrice",), "the row's currency per unit"),
        common.amount("proceeds", "proceeds", "Money of the booking."),
        common.amount("commission_and_tax", "commisionsAndTax", "Commission and taxes, − paid."),
        common.amount("cost_basis", "costBasis", "Cost basis of the position closed or opened."),
        common.amount("realized_pnl", "realizedPnl", "Realised PnL."),
        common.amount("mtm_pnl", "mtmPnl", "Mark-to-market PnL."),
    ),
)

TRADE_CONFIRMATIONS: Final[TableContract] = table(
    "trade_confirmations",
    "Trade confirmations at the finest level reported: minutes after the trade, before any statement. "
    "They have no cost basis and no PnL.",
    ("account_id", "confirmation_key"),
    (
        common.ACCOUNT,
        Field(
            "confirmation_key",
            "id",
            "Identity within the account: the transaction id, else a hash of the content and an occurrence.",
            nullable=False,
        ),
        common.TRANSACTION_ID,
        common.TRADE_ID,
        Field("order_id", "id", "Order id; fills of one order share it.", ("orderID", "ibOrderID")),
        Field("exec_id", "id", "Execution id of the broker.", ("execID", "ibExecID")),
        Field("level", "text", common.LEVEL.description, ("levelOfDetail",), nullable=False),
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.DESCRIPTION,
        common.ASSET_CLASS,
        common.CURRENCY,
        common.FX_RATE,
        Field("trade_at", "instant", "Instant of the trade.", ("dateTime",)),
        Field(
            "trade_at_text", "text", "The trade's date and time as the document writes them.", ("dateTime",)
        ),
        Field("trade_date", "date", "Trade date as the broker books it.", ("tradeDate",)),
        Field(
            "report_date",
            "date",
            "Day the broker books the row on; the trade date where the document does not say it.",
            ("reportDate",),
        ),
        Field("settle_date", "date", "Settlement date.", ("settleDate", "settleDateTarget")),
        Field("transaction_type", "text", "ExchTrade, BookTrade, TradeCancel, ...", ("transactionType",)),
        Field(
            "side",
            "text",
            "BUY or SELL; a cancel has the side of the trade it cancels.",
            ("buySell",),
            allowed=("BUY", "SELL"),
        ),
        Field("is_cancel", "boolean", "The row cancels an earlier execution.", nullable=False),
        Field("notes", "text", "The broker's codes, separated by ;.", ("code", "notes")),
        Field("exchange", "text", "Where it was executed.", ("exchange",)),
        Field("order_type", "text", "Order type.", ("orderType",)),
        Field("quantity", "exact", "Signed quantity: buy +, sell −.", ("quantity",), "units"),
        Field(
            "price", "exact", "Price of the trade.", ("price", "tradePrice"), "the row's currency per unit"
        ),
        Field("multiplier", "exact", "Contract multiplier.", ("multiplier",), "units per contract"),
        Field(
            "trade_money",
            "exact",
            "Quantity × price × multiplier.",
            ("amount", "tradeMoney"),
            common.ROW_CURRENCY,
        ),
        common.amount("proceeds", "proceeds", "Money of the trade, + received."),
        Field(
            "commission",
            "exact",
            "Commission, − paid.",
            ("commission", "ibCommission"),
            "commission_currency",
        ),
        Field(
            "commission_currency",
            "text",
            "Currency of the commission.",
            ("commissionCurrency", "ibCommissionCurrency"),
        ),
        Field("taxes", "exact", "Taxes of the trade, − paid.", ("tax", "taxes"), common.ROW_CURRENCY),
        common.amount("net_cash", "netCash", "Proceeds + commission + taxes for securities."),
        common.amount("accrued_interest", "accruedInt", "Accrued interest of a bond trade."),
    ),
)

WASH_SALES: Final[TableContract] = table(
    "wash_sales",
    "Losses that a wash sale disallows, a row per lot (rows WASH_SALE of Trades): "
    "a trade's realised PnL is that of its closed lots plus these.",
    ("account_id", "wash_sale_key"),
    (
        common.ACCOUNT,
        Field("wash_sale_key", "id", _KEY, nullable=False),
        common.TRANSACTION_ID,
        common.TRADE_ID,
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.ASSET_CLASS,
        common.CURRENCY,
        Field("open_at", "instant", "Instant the lot was opened.", ("openDateTime",)),
        Field("close_at", "instant", "Instant the lot was closed.", ("dateTime",)),
        Field("realized_at", "instant", "Instant the loss was realised.", ("whenRealized",)),
        Field("reopened_at", "instant", "Instant the position was bought back.", ("whenReopened",)),
        Field(
            "holding_period_at",
            "instant",
            "Instant that the holding period counts from.",
            ("holdingPeriodDateTime",),
        ),
        Field("trade_date", "date", "Trade date of the closing trade.", ("tradeDate",)),
        Field(
            "report_date",
            "date",
            "Day the broker books the row on; the trade date where the document does not say it.",
            ("reportDate",),
        ),
        Field("side", "text", "Side of the closing trade.", ("buySell",), allowed=("BUY", "SELL")),
        Field("quantity", "exact", "Quantity that the wash sale concerns.", ("quantity",), "units"),
        Field("price", "exact", "Price on the row.", ("tradePrice",), "the row's currency per unit"),
        common.amount("cost", "cost", "Cost basis moved to the new lot."),
        common.amount("realized_pnl", "fifoPnlRealized", "Loss disallowed, as the broker signs it."),
        common.FX_RATE,
        Field("notes", "text", "The broker's codes, separated by ;.", ("notes",)),
    ),
)
