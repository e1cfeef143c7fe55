"""Rows of the smaller sections: corporate actions, option events, dividend accruals, securities and rates."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.ledger import Ledger
from transforms.broker_simulator.market import CURRENCIES
from transforms.broker_simulator.money import cents, text
from transforms.broker_simulator.row_heads import money_head
from transforms.broker_simulator.xml_text import PHYSICAL, attributes, day_text, security, stamp


def corporate_action_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """DETAIL rows of the report days, then the SUMMARY rows that say the same for account `-` without an
    id.
    """
    legs = [leg for day in days for leg in ledger.actions.get(day, ())]
    for level in ("DETAIL", "SUMMARY"):
        for leg in legs:
            yield _leg_row(ledger, leg, level)


def _leg_row(ledger: Ledger, leg: ev.ActionLeg, level: str) -> str:
    detail = level == "DETAIL"
    written = attributes(
        (
            ("reportDate", day_text(ledger.market.days[leg.day])),
            ("dateTime", stamp(leg.when) if detail else day_text(leg.when.date())),
            ("actionDescription", leg.description),
            ("amount", text(-leg.proceeds)),
            ("proceeds", text(leg.proceeds)),
            ("value", text(leg.value)),
            ("quantity", text(leg.quantity)),
            ("costBasis", ""),
            ("fifoPnlRealized", text(leg.realized)),
            ("mtmPnl", text(leg.mtm)),
            ("code", ""),
            ("type", leg.kind),
            ("transactionID", str(leg.transaction_id) if detail else ""),
            ("actionID", str(leg.action_id)),
            ("levelOfDetail", level),
        )
    )
    head = money_head(ledger, leg.instrument.currency, leg.day, "" if detail else "-")
    about = security(leg.instrument, symbol=leg.symbol, description=leg.description)
    return f"<CorporateAction {head} {about} {written} {PHYSICAL} />"


def option_event_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """Expiries, exercises and assignments, with thousands commas as IBKR writes this section."""
    for day in days:
        for event in ledger.option_events.get(day, ()):
            trade = event.execution
            written = attributes(
                (
                    ("date", day_text(trade.traded)),
                    ("transactionType", event.label),
                    ("quantity", text(trade.quantity)),
                    ("tradePrice", f"{trade.price:,.4f}"),
                    ("markPrice", f"{trade.close_price:,.4f}"),
                    ("proceeds", _commas(trade.proceeds)),
                    ("commisionsAndTax", _commas(trade.commission + trade.taxes)),
                    ("costBasis", _commas(trade.cost)),
                    ("realizedPnl", _commas(trade.realized)),
                    ("fxPnl", "0.00"),
                    ("mtmPnl", _commas(trade.mtm)),
                    ("tradeID", str(trade.trade_id)),
                )
            )
            head = money_head(ledger, trade.instrument.currency, day)
            yield f"<OptionEAE {head} {security(trade.instrument)} {written} {PHYSICAL} />"


def _commas(amount: Decimal) -> str:
    return f"{cents(amount) or Decimal('0.00'):,.2f}"


def accrual_change_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """Dividend accruals posted (`Po`) and reversed (`Re`) on the report days."""
    for day in days:
        for change in ledger.accrual_changes.get(day, ()):
            accrual, back = change.accrual, change.code == "Re"
            head = money_head(ledger, accrual.instrument.currency, day)
            when = f'reportDate="{day_text(ledger.market.days[day])}" date="{day_text(change.booked)}"'
            told = _accrual_values(accrual, -1 if back else 1, change.code)
            about = security(accrual.instrument)
            yield f"<ChangeInDividendAccrual {head} {about} {when} {told} {PHYSICAL} />"


def open_accrual_rows(ledger: Ledger, day: int) -> Iterator[str]:
    """Dividends declared and not yet paid at the close of a day."""
    for accrual in ledger.closes[day].accruals:
        head = money_head(ledger, accrual.instrument.currency, day)
        told = _accrual_values(accrual, 1, "")
        yield f"<OpenDividendAccrual {head} {security(accrual.instrument)} {told} {PHYSICAL} />"


def _accrual_values(accrual: ev.Accrual, sign: int, code: str) -> str:
    return attributes(
        (
            ("exDate", day_text(accrual.ex_date)),
            ("payDate", day_text(accrual.pay_date)),
            ("quantity", text(accrual.quantity)),
            ("tax", text(accrual.tax * sign)),
            ("fee", "0"),
            ("grossRate", text(accrual.rate)),
            ("grossAmount", text(accrual.gross * sign)),
            ("netAmount", text(accrual.net * sign)),
            ("code", code),
            ("fromAcct", ""),
            ("toAcct", ""),
        )
    )


def security_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """Every security that the document names, once."""
    for _, instrument in sorted(_named(ledger, days).items()):
        under = instrument.underlying
        written = attributes(
            (
                ("maturity", day_text(instrument.maturity)),
                ("issueDate", ""),
                ("underlyingCategory", under.category if under else ""),
                ("settlementPolicyMethod", "Delivery" if instrument.category == "OPT" else ""),
                ("code", ""),
            )
        )
        yield f'<SecurityInfo currency="{instrument.currency}" {security(instrument)} {written} {PHYSICAL} />'


def _named(ledger: Ledger, days: range) -> dict[int, Instrument]:
    found: dict[int, Instrument] = {}
    if days[0]:
        found |= {conid: held.instrument for conid, held in ledger.closes[days[0] - 1].held.items()}
    for day in days:
        close = ledger.closes[day]
        facts = (
            *close.held.values(),
            *close.accruals,
            *ledger.executions.get(day, ()),
            *ledger.plain_orders.get(day, ()),
            *ledger.actions.get(day, ()),
            *ledger.cash_rows.get(day, ()),
        )
        found |= {fact.instrument.conid: fact.instrument for fact in facts if fact.instrument}
    return {conid: instrument for conid, instrument in found.items() if instrument.category != "CASH"}


def rate_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """Closing rates of every business day of the period, all currencies to base."""
    base = ledger.account.base
    for day in days:
        for currency in CURRENCIES:
            written = attributes(
                (
                    ("reportDate", day_text(ledger.market.days[day])),
                    ("fromCurrency", currency),
                    ("toCurrency", base),
                    ("rate", text(ledger.market.rate(currency, base, day))),
                )
            )
            yield f"<ConversionRate {written} />"
