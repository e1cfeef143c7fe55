"""Contracts of securities lending and borrowing: what was lent, its fees, and fees on borrowed shares."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

_KEY: Final = "Hash of the row's content and an occurrence number."
_CODE: Final = Field("code", "text", "The broker's codes.", ("code",))
_TYPE: Final = Field("type", "text", "Kind of loan or borrowing in the broker's words.", ("type",))
_LOAN: Final = Field("loan_id", "id", "The broker's id of the loan.", ("slbTransactionId",))
_VALUE_DATE: Final = Field("value_date", "date", "Day that the fee is for.", ("valueDate",))
_FEE_RATE: Final = Field("fee_rate_percent", "exact", "Yearly fee rate.", ("feeRate",), "percent")
_EXCHANGE: Final = Field("exchange", "text", "Market of the loan.", ("exchange",))
_FROM: Final = Field("from_account", "text", "Account that the fee comes from.", ("fromAcct",))
_TO: Final = Field("to_account", "text", "Account that the fee goes to.", ("toAcct",))
_INSTRUMENT: Final[tuple[Field, ...]] = (
    common.INSTRUMENT_KEY,
    common.CONID,
    common.SYMBOL,
    common.DESCRIPTION,
    common.ASSET_CLASS,
    common.CURRENCY,
    common.FX_RATE,
)

SLB_ACTIVITIES: Final[TableContract] = table(
    "slb_activities",
    "Loans of securities opened, marked and returned, with the collateral that moved (section SLBActivities).",
    ("account_id", "activity_key"),
    (
        common.ACCOUNT,
        Field("activity_key", "id", _KEY, nullable=False),
        _LOAN,
        _TYPE,
        *_INSTRUMENT,
        Field("report_date", "date", "Day of the activity.", ("date",)),
        Field(
            "activity_description", "text", "What happened, in the broker's words.", ("activityDescription",)
        ),
        _EXCHANGE,
        Field("quantity", "exact", "Quantity lent or returned.", ("quantity",), "units"),
        _FEE_RATE,
        common.amount("collateral_amount", "collateralAmount", "Collateral that moved."),
        Field("mark_quantity", "exact", "Quantity marked to market.", ("markQuantity",), "units"),
        Field(
            "mark_prior_price",
            "exact",
            "Price before the mark.",
            ("markPriorPrice",),
            "the row's currency per unit",
        ),
        Field(
            "mark_current_price",
            "exact",
            "Price after the mark.",
            ("markCurrentPrice",),
            "the row's currency per unit",
        ),
    ),
)

SLB_OPEN_CONTRACTS: Final[TableContract] = table(
    "slb_open_contracts",
    "Loans of securities that are open at the end of a statement's period (section SLBOpenContracts).",
    ("account_id", "report_date", "contract_key"),
    (
        common.ACCOUNT,
        Field("report_date", "date", "Last day of the statement's period.", nullable=False),
        Field("contract_key", "id", "Instrument, loan id and an occurrence number.", nullable=False),
        _LOAN,
        _TYPE,
        Field(
            "level",
            "text",
            "SUMMARY, or DETAIL where no summary stands.",
            ("levelOfDetail",),
        ),
        *_INSTRUMENT,
        Field("contract_date", "date", "Day that the row tells of.", ("date",)),
        _EXCHANGE,
        Field(
            "quantity",
            "exact",
            "Quantity lent (+) or borrowed (−), as the broker signs it.",
            ("quantity",),
            "units",
        ),
        Field("excess_quantity", "exact", "Quantity lent in excess.", ("excessQuantity",), "units"),
        _FEE_RATE,
        common.amount("collateral_amount", "collateralAmount", "Collateral held."),
    ),
)

SLB_FEES: Final[TableContract] = table(
    "slb_fees",
    "Fees earned or paid on loans of securities, by day (section SLBFees); "
    "they are paid monthly, among the cash transactions.",
    ("account_id", "fee_key"),
    (
        common.ACCOUNT,
        Field("fee_key", "id", _KEY, nullable=False),
        Field("unique_id", "id", "The broker's id of the row.", ("uniqueID",)),
        _TYPE,
        *_INSTRUMENT,
        _VALUE_DATE,
        Field("start_date", "date", "Day the loan began.", ("startDate",)),
        Field(
            "report_date",
            "date",
            "The value date, or the loan's first day where the document does not say it.",
            ("valueDate", "startDate"),
        ),
        _EXCHANGE,
        Field("quantity", "exact", "Quantity lent.", ("quantity",), "units"),
        common.amount("collateral_amount", "collateralAmount", "Collateral held."),
        _FEE_RATE,
        common.amount("fee", "fee", "Fee of the day."),
        common.amount("carry_charge", "carryCharge", "Carry charge."),
        common.amount("ticket_charge", "ticketCharge", "Ticket charge."),
        common.amount("total_charges", "totalCharges", "Fee and charges."),
        Field(
            "market_fee_rate_percent",
            "exact",
            "Yearly fee rate of the market.",
            ("marketFeeRate",),
            "percent",
        ),
        common.amount("gross_lend_fee", "grossLendFee", "Fee before the broker's share."),
        Field(
            "net_lend_fee_rate_percent",
            "exact",
            "Yearly fee rate that the customer gets.",
            ("netLendFeeRate",),
            "percent",
        ),
        common.amount("net_lend_fee", "netLendFee", "Fee that the customer gets."),
        _FROM,
        _TO,
        _CODE,
    ),
)

BORROW_FEES: Final[TableContract] = table(
    "borrow_fees",
    "Fees on borrowed shares behind short positions, by day (section HardToBorrowDetails); "
    "they are paid monthly, among the cash transactions.",
    ("account_id", "fee_key"),
    (
        common.ACCOUNT,
        Field("fee_key", "id", _KEY, nullable=False),
        *_INSTRUMENT,
        Field("report_date", "date", "Day that the fee is for.", ("valueDate",)),
        Field("quantity", "exact", "Quantity borrowed.", ("quantity",), "units"),
        Field("price", "exact", "Price of the borrowed share.", ("price",), "the row's currency per unit"),
        common.amount("value", "value", "Value of the borrowed shares."),
        Field("borrow_fee_rate_percent", "exact", "Yearly fee rate.", ("borrowFeeRate",), "percent"),
        common.amount("borrow_fee", "borrowFee", "Fee of the day, − paid."),
        _FROM,
        _TO,
        _CODE,
    ),
)
