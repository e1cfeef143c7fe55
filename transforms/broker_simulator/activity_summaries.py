"""Tables of the Activity Statement that add an account up: NAV, its change, performance, exchange rates."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.broker_simulator.activity_table import ASSET_CATEGORIES, Lines, Told, figure, summed
from transforms.broker_simulator.money import text
from transforms.broker_simulator.told_rows import ToldRow

_NAV_CLASSES = (
    ("cash", "Cash "),
    ("stock", "Stock"),
    ("options", "Options"),
    ("bonds", "Bonds"),
    ("interestAccruals", "Interest Accruals"),
    ("dividendAccruals", "Dividend Accruals"),
)
_CHANGES = (
    ("mtm", "Mark-to-Market"),
    ("depositsWithdrawals", "Deposits & Withdrawals"),
    ("assetTransfers", "Position Transfers"),
    ("dividends", "Dividends"),
    ("withholdingTax", "Withholding Tax"),
    ("changeInDividendAccruals", "Change in Dividend Accruals"),
    ("interest", "Interest"),
    ("changeInInterestAccruals", "Change in Interest Accruals"),
    ("otherFees", "Other Fees"),
    ("commissions", "Commissions"),
    ("forexCommissions", "Forex Commissions"),
    ("transactionTax", "Transaction Fees"),
    ("netFxTrading", "Net FX Trading"),
    ("fxTranslation", "Other FX Translations"),
)
_FIFO = (
    *("costAdj", "realizedSTProfit", "realizedSTLoss", "realizedLTProfit", "realizedLTLoss"),
    *("totalRealizedPnl", "unrealizedSTProfit", "unrealizedSTLoss", "unrealizedLTProfit"),
    *("unrealizedLTLoss", "totalUnrealizedPnl", "totalFifoPnl"),
)


def net_asset_value(told: Told) -> Iterator[str]:
    """NAV by asset class before the period and at its end, then the time-weighted return in percent."""
    rows = told["EquitySummaryInBase"]
    before, after = rows[0], rows[-1]
    columns = ("Asset Class", "Prior Total", "Current Long", "Current Short", "Current Total", "Change")
    lines = Lines("Net Asset Value", *columns)
    yield lines.header()
    for name, label in (*_NAV_CLASSES, ("total", "Total")):
        prior, now = figure(before, name), figure(after, name)
        if prior or now or name == "total":
            held = (figure(after, f"{name}Long"), figure(after, f"{name}Short"), now, now - prior)
            yield lines.data((label, text(prior), *map(text, held)))
    change = told["ChangeInNAV"][0].values
    yield from Lines("Net Asset Value", "Time Weighted Rate of Return").of([(f"{change['twr']}%",)])


def change_in_nav(told: Told) -> Iterator[str]:
    """Starting value + components = ending value; components of zero are left out."""
    row = told["ChangeInNAV"][0]
    lines = Lines("Change in NAV", "Field Name", "Field Value")
    yield lines.header()
    yield lines.data(("Starting Value", row.values["startingValue"]))
    left = figure(row, "endingValue") - figure(row, "startingValue")
    for name, label in _CHANGES:
        amount = figure(row, name)
        left -= amount
        if amount:
            yield lines.data((label, text(amount)))
    if left:
        raise KeyError(f"no line of Change in NAV tells of {left}")
    yield lines.data(("Ending Value", row.values["endingValue"]))


def mark_to_market(told: Told) -> Iterator[str]:
    """Results by instrument, currencies (balances) as Forex, other income, and the total of all assets."""
    lines = Lines(
        "Mark-to-Market Performance Summary",
        *("Asset Category", "Symbol", "Prior Quantity", "Current Quantity", "Prior Price", "Current Price"),
        *(f"Mark-to-Market P/L {what}" for what in ("Position", "Transaction", "Commissions", "Other")),
        *("Mark-to-Market P/L Total", "Code"),
    )
    amounts = ("priorOpenMtm", "transactionMtm", "commissions", "other", "total")
    rows = told["MTMPerformanceSummaryInBase"]
    yield lines.header()
    for code, category in ASSET_CATEGORIES.items():
        own = [row for row in rows if row.values["assetCategory"] == code]
        for row in own:
            values = row.values
            prices = (values["prevClosePrice"] or "--", values["closePrice"] or "--")
            quantities = (values["prevCloseQuantity"], values["closeQuantity"])
            yield lines.data(
                (category, values["symbol"], *quantities, *prices, *(values[n] for n in amounts), "")
            )
        if own:
            yield lines.data(("Total", *[""] * 5, *(_sum(own, name) for name in amounts), ""))
    for row in rows:
        if not row.values["assetCategory"]:
            told_of = "Total (All Assets)" if row.values["description"] == "Total P/L" else ""
            yield lines.data((told_of or row.values["description"], *[""] * 9, row.values["total"], ""))


def realized_and_unrealized(told: Told) -> Iterator[str]:
    """Realized and unrealized results by instrument in base, with totals by category and of all assets."""
    rows = told["FIFOPerformanceSummaryInBase"]
    if not rows:
        return
    lines = Lines(
        "Realized & Unrealized Performance Summary",
        *("Asset Category", "Symbol", "Cost Adj.", "Realized S/T Profit", "Realized S/T Loss"),
        *("Realized L/T Profit", "Realized L/T Loss", "Realized Total", "Unrealized S/T Profit"),
        *("Unrealized S/T Loss", "Unrealized L/T Profit", "Unrealized L/T Loss", "Unrealized Total"),
        *("Total", "Code"),
    )
    yield lines.header()
    for code, category in ASSET_CATEGORIES.items():
        own = [row for row in rows if row.values["assetCategory"] == code]
        for row in own:
            yield lines.data((category, row.values["symbol"], *(row.values[name] for name in _FIFO), ""))
        if own:
            yield lines.data(("Total", "", *(_sum(own, name) for name in _FIFO), ""))
    for row in rows:
        if not row.values["assetCategory"]:
            yield lines.data(("Total (All Assets)", "", *(row.values[name] for name in _FIFO), ""))


def exchange_rates(told: Told, base: str) -> Iterator[str]:
    """The last day's rates to base of the other currencies."""
    rows = told["ConversionRates"]
    last = rows[-1].values["reportDate"]
    yield from Lines("Base Currency Exchange Rate", "Currency", "Rate").of(
        (row.values["fromCurrency"], row.values["rate"])
        for row in rows
        if row.values["reportDate"] == last and row.values["fromCurrency"] != base
    )


def _sum(rows: list[ToldRow], name: str) -> str:
    return text(summed(rows, name))
