"""Rows that add an account up: its information, net asset value by day, and the change in it over the
period.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from transforms.broker_simulator.books import TrueBooks
from transforms.broker_simulator.events import DayClose
from transforms.broker_simulator.ledger import NAV_PARTS, Ledger
from transforms.broker_simulator.money import ZERO, nine_places, text, total
from transforms.broker_simulator.xml_text import attributes, day_text, owner

_EQUITY = (
    *("cash", "brokerCashComponent", "fdicInsuredBankSweepAccountCashComponent", "slbCashCollateral"),
    *("stock", "ipoSubscription", "slbDirectSecuritiesBorrowed", "slbDirectSecuritiesLent", "options"),
    *("bonds", "commodities", "notes", "funds", "dividendAccruals", "interestAccruals"),
    *("brokerInterestAccrualsComponent", "fdicInsuredAccountInterestAccrualsComponent", "softDollars"),
    *("forexCfdUnrealizedPl", "cfdUnrealizedPl"),
)
_SAME_AS = {"brokerCashComponent": "cash", "brokerInterestAccrualsComponent": "interestAccruals"}
CHANGES = (
    *("mtm", "realized", "changeInUnrealized", "costAdjustments", "transferredPnlAdjustments"),
    *("depositsWithdrawals", "internalCashTransfers", "excessFundSweep", "assetTransfers"),
    *("debitCardActivity", "billPay", "grantActivity", "dividends", "withholdingTax", "withholding871m"),
    *("withholdingTaxCollected", "changeInDividendAccruals", "interest", "changeInInterestAccruals"),
    *("advisorFees", "clientFees", "otherFees", "feesReceivables", "commissions"),
    *("commissionCreditsRedemption", "commissionReceivables", "forexCommissions", "transactionTax"),
    *("taxReceivables", "salesTax", "billableSalesTax", "softDollars", "netFxTrading", "fxTranslation"),
    *("linkingAdjustments", "other"),
)


def account_row(ledger: Ledger) -> str:
    """Account information; the holder's name and address are left empty."""
    opened = day_text(ledger.market.days[0])
    written = attributes(
        (
            ("currency", ledger.account.base),
            ("name", ""),
            ("accountType", "Individual"),
            ("customerType", "Individual"),
            ("accountCapabilities", "Margin"),
            ("tradingPermissions", "Stocks,Options,Bonds,Forex,Futures"),
            ("accountRepName", ""),
            ("accountRepPhone", ""),
            ("dateOpened", opened),
            ("dateFunded", opened),
            ("dateClosed", ""),
            *((f"{name}{suffix}", "") for suffix in ("", "ResidentialAddress") for name in _ADDRESS),
            ("masterName", ""),
            ("ibEntity", ledger.account.entity),
            ("primaryEmail", ""),
        )
    )
    return f"<AccountInformation {owner(ledger.account.account_id)} {written} />"


_ADDRESS = ("street", "street2", "city", "state", "country", "postalCode")


def equity_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """Net asset value in base: the business day before the period, then each of its business days."""
    yield _equity_row(ledger, ledger.closes[days[0] - 1] if days[0] else ledger.before)
    for day in days:
        yield _equity_row(ledger, ledger.closes[day])


def _equity_row(ledger: Ledger, close: DayClose) -> str:
    pairs = [("reportDate", day_text(close.reported))]
    for name in _EQUITY:
        part = _SAME_AS.get(name, name)
        pairs += _three(name, close.nav.get(part, ZERO), close.long.get(part, ZERO))
    pairs += _three("total", close.total, total(close.long[part] for part in NAV_PARTS))
    return f"<EquitySummaryByReportDateInBase {owner(ledger.account.account_id)} {attributes(pairs)} />"


def _three(name: str, amount: Decimal, long: Decimal) -> list[tuple[str, str]]:
    return [(name, text(amount)), (f"{name}Long", text(long)), (f"{name}Short", text(amount - long))]


def change_in_nav_row(ledger: Ledger, start: date, end: date) -> str:
    """The change in NAV over the period, exact: startingValue + all components (not twr) = endingValue.

    Positions' results stand in `mtm`; `realized` and `changeInUnrealized`, the other view of the same
    thing, are zero, as in the real document that has this section. What rates did to foreign holdings is
    `fxTranslation`. `twr` is in percent.
    """
    account_id = ledger.account.account_id
    books = TrueBooks({account_id: ledger})
    change = books.change_in_nav(account_id, start, end)
    unknown = change.keys() - {*CHANGES, "startingValue", "endingValue"}
    if unknown:
        raise KeyError(f"no attribute of ChangeInNAV tells of {', '.join(sorted(unknown))}")
    return_percent = nine_places(books.cumulative_twr(account_id, start, end) * 100)
    written = attributes(
        (
            ("fromDate", day_text(start)),
            ("toDate", day_text(end)),
            ("startingValue", text(change["startingValue"])),
            *((name, text(change.get(name, ZERO))) for name in CHANGES),
            ("endingValue", text(change["endingValue"])),
            ("twr", text(return_percent)),
            ("corporateActionProceeds", "0"),
        )
    )
    return f"<ChangeInNAV {owner(account_id)} {written} />"
