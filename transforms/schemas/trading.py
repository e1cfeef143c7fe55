"""Contracts of what was traded: trades and closed lots. Holdings are in holdings.py, cash in cash.py."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

_REPORT_DATE: Final = Field(
    "report_date",
    "date",
    "Day the broker books the row on; the trade date where the document does not say it.",
    ("reportDate",),
)
_NOTES: Final = Field(
    "notes", "text", "The broker's codes, separated by ; (Ca, Ex, A, Ep, AFx, ...).", ("notes",)
)

TRADES: Final[TableContract] = table(
    "trades",
    "Every trade once, at the finest level of detail reported; a cancelled trade keeps all its rows.",
    ("account_id", "trade_key"),
    (
        common.ACCOUNT,
        Field(
            "trade_key",
            "id",
            "Identity within the account: the transaction id, else a hash of the content and an occurrence.",
            nullable=False,
        ),
        common.TRANSACTION_ID,
        common.TRADE_ID,
        Field("order_id", "id", "Order id; fills of one order share it.", ("ibOrderID", "orderID")),
        Field("exec_id", "id", "Execution id of the broker; blank on some rows.", ("ibExecID", "execID")),
        Field(
            "level",
            "text",
            "Level of detail the row was reported at; the element's name decides where it is not written.",
            ("levelOfDetail",),
            nullable=False,
        ),
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.DESCRIPTION,
        common.ASSET_CLASS,
        common.CURRENCY,
        Field("trade_at", "instant", "Instant of the trade.", ("dateTime",)),
        Field(
            "trade_at_text", "text", "The trade's date and time as the document writes them.", ("dateTime",)
        ),
        Field(
            "trade_date",
            "date",
            "Trade date as the broker books it (a future's may differ from the clock's).",
            ("tradeDate",),
        ),
        _REPORT_DATE,
        Field("settle_date", "date", "Settlement date.", ("settleDateTarget", "settleDate")),
        Field(
            "transaction_type",
            "text",
            "ExchTrade, BookTrade, TradeCancel, FracShare, FracShareCancel, ...",
            ("transactionType",),
        ),
        Field(
            "side",
            "text",
            "BUY or SELL; a cancel has the side of the trade it cancels.",
            ("buySell",),
            allowed=("BUY", "SELL"),
        ),
        Field("is_cancel", "boolean", "The row cancels an earlier trade.", nullable=False),
        Field("open_close", "text", "O opens, C closes, C;O both.", ("openCloseIndicator",)),
        _NOTES,
        Field("exchange", "text", "Where it was executed.", ("exchange",)),
        Field("order_type", "text", "Order type.", ("orderType",)),
        Field(
            "quantity",
            "exact",
            "Signed quantity: buy +, sell −; for FX the first currency's amount.",
            ("quantity",),
            "units",
        ),
        Field(
            "price",
            "exact",
            "Price of the trade (bonds: percent of par).",
            ("tradePrice",),
            "the row's currency per unit",
        ),
        Field("multiplier", "exact", "Contract multiplier.", ("multiplier",), "units per contract"),
        common.amount("trade_money", "tradeMoney", "Quantity × price × multiplier."),
        common.amount(
            "proceeds",
            "proceeds",
            "Money of the trade, + received; notional for futures and CFDs; the second leg of an FX trade.",
        ),
        Field("commission", "exact", "Commission, − paid.", ("ibCommission",), "commission_currency"),
        Field(
            "commission_currency",
            "text",
            "Currency of the commission; may be a third currency.",
            ("ibCommissionCurrency",),
        ),
        common.amount("taxes", "taxes", "Taxes of the trade, − paid."),
        common.amount(
            "net_cash", "netCash", "Proceeds + commission + taxes for securities; 0 for FX trades."
        ),
        common.amount("accrued_interest", "accruedInt", "Accrued interest of a bond trade; not in net_cash."),
        common.amount(
            "cost", "cost", "Cost basis: of the position opened, or (negative) of the lots closed."
        ),
        common.amount("realized_pnl", "fifoPnlRealized", "Realised PnL by FIFO."),
        common.amount("mtm_pnl", "mtmPnl", "Mark-to-market PnL of the trade against the day's close."),
        Field(
            "close_price",
            "exact",
            "Closing price of the trade's day.",
            ("closePrice",),
            "the row's currency per unit",
        ),
        common.FX_RATE,
        Field(
            "orig_transaction_id",
            "id",
            "Transaction id of the trade that a cancel undoes.",
            ("origTransactionID",),
        ),
    ),
)

CLOSED_LOTS: Final[TableContract] = table(
    "closed_lots",
    "Every closed lot once. Two lots may be alike in every column: an occurrence number keeps both.",
    ("account_id", "lot_key"),
    (
        common.ACCOUNT,
        Field("lot_key", "id", "Hash of the lot's content and an occurrence number.", nullable=False),
        common.TRANSACTION_ID,
        common.TRADE_ID,
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.ASSET_CLASS,
        common.CURRENCY,
        Field("open_at", "instant", "Instant the lot was opened.", ("openDateTime",)),
        Field("close_at", "instant", "Instant the lot was closed.", ("dateTime",)),
        Field("trade_date", "date", "Trade date of the closing trade.", ("tradeDate",)),
        _REPORT_DATE,
        Field("side", "text", "Side of the closing trade.", ("buySell",), allowed=("BUY", "SELL")),
        Field("quantity", "exact", "Quantity closed, as the broker signs it.", ("quantity",), "units"),
        Field(
            "price",
            "exact",
            "Price on the lot's row (the opening trade's).",
            ("tradePrice",),
            "the row's currency per unit",
        ),
        common.amount("cost", "cost", "Cost basis of the lot."),
        common.amount("proceeds", "proceeds", "Proceeds of the lot; often not reported on lots."),
        common.amount("realized_pnl", "fifoPnlRealized", "Realised PnL of the lot."),
        common.FX_RATE,
        _NOTES,
    ),
)

WASH_SALES: Final[TableContract] = table(
    "wash_sales",
    "Every wash-sale row once: a loss that the broker disallows. It is a note to a closed lot and is never netted.",
    ("account_id", "wash_sale_key"),
    (
        common.ACCOUNT,
        Field("wash_sale_key", "id", "Hash of the row's content and an occurrence number.", nullable=False),
        common.TRANSACTION_ID,
        common.TRADE_ID,
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.ASSET_CLASS,
        common.CURRENCY,
        Field("open_at", "instant", "Instant the lot was opened.", ("openDateTime",)),
        Field("close_at", "instant", "Instant of the trade that realised the loss.", ("dateTime",)),
        Field("reopened_at", "instant", "Instant the position was bought again.", ("whenReopened",)),
        Field("trade_date", "date", "Trade date of the closing trade.", ("tradeDate",)),
        _REPORT_DATE,
        Field("side", "text", "Side of the closing trade.", ("buySell",), allowed=("BUY", "SELL")),
        Field("quantity", "exact", "Quantity concerned, as the broker signs it.", ("quantity",), "units"),
        common.amount("cost", "cost", "Cost basis, as the row writes it."),
        common.amount("disallowed_loss", "fifoPnlRealized", "Loss that is disallowed, as the row writes it."),
        common.FX_RATE,
        _NOTES,
    ),
)
