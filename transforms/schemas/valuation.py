"""Contracts of the account's value by day and over a period, and of exchange rates. No holdings here."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

NAV_COMPONENTS: Final[tuple[str, ...]] = (
    "cash",
    "stock",
    "options",
    "bonds",
    "funds",
    "notes",
    "commodities",
    "crypto",
    "physDel",
    "dividendAccruals",
    "interestAccruals",
    "softDollars",
    "ipoSubscription",
    "slbCashCollateral",
    "slbDirectSecuritiesBorrowed",
    "slbDirectSecuritiesLent",
    "forexCfdUnrealizedPl",
    "cfdUnrealizedPl",
    "incentiveCouponAccruals",
    "eventContractInterestAccruals",
    "marginFinancingChargeAccruals",
    "liteSurchargeAccruals",
    "fdicInsuredBankSweepAccount",
    "fdicInsuredAccountInterestAccruals",
)
"""Components that add up to the total."""

NAV_DETAILS: Final[tuple[str, ...]] = (
    "brokerCashComponent",
    "fdicInsuredBankSweepAccountCashComponent",
    "insuredBankDepositRedemptionCashComponent",
    "brokerInterestAccrualsComponent",
    "fdicInsuredAccountInterestAccrualsComponent",
    "bondInterestAccrualsComponent",
    "brokerFeesAccrualsComponent",
)
"""Parts of a component: never added to the total."""

NAV_DAILY: Final[TableContract] = table(
    "nav_daily",
    "Net asset value per account and day, by component, in base currency.",
    ("account_id", "report_date"),
    (
        common.ACCOUNT,
        common.REPORT_DATE,
        Field(
            "previous_report_date",
            "date",
            "Day of the row before this one in the same statement; over documents the closest known.",
        ),
        Field("currency", "text", "Base currency, where the section says it.", ("currency",)),
        *(
            common.amount(
                common.snake_case(name), name, f"Component {name} of the net asset value.", common.BASE
            )
            for name in NAV_COMPONENTS
        ),
        *(
            common.amount(common.snake_case(name), name, f"{name}: part of a component.", common.BASE)
            for name in NAV_DETAILS
        ),
        common.amount("total", "total", "Net asset value.", common.BASE),
    ),
)

NAV_CHANGE_COMPONENTS: Final[tuple[str, ...]] = (
    "mtm",
    "realized",
    "changeInUnrealized",
    "costAdjustments",
    "transferredPnlAdjustments",
    "depositsWithdrawals",
    "internalCashTransfers",
    "excessFundSweep",
    "assetTransfers",
    "debitCardActivity",
    "billPay",
    "grantActivity",
    "dividends",
    "withholdingTax",
    "withholding871m",
    "withholdingTaxCollected",
    "changeInDividendAccruals",
    "interest",
    "changeInInterestAccruals",
    "changeInIncentiveCouponAccruals",
    "advisorFees",
    "brokerFees",
    "changeInBrokerFeeAccruals",
    "clientFees",
    "otherFees",
    "otherIncome",
    "feesReceivables",
    "commissions",
    "commissionCreditsRedemption",
    "commissionReceivables",
    "forexCommissions",
    "transactionTax",
    "taxReceivables",
    "salesTax",
    "billableSalesTax",
    "softDollars",
    "netFxTrading",
    "fxTranslation",
    "linkingAdjustments",
    "corporateActionProceeds",
    "referralFee",
    "carbonCredits",
    "donations",
    "paxosTransfers",
    "mtmAtPaxos",
    "commissionsAtPaxos",
    "other",
)

CHANGE_IN_NAV: Final[TableContract] = table(
    "change_in_nav",
    "Change of the net asset value over a period by cause. "
    "mtm, and realized + change_in_unrealized, are two views of one thing.",
    ("account_id", "period_start_date", "period_end_date"),
    (
        common.ACCOUNT,
        common.PERIOD_START,
        common.PERIOD_END,
        Field("currency", "text", "Base currency, where the section says it.", ("currency",)),
        common.amount("starting_value", "startingValue", "Net asset value before the period.", common.BASE),
        *(
            common.amount(
                common.snake_case(name),
                name,
                f"Component {name} of the change in net asset value.",
                common.BASE,
            )
            for name in NAV_CHANGE_COMPONENTS
        ),
        common.amount(
            "ending_value", "endingValue", "Net asset value at the end of the period.", common.BASE
        ),
        common.amount("twr_percent", "twr", "The broker's time-weighted return of the period.", "percent"),
    ),
)

FX_RATES: Final[TableContract] = table(
    "fx_rates",
    "Closing exchange rates per day; a rate of −1 means missing and makes no row.",
    ("rate_date", "from_currency", "to_currency"),
    (
        Field("rate_date", "date", "Day of the rate.", ("reportDate",), nullable=False),
        Field("from_currency", "text", "Currency that is converted.", ("fromCurrency",), nullable=False),
        Field("to_currency", "text", "Currency it is converted to.", ("toCurrency",), nullable=False),
        Field(
            "rate",
            "exact",
            "Units of to_currency per unit of from_currency.",
            ("rate",),
            "to_currency per from_currency",
            nullable=False,
        ),
    ),
)
