"""Tables of the Activity Statement about cash: report, transfers, movements by kind, and accruals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from transforms.broker_simulator.activity_table import (
    ASSET_CATEGORIES,
    Lines,
    Told,
    by_currency,
    dashed,
    figure,
    in_base,
    summed,
)
from transforms.broker_simulator.csv_text import thousands
from transforms.broker_simulator.money import ZERO, text, total
from transforms.broker_simulator.told_rows import ToldRow

_REPORT = (
    ("startingCash", "Starting Cash"),
    ("commissions", "Commissions"),
    ("deposits", "Deposits"),
    ("withdrawals", "Withdrawals"),
    ("accountTransfers", "Account Transfers"),
    ("dividends", "Dividends"),
    ("paymentInLieu", "Payment In Lieu of Dividends"),
    ("brokerInterest", "Broker Interest Paid and Received"),
    ("bondInterest", "Bond Interest Paid and Received"),
    ("cashSettlingMtm", "Cash Settling MTM"),
    ("netTradesSales", "Trades (Sales)"),
    ("netTradesPurchases", "Trades (Purchase)"),
    ("withholdingTax", "Withholding Tax"),
    ("transactionTax", "Transaction Fees"),
    ("otherFees", "Other Fees"),
    ("other", "Other"),
    ("fxTranslationGainLoss", "Cash FX Translation Gain/Loss"),
    ("endingCash", "Ending Cash"),
    ("endingSettledCash", "Ending Settled Cash"),
)
_ALWAYS = ("startingCash", "endingCash", "endingSettledCash")
# section: (types of cash transactions, column of the day, whether a subtitle leads and a code follows)
_MOVEMENTS = (
    ("Deposits & Withdrawals", ("Deposits/Withdrawals",), "Settle Date", False, False),
    ("Fees", ("Other Fees",), "Date", True, False),
    ("Dividends", ("Dividends", "Payment In Lieu Of Dividends"), "Date", False, False),
    ("Withholding Tax", ("Withholding Tax",), "Date", False, True),
    (
        "Interest",
        (
            *("Broker Interest Received", "Broker Interest Paid"),
            *("Bond Interest Received", "Bond Interest Paid"),
        ),
        "Date",
        False,
        False,
    ),
)


def cash_report(told: Told) -> Iterator[str]:
    """Starting cash + components = ending cash, in base and then by currency; components of zero left out."""
    lines = Lines("Cash Report", "Currency Summary", "Currency", "Total", "Securities", "Futures", "")
    yield lines.header()
    for row in told["CashReport"]:
        currency = row.values["currency"]
        shown = "Base Currency Summary" if currency == "BASE_SUMMARY" else currency
        left = figure(row, "startingCash") - figure(row, "endingCash")
        for name, label in _REPORT:
            amount = figure(row, name)
            left += amount if name not in _ALWAYS else ZERO
            if amount or name in _ALWAYS:
                yield lines.data((label, shown, text(amount), text(amount), "0", ""))
        if left:
            raise KeyError(f"no line of Cash Report tells of {left} {currency}")


def transfers(told: Told, base: str) -> Iterator[str]:
    """Securities and cash that came in, with sums by currency."""
    lines = Lines(
        "Transfers",
        *("Asset Category", "Currency", "Symbol", "Date", "Type", "Direction", "Xfer Company"),
        *("Xfer Account", "Qty", "Xfer Price", "Market Value", "Realized P/L", "Cash Amount", "Code"),
    )
    groups = by_currency(told["Transfers"], base)
    if not groups:
        return
    yield lines.header()
    for currency, rows in groups.items():
        for row in rows:
            values = row.values
            cash = values["assetCategory"] == "CASH"
            yield lines.data(
                (
                    "Cash" if cash else ASSET_CATEGORIES[values["assetCategory"]],
                    currency,
                    values["symbol"],
                    dashed(values["date"]),
                    values["type"],
                    "In",
                    values["company"],
                    values["account"],
                    "--" if cash else thousands(figure(row, "quantity")),
                    "--",
                    thousands(figure(row, "positionAmount")),
                    "0.00",
                    values["cashTransfer"],
                    "",
                )
            )
        totals = (thousands(summed(rows, "positionAmount")), "0", text(summed(rows, "cashTransfer")), "")
        yield lines.data(("Total", *[""] * 9, *totals))
        if currency != base:
            worth = total(in_base(row, "positionAmount") for row in rows)
            cash_worth = total(in_base(row, "cashTransfer") for row in rows)
            sums = (thousands(worth), "0", text(cash_worth), "")
            yield lines.data((f"Total in {base}", *[""] * 9, *sums))


def movements(told: Told, base: str) -> Iterator[str]:
    """Deposits, fees, dividends, withholding tax and interest: a table each, with sums by currency."""
    rows = [row for row in told["CashTransactions"] if row.values["levelOfDetail"] == "DETAIL"]
    for section, kinds, day_column, subtitle, code in _MOVEMENTS:
        own = [row for row in rows if row.values["type"] in kinds]
        yield from _movements(section, own, base, day_column, subtitle, code)


def _movements(
    section: str, rows: list[ToldRow], base: str, day_column: str, subtitle: bool, code: bool
) -> Iterator[str]:
    if not rows:
        return
    front = ("Subtitle",) if subtitle else ()
    back = ("Code",) if code else ()
    lines = Lines(section, *front, "Currency", day_column, "Description", "Amount", *back)
    day_name = "settleDate" if day_column == "Settle Date" else "dateTime"
    blank = [""] * (2 + len(front))
    yield lines.header()
    for currency, own in by_currency(rows, base).items():
        for row in own:
            day = dashed(row.values[day_name][:8])
            lead = ("Other Fees",) if subtitle else ()
            tail = ("",) if code else ()
            amount = row.values["amount"]
            yield lines.data((*lead, currency, day, row.values["description"], amount, *tail))
        tail = ("",) if code else ()
        yield lines.data(("Total", *blank, text(summed(own, "amount")), *tail))
        if currency != base:
            worth = total(in_base(row, "amount") for row in own)
            yield lines.data((f"Total in {base}", *blank, text(worth), *tail))
    if {row.values["currency"] for row in rows} != {base}:
        worth = total(in_base(row, "amount") for row in rows)
        tail = ("",) if code else ()
        yield lines.data((f"Total {section} in {base}", *blank, text(worth), *tail))


def interest_accruals(told: Told, base: str) -> Iterator[str]:
    """Interest accrued and reversed, in base and by currency."""
    fields = (
        ("startingAccrualBalance", "Starting Accrual Balance"),
        ("interestAccrued", "Interest Accrued"),
        ("accrualReversal", "Accrual Reversal"),
        ("fxTranslation", "FX Translation"),
        ("endingAccrualBalance", "Ending Accrual Balance"),
    )

    def cells() -> Iterator[Iterable[str]]:
        for row in told["InterestAccruals"]:
            currency = row.values["currency"]
            shown = "Base Currency Summary" if currency == "BASE_SUMMARY" else currency
            for name, label in fields:
                yield shown, label, row.values[name]

    yield from Lines("Interest Accruals", "Currency", "Field Name", "Field Value").of(cells())


def dividend_accruals(told: Told, base: str) -> Iterator[str]:
    """Accruals posted and reversed, between the period's first and last balance in base."""
    lines = Lines(
        "Change in Dividend Accruals",
        *("Asset Category", "Currency", "Symbol", "Date", "Ex Date", "Pay Date", "Quantity", "Tax", "Fee"),
        *("Gross Rate", "Gross Amount", "Net Amount", "Code"),
    )
    nav = told["EquitySummaryInBase"]
    groups = by_currency(told["ChangeInDividendAccruals"], base)
    if not groups:
        return
    yield lines.header()
    yield lines.data(_balance("Starting", base, figure(nav[0], "dividendAccruals")))
    for currency, rows in groups.items():
        for row in rows:
            values = row.values
            days = (dashed(values[name]) for name in ("date", "exDate", "payDate"))
            rest = ("quantity", "tax", "fee", "grossRate", "grossAmount", "netAmount", "code")
            category = ASSET_CATEGORIES[values["assetCategory"]]
            yield lines.data((category, currency, values["symbol"], *days, *(values[name] for name in rest)))
        sums = (text(summed(rows, name)) for name in ("grossAmount", "netAmount"))
        yield lines.data(("Total", *[""] * 6, text(summed(rows, "tax")), "0", "", *sums, ""))
    yield lines.data(_balance("Ending", base, figure(nav[-1], "dividendAccruals")))


def _balance(which: str, base: str, amount: Decimal) -> tuple[str, ...]:
    return (f"{which} Dividend Accruals in {base}", *[""] * 10, text(amount), "")
