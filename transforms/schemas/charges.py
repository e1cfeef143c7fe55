"""Contracts of taxes, fees and card payments that have a section of their own. Cash transactions are in cash.py."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

_CONTENT_KEY: Final = "Hash of the row's content and an occurrence number."
_KEY: Final = "Identity within the account: the transaction id, else a hash of the content and an occurrence."
_CODE: Final = Field("code", "text", "The broker's codes.", ("code",))


def _booked(*attributes: str) -> Field:
    return Field(
        "report_date",
        "date",
        "Day the broker books the row on; the date of the event where the document does not say it.",
        attributes,
    )


_INSTRUMENT: Final[tuple[Field, ...]] = (
    common.INSTRUMENT_KEY,
    common.CONID,
    common.SYMBOL,
    common.DESCRIPTION,
    common.ASSET_CLASS,
    common.CURRENCY,
    common.FX_RATE,
)

TRANSACTION_TAXES: Final[TableContract] = table(
    "transaction_taxes",
    "Taxes on trades (stamp duty, financial transaction taxes) at the finest level reported; "
    "the trades' own taxes may hold the same money.",
    ("account_id", "tax_key"),
    (
        common.ACCOUNT,
        Field("tax_key", "id", _KEY, nullable=False),
        common.TRANSACTION_ID,
        Field("trade_id", "id", "Trade that is taxed.", ("tradeId", "tradeID")),
        common.LEVEL,
        *_INSTRUMENT,
        Field("tax_date", "date", "Day of the tax.", ("date",)),
        _booked("reportDate", "date"),
        Field("tax_description", "text", "The tax in the broker's words.", ("taxDescription",)),
        Field("quantity", "exact", "Quantity taxed.", ("quantity",), "units"),
        Field("price", "exact", "Price of the trade.", ("tradePrice",), "the row's currency per unit"),
        common.amount("tax_amount", "taxAmount", "Tax, − paid."),
        Field("tax_source", "text", "Where the tax comes from, in the broker's words.", ("source",)),
        _CODE,
    ),
)

SALES_TAXES: Final[TableContract] = table(
    "sales_taxes",
    "Sales taxes (VAT, GST) on fees and interest; they are not among the cash transactions.",
    ("account_id", "tax_key"),
    (
        common.ACCOUNT,
        Field("tax_key", "id", _KEY, nullable=False),
        common.TRANSACTION_ID,
        *_INSTRUMENT,
        _booked("date"),
        Field("country", "text", "Country that levies the tax.", ("country",)),
        Field("tax_type", "text", "Kind of tax.", ("taxType",)),
        Field("payer", "text", "Account that pays.", ("payer",)),
        Field(
            "taxable_description", "text", "What is taxed, in the broker's words.", ("taxableDescription",)
        ),
        common.amount("taxable_amount", "taxableAmount", "Amount that is taxed."),
        Field("tax_rate", "exact", "Rate of the tax.", ("taxRate",), "fraction"),
        common.amount("sales_tax", "salesTax", "Tax, − paid."),
        Field(
            "taxable_transaction_id",
            "id",
            "Transaction id of the cash transaction that is taxed.",
            ("taxableTransactionID",),
        ),
        _CODE,
    ),
)

CLIENT_FEES: Final[TableContract] = table(
    "client_fees",
    "Fees that an introducing broker or adviser charges a client, by trade and kind (section ClientFees).",
    ("account_id", "fee_key"),
    (
        common.ACCOUNT,
        Field("fee_key", "id", _KEY, nullable=False),
        common.LEVEL,
        Field("fee_type", "text", "Kind of fee.", ("feeType",)),
        Field("description", "text", "Description as the row writes it.", ("description",)),
        common.SYMBOL,
        common.ASSET_CLASS,
        common.CURRENCY,
        common.FX_RATE,
        _booked("date"),
        Field("settle_date", "date", "Settlement date.", ("settleDate",)),
        common.TRADE_ID,
        Field("exec_id", "id", "Execution id of the trade.", ("execID",)),
        Field("side", "text", "BUY or SELL, as the row writes it.", ("buySell",)),
        Field("quantity", "exact", "Quantity of the trade.", ("quantity",), "units"),
        Field("price", "exact", "Price of the trade.", ("tradePrice",), "the row's currency per unit"),
        common.amount("proceeds", "proceeds", "Money of the trade."),
        common.amount("revenue", "revenue", "Fee charged to the client."),
        common.amount("revenue_base", "revenueInBase", "Fee charged to the client.", common.BASE),
        common.amount("expense", "expense", "What of it goes to the broker."),
        common.amount("expense_base", "expenseInBase", "What of it goes to the broker.", common.BASE),
        common.amount("net", "net", "Revenue less expense."),
        common.amount("net_base", "netInBase", "Revenue less expense.", common.BASE),
        Field("expense_indicator", "text", "Who bears the expense.", ("expenseIndicator",)),
    ),
)

CLIENT_FEE_DETAILS: Final[TableContract] = table(
    "client_fee_details",
    "What a client's fee on an execution is made of (section ClientFeesDetail).",
    ("account_id", "fee_key"),
    (
        common.ACCOUNT,
        Field("fee_key", "id", _CONTENT_KEY, nullable=False),
        common.LEVEL,
        common.CURRENCY,
        common.FX_RATE,
        _booked("date"),
        common.TRADE_ID,
        Field("exec_id", "id", "Execution id of the trade.", ("execID",)),
        common.amount("total_revenue", "totalRevenue", "Fee charged to the client."),
        common.amount("total_commission", "totalCommission", "Commission of the execution."),
        common.amount("broker_execution_charge", "brokerExecutionCharge", "Execution charge of the broker."),
        common.amount("clearing_charge", "clearingCharge", "Clearing charge."),
        common.amount(
            "third_party_execution_charge", "thirdPartyExecutionCharge", "Execution charge of third parties."
        ),
        common.amount(
            "third_party_regulatory_charge",
            "thirdPartyRegulatoryCharge",
            "Regulatory charge of third parties.",
        ),
        common.amount(
            "finra_trading_activity_fee", "regFINRATradingActivityFee", "Trading activity fee of FINRA."
        ),
        common.amount(
            "section_31_transaction_fee", "regSection31TransactionFee", "Section 31 fee of the SEC."
        ),
        common.amount("other_regulatory_fee", "regOther", "Other regulatory fees."),
        common.amount("other", "other", "Other charges."),
        common.amount("total_net", "totalNet", "Revenue less charges."),
        common.amount("total_net_base", "totalNetInBase", "Revenue less charges.", common.BASE),
    ),
)

CFD_CHARGES: Final[TableContract] = table(
    "cfd_charges",
    "Financing, dividends and other charges on contracts for difference; "
    "they are not among the cash transactions.",
    ("account_id", "charge_key"),
    (
        common.ACCOUNT,
        Field("charge_key", "id", _KEY, nullable=False),
        Field("transaction_id", "id", common.TRANSACTION_ID.description, ("transactionID", "transactionId")),
        common.TRADE_ID,
        *_INSTRUMENT,
        Field(
            "activity_description",
            "text",
            "What was charged, in the broker's words.",
            ("activityDescription",),
        ),
        Field("charged_at", "instant", "Instant of the charge.", ("dateTime",)),
        _booked("reportDate", "date"),
        common.amount("received", "received", "Amount received."),
        common.amount("paid", "paid", "Amount paid."),
        Field(
            "amount",
            "exact",
            "Received + paid: + received, − paid.",
            ("total", "amount"),
            common.ROW_CURRENCY,
        ),
        _CODE,
    ),
)

DEBIT_CARD_ACTIVITIES: Final[TableContract] = table(
    "debit_card_activities",
    "Payments with the broker's debit card; rows in base (BASE_SUMMARY) only where no currency's row "
    "reports the same.",
    ("account_id", "activity_key"),
    (
        common.ACCOUNT,
        Field("activity_key", "id", _CONTENT_KEY, nullable=False),
        Field("currency", "text", "Currency of the amount, or BASE_SUMMARY.", ("currency",)),
        common.FX_RATE,
        Field("status", "text", "Authorised, settled, declined, in the broker's words.", ("status",)),
        Field("category", "text", "Kind of merchant.", ("category",)),
        Field("merchant", "text", "Merchant and place.", ("merchantNameLocation",)),
        Field("transaction_at", "instant", "Instant of the payment.", ("transactionDateTime",)),
        Field("posting_date", "date", "Day the payment was posted.", ("postingDate",)),
        _booked("reportDate", "postingDate"),
        common.amount("amount", "amount", "Amount, − paid."),
    ),
)
