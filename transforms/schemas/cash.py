"""Contracts of cash: transactions, balances of a period, the statement of funds."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

CASH_CATEGORIES: Final[tuple[str, ...]] = (
    "deposit_withdrawal",
    "dividend",
    "payment_in_lieu",
    "withholding_tax",
    "broker_interest",
    "bond_interest",
    "fee",
    "commission_adjustment",
    "price_adjustment",
    "other",
)

CASH_TRANSACTIONS: Final[TableContract] = table(
    "cash_transactions",
    "Every cash transaction once, at the finest level reported; booked on the report date.",
    ("account_id", "cash_key"),
    (
        common.ACCOUNT,
        Field(
            "cash_key",
            "id",
            "Identity within the account: the transaction id, else a hash of the content and an occurrence.",
            nullable=False,
        ),
        common.TRANSACTION_ID,
        Field("trade_id", "id", "Trade that the row belongs to (a bond's accrued interest).", ("tradeID",)),
        Field("action_id", "id", "Corporate action or dividend that the row belongs to.", ("actionID",)),
        common.LEVEL,
        Field("type", "text", "Type in the broker's words.", ("type",)),
        Field("category", "text", "Type in a closed vocabulary.", nullable=False, allowed=CASH_CATEGORIES),
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        common.DESCRIPTION,
        Field("currency", "text", "Currency of the cash; may differ from the security's.", ("currency",)),
        common.amount("amount", "amount", "Amount: + received, − paid; reversals keep the broker's sign."),
        common.FX_RATE,
        Field(
            "paid_at",
            "instant",
            "Instant of the event, which may lie months before the booking.",
            ("dateTime",),
        ),
        Field(
            "report_date",
            "date",
            "Day the broker books the cash on; the date of the event where the document does not say it.",
            ("reportDate",),
        ),
        Field("settle_date", "date", "Settlement date.", ("settleDate",)),
        Field("ex_date", "date", "Ex-dividend date.", ("exDate",)),
        Field("code", "text", "The broker's codes.", ("code",)),
    ),
)

CASH_COMPONENTS: Final[tuple[str, ...]] = (
    "clientFees",
    "commissions",
    "commissionCreditsRedemption",
    "billableCommissions",
    "depositWithdrawals",
    "deposits",
    "withdrawals",
    "accountTransfers",
    "linkingAdjustments",
    "internalTransfers",
    "paxosTransfers",
    "excessFundSweep",
    "debitCardActivity",
    "billPay",
    "dividends",
    "insuredDepositInterest",
    "brokerInterest",
    "brokerFees",
    "bondInterest",
    "cashSettlingMtm",
    "realizedVm",
    "realizedForexVm",
    "cfdCharges",
    "netTradesSales",
    "netTradesPurchases",
    "advisorFees",
    "feesReceivables",
    "paymentInLieu",
    "transactionTax",
    "taxReceivables",
    "withholdingTax",
    "withholding871m",
    "withholdingCollectedTax",
    "salesTax",
    "billableSalesTax",
    "ipoSubscription",
    "referralFee",
    "carbonCredits",
    "donations",
    "fxTranslationGainLoss",
    "otherFees",
    "otherIncome",
    "other",
    "slbStartingCashCollateral",
    "slbNetSecuritiesLentActivity",
    "slbEndingCashCollateral",
    "slbNetCash",
    "slbNetSettledCash",
    "avgCreditBalance",
    "avgDebitBalance",
)

CASH_BALANCES: Final[TableContract] = table(
    "cash_balances",
    "Cash report per account, period and currency: start, end and what moved it. "
    "deposit_withdrawals is deposits + withdrawals, not a third component.",
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
        common.amount("starting_cash", "startingCash", "Cash at the start of the period."),
        common.amount("ending_cash", "endingCash", "Cash at the end of the period."),
        common.amount("ending_settled_cash", "endingSettledCash", "Settled cash at the end of the period."),
        *(
            common.amount(common.snake_case(name), name, f"Component {name} of the cash report.")
            for name in CASH_COMPONENTS
        ),
    ),
)

STATEMENT_OF_FUNDS: Final[TableContract] = table(
    "statement_of_funds",
    "Every line of the statement of funds with its running balance; "
    "a day is taken as a whole from the newest document.",
    ("account_id", "level", "currency", "report_date", "line_ordinal"),
    (
        common.ACCOUNT,
        Field(
            "level",
            "text",
            "BaseCurrency (all cash in base) or Currency (one currency's cash).",
            ("levelOfDetail",),
            nullable=False,
        ),
        Field("currency", "text", "Currency of the line's amounts.", ("currency",), nullable=False),
        Field(
            "report_date", "date", "Day the broker books the line on.", ("reportDate", "date"), nullable=False
        ),
        Field(
            "line_ordinal",
            "integer",
            "Order of the line within its day in the document, from 0.",
            nullable=False,
        ),
        Field("activity_code", "text", "BUY, SELL, DEP, WITH, DIV, FRTAX, CINT, ...", ("activityCode",)),
        Field(
            "activity_description", "text", "What happened, in the broker's words.", ("activityDescription",)
        ),
        common.INSTRUMENT_KEY,
        common.CONID,
        common.SYMBOL,
        Field(
            "trade_quantity", "exact", "Quantity of the trade behind the line.", ("tradeQuantity",), "units"
        ),
        Field("trade_price", "exact", "Price of the trade behind the line.", ("tradePrice",)),
        common.amount("amount", "amount", "Change of the balance."),
        common.amount("debit", "debit", "Amount, if it lowers the balance."),
        common.amount("credit", "credit", "Amount, if it raises the balance."),
        common.amount("balance", "balance", "Balance after the line."),
        common.TRANSACTION_ID,
        common.TRADE_ID,
        Field("settle_date", "date", "Settlement date.", ("settleDate",)),
        common.FX_RATE,
    ),
)
