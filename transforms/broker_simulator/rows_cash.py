"""Rows about cash: cash transactions, statement of funds, transfers, interest accruals, cash report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.calendars import day_range
from transforms.broker_simulator.ledger import Ledger
from transforms.broker_simulator.money import ZERO, text, total
from transforms.broker_simulator.row_heads import money_head
from transforms.broker_simulator.xml_text import PHYSICAL, attributes, day_text, owner, security, stamp

_BEFORE_FX = (
    *("clientFees", "commissions", "commissionCreditsRedemption", "billableCommissions"),
    *("depositWithdrawals", "deposits", "withdrawals", "accountTransfers", "linkingAdjustments"),
    *("internalTransfers", "debitCardActivity", "billPay", "dividends", "insuredDepositInterest"),
    *("brokerInterest", "bondInterest", "cashSettlingMtm", "realizedVm", "realizedForexVm", "cfdCharges"),
    *("netTradesSales", "netTradesPurchases", "advisorFees", "feesReceivables", "paymentInLieu"),
    *("transactionTax", "taxReceivables", "withholdingTax", "withholding871m", "withholdingCollectedTax"),
    *("salesTax", "ipoSubscription"),
)
_AFTER_END = ("excessFundSweep", "brokerFees", "billableSalesTax")
_WITHOUT_TWINS = ("linkingAdjustments",)


def cash_transaction_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """DETAIL rows of the report days, then the SUMMARY rows of equal totals, which carry no id and account
    `-`.
    """
    rows = [row for day in days for row in ledger.cash_rows.get(day, ())]
    for row in rows:
        yield _cash_row(ledger, row, "DETAIL", row.amount)
    sums: dict[tuple[object, ...], list[ev.CashRow]] = {}
    for row in rows:
        key = (row.day, row.currency, row.kind, row.description, row.when.date(), row.settles, row.action_id)
        sums.setdefault(key, []).append(row)
    for same in sums.values():
        yield _cash_row(ledger, same[0], "SUMMARY", total(row.amount for row in same))


def _cash_row(ledger: Ledger, row: ev.CashRow, level: str, amount: Decimal) -> str:
    detail = level == "DETAIL"
    written = attributes(
        (
            ("dateTime", stamp(row.when) if detail and row.has_time else day_text(row.when.date())),
            ("settleDate", day_text(row.settles)),
            ("availableForTradingDate", ""),
            ("amount", text(amount)),
            ("type", row.kind),
            ("tradeID", str(row.trade_id) if row.trade_id else ""),
            ("code", ""),
            ("transactionID", str(row.transaction_id) if detail else ""),
            ("reportDate", day_text(ledger.market.days[row.day])),
            ("exDate", day_text(row.ex_date)),
            ("clientReference", ""),
            ("actionID", str(row.action_id) if row.action_id else ""),
            ("levelOfDetail", level),
        )
    )
    head = money_head(ledger, row.currency, row.day, "" if detail else "-")
    told = security(row.instrument, description=row.description)
    return f"<CashTransaction {head} {told} {written} {PHYSICAL} />"


def funds_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """The statement of funds: once in base currency, closed by the translation of the period, once per
    currency.
    """
    base = ledger.account.base
    opening = _before(ledger, days)
    lines = [line for day in days for line in ledger.funds.get(day, ())]
    start, end = ledger.market.days[days[0]], ledger.market.days[days[-1]]
    balance = opening.nav["cash"]
    yield _balance_row(ledger, base, start, "Starting Balance", balance, "BaseCurrency")
    for line in lines:
        if line.level != "currency":
            rate = ledger.market.rate(line.currency, base, line.day)
            balance += line.amount * rate
            yield _funds_row(ledger, line, base, rate, balance, "BaseCurrency")
    translation = total(close.cash_translation for close in ledger.closes[days[0] : days[-1] + 1])
    if translation:
        balance += translation
        yield _balance_row(
            ledger, base, end, "FX Translations P&L", balance, "BaseCurrency", code="ADJ", amount=translation
        )
    yield _balance_row(ledger, base, end, "Ending Balance", balance, "BaseCurrency")
    for currency in _currencies(ledger, days):
        balance = opening.cash.get(currency, ZERO)
        yield _balance_row(ledger, currency, start, "Starting Balance", balance, "Currency")
        for line in lines:
            if line.level != "base" and line.currency == currency:
                balance += line.amount
                yield _funds_row(ledger, line, currency, Decimal(1), balance, "Currency")
        yield _balance_row(ledger, currency, end, "Ending Balance", balance, "Currency")


def _funds_row(
    ledger: Ledger, line: ev.FundsLine, currency: str, rate: Decimal, balance: Decimal, level: str
) -> str:
    trade = line.execution if line.execution and line.instrument else None
    amount = line.amount * rate
    notes = trade.notes if trade and trade.notes in ("Ex", "A", "Ep", "Ca") else ""
    written = attributes(
        (
            ("reportDate", day_text(ledger.market.days[line.day])),
            ("date", day_text(line.booked)),
            ("settleDate", day_text(line.settles)),
            ("activityCode", line.code),
            ("activityDescription", line.description),
            ("tradeID", str(line.execution.trade_id) if line.execution else ""),
            ("orderID", str(trade.order_id) if trade else ""),
            ("buySell", trade.buy_sell if trade else ""),
            ("tradeQuantity", text(trade.quantity) if trade else "0"),
            ("tradePrice", text(trade.price) if trade else "0"),
            ("tradeGross", text(trade.proceeds * rate) if trade else "0"),
            ("tradeCommission", text(trade.commission * rate) if trade else "0"),
            ("tradeTax", text(trade.taxes * rate) if trade else "0"),
            ("debit", text(amount) if amount < 0 else ""),
            ("credit", text(amount) if amount > 0 else ""),
            ("amount", text(amount)),
            ("tradeCode", notes),
            ("balance", text(balance)),
            ("levelOfDetail", level),
            ("transactionID", str(line.transaction_id)),
        )
    )
    head = money_head(ledger, currency, line.day)
    return f"<StatementOfFundsLine {head} {security(line.instrument)} {written} {PHYSICAL} />"


def _balance_row(
    ledger: Ledger,
    currency: str,
    day: date,
    told: str,
    balance: Decimal,
    level: str,
    code: str = "",
    amount: Decimal = ZERO,
) -> str:
    index = ledger.market.days.index(day)
    written = attributes(
        (
            ("reportDate", day_text(day)),
            ("date", day_text(day)),
            ("settleDate", ""),
            ("activityCode", code),
            ("activityDescription", told),
            ("tradeID", ""),
            ("orderID", ""),
            ("buySell", ""),
            ("tradeQuantity", "0"),
            ("tradePrice", "0"),
            ("tradeGross", "0"),
            ("tradeCommission", "0"),
            ("tradeTax", "0"),
            ("debit", text(amount) if amount < 0 else ""),
            ("credit", text(amount) if amount > 0 else ""),
            ("amount", text(amount)),
            ("tradeCode", ""),
            ("balance", text(balance)),
            ("levelOfDetail", level),
            ("transactionID", ""),
        )
    )
    head = money_head(ledger, currency, index)
    return f"<StatementOfFundsLine {head} {security(None)} {written} {PHYSICAL} />"


def transfer_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """Securities and cash that came in from another broker."""
    for day in days:
        for row in ledger.transfers.get(day, ()):
            reported = day_text(ledger.market.days[day])
            written = attributes(
                (
                    ("reportDate", reported),
                    ("date", reported),
                    ("dateTime", reported),
                    ("settleDate", reported),
                    ("type", row.kind),
                    ("direction", "IN"),
                    ("company", row.company),
                    ("account", "--"),
                    ("accountName", ""),
                    ("deliveringBroker", ""),
                    ("quantity", text(row.quantity)),
                    ("transferPrice", text(row.price)),
                    ("positionAmount", text(row.amount)),
                    ("positionAmountInBase", text(row.amount_in_base)),
                    ("pnlAmount", "0"),
                    ("pnlAmountInBase", "0"),
                    ("fxPnl", "0"),
                    ("cashTransfer", text(row.cash)),
                    ("code", ""),
                    ("clientReference", ""),
                    ("transactionID", str(row.transaction_id)),
                    ("levelOfDetail", "TRANSFER"),
                )
            )
            about = security(row.instrument) if row.instrument else security(None).replace(
                'assetCategory="" subCategory="" symbol=""', 'assetCategory="CASH" subCategory="" symbol="--"'
            )  # fmt: skip
            head = money_head(ledger, row.currency, day)
            yield f"<Transfer {head} {about} {written} {PHYSICAL} />"


def interest_rows(ledger: Ledger, start: date, end: date, days: range) -> Iterator[str]:
    """Interest accruals of the period: in base currency, then by currency."""
    base, opening = ledger.account.base, _before(ledger, days)
    closing = ledger.closes[days[-1]]
    changes = [change for day in days for change in ledger.interest_changes.get(day, ())]
    currencies = sorted(
        {change.currency for change in changes} | set(opening.interest) | set(closing.interest)
    )
    if not currencies:
        return

    def row(currency: str, begin: Decimal, accrued: Decimal, taken: Decimal, finish: Decimal) -> str:
        written = attributes(
            (
                ("currency", currency),
                ("fromDate", day_text(start)),
                ("toDate", day_text(end)),
                ("startingAccrualBalance", text(begin)),
                ("interestAccrued", text(accrued)),
                ("accrualReversal", text(taken)),
                ("fxTranslation", text(finish - begin - accrued - taken)),
                ("endingAccrualBalance", text(finish)),
            )
        )
        return f"<InterestAccrualsCurrency {owner(ledger.account.account_id)} {written} />"

    in_base = [(change, ledger.market.rate(change.currency, base, change.day)) for change in changes]
    yield row(
        "BASE_SUMMARY",
        opening.nav["interestAccruals"],
        total(change.accrued * rate for change, rate in in_base),
        total(change.reversed * rate for change, rate in in_base),
        closing.nav["interestAccruals"],
    )
    for currency in currencies:
        own = [change for change in changes if change.currency == currency]
        yield row(
            currency,
            opening.interest.get(currency, ZERO),
            total(change.accrued for change in own),
            total(change.reversed for change in own),
            closing.interest.get(currency, ZERO),
        )


def cash_report_rows(ledger: Ledger, start: date, end: date, days: range) -> Iterator[str]:
    """The cash report: the summary in base currency (every event at its day's rate), then each currency."""
    opening, closing = _before(ledger, days), ledger.closes[days[-1]]
    month = day_range(ledger.market.days, end.replace(day=1), end)
    year = day_range(ledger.market.days, end.replace(month=1, day=1), end)
    for currency in ("BASE_SUMMARY", *_currencies(ledger, days)):
        in_base = currency == "BASE_SUMMARY"
        begin = opening.nav["cash"] if in_base else opening.cash.get(currency, ZERO)
        finish = closing.nav["cash"] if in_base else closing.cash.get(currency, ZERO)
        sums = [_components(ledger, currency, span) for span in (days, month, year)]
        written = attributes(_report_values(ledger, currency, start, end, days, begin, finish, sums))
        yield f"<CashReportCurrency {owner(ledger.account.account_id)} {written} />"


def _report_values(
    ledger: Ledger,
    currency: str,
    start: date,
    end: date,
    days: range,
    begin: Decimal,
    finish: Decimal,
    sums: list[dict[str, Decimal]],
) -> Iterator[tuple[str, str]]:
    in_base = currency == "BASE_SUMMARY"
    yield "currency", currency
    yield "levelOfDetail", "BaseCurrency" if in_base else "Currency"
    yield "fromDate", day_text(start)
    yield "toDate", day_text(end)
    yield from _twins("startingCash", begin)
    for name in _BEFORE_FX:
        yield from _twins(name, *(amounts.get(name, ZERO) for amounts in sums))
    closes = ledger.closes[days[0] : days[-1] + 1]
    yield from _twins(
        "fxTranslationGainLoss", total(close.cash_translation for close in closes) if in_base else ZERO
    )
    yield from _twins("otherFees", *(amounts.get("otherFees", ZERO) for amounts in sums))
    yield from _twins("other", sums[0].get("other", ZERO))
    yield from _twins("endingCash", finish)
    yield from _twins("endingSettledCash", finish - _unsettled(ledger, currency, end, days))
    for name in _AFTER_END:
        yield from _twins(name, *(amounts.get(name, ZERO) for amounts in sums))


def _twins(name: str, amount: Decimal, *to_date: Decimal) -> Iterator[tuple[str, str]]:
    """A figure with its securities and commodities twins, and month- and year-to-date where the report has
    them.
    """
    yield name, text(amount)
    yield f"{name}Sec", text(amount)
    yield f"{name}Com", "0"
    if to_date and name not in _WITHOUT_TWINS:
        yield f"{name}MTD", text(to_date[0])
        yield f"{name}YTD", text(to_date[1])


def _components(ledger: Ledger, currency: str, days: range) -> dict[str, Decimal]:
    in_base = currency == "BASE_SUMMARY"
    sums: dict[str, Decimal] = {}
    for day in days:
        for (name, component), amount in ledger.closes[day].cash_parts.items():
            if in_base or name == currency:
                rate = ledger.market.rate(name, ledger.account.base, day) if in_base else Decimal(1)
                sums[component] = sums.get(component, ZERO) + amount * rate
    sums["depositWithdrawals"] = sums.get("deposits", ZERO) + sums.get("withdrawals", ZERO)
    return sums


def _unsettled(ledger: Ledger, currency: str, end: date, days: range) -> Decimal:
    """Cash of recent lines that settles after the period, in the currency or in base at the last day's
    rate.
    """
    amount = ZERO
    for day in range(max(days[-1] - 3, 0), days[-1] + 1):
        for line in ledger.funds.get(day, ()):
            if line.level == "base" or line.settles is None or line.settles <= end:
                continue
            if currency == "BASE_SUMMARY":
                amount += line.amount * ledger.market.rate(line.currency, ledger.account.base, days[-1])
            elif line.currency == currency:
                amount += line.amount
    return amount


def _before(ledger: Ledger, days: range) -> ev.DayClose:
    return ledger.closes[days[0] - 1] if days[0] else ledger.before


def _currencies(ledger: Ledger, days: range) -> list[str]:
    """Currencies that held or moved cash in the period."""
    found = set(_before(ledger, days).cash)
    for day in days:
        found |= {currency for currency, _ in ledger.closes[day].cash_parts}
    return sorted(found)
