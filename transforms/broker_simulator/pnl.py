"""What made an account's value change on a day, by instrument and cause, from the ledger's own events.

Every amount of a day counts at the day's closing rate. No bookings and no rows of documents here.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.ledger import Ledger
from transforms.broker_simulator.market import position_value
from transforms.broker_simulator.money import ZERO

WHOLE_ACCOUNT = ""
_CAUSE_OF_CASH = {
    "Dividends": "dividends",
    "Payment In Lieu Of Dividends": "dividends",
    "Withholding Tax": "withholding",
    "Broker Interest Received": "interest",
    "Broker Interest Paid": "interest",
    "Bond Interest Received": "interest",
    "Bond Interest Paid": "interest",
    "Other Fees": "fees",
}


def explain(ledger: Ledger, day: int) -> dict[tuple[str, str], Decimal]:
    """The result of a closed day in base currency by (instrument, cause); zeros are left out.

    Instruments are conids as text, `CASH:<currency>`, and WHOLE_ACCOUNT for interest accruals.
    """
    told = _Day(ledger, day)
    told.fills()
    told.positions()
    told.cash_rows()
    told.accruals()
    told.translation()
    return {key: amount for key, amount in told.amounts.items() if amount}


class _Day:
    """One day's events, counted one by one."""

    def __init__(self, ledger: Ledger, day: int) -> None:
        self.ledger, self.index = ledger, day
        self.close = ledger.closes[day]
        self.before = ledger.closes[day - 1] if day else ledger.before
        self.amounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def rate(self, currency: str, day: int | None = None) -> Decimal:
        index = self.index if day is None else day
        return self.ledger.market.rate(currency, self.ledger.account.base, index)

    def count(self, instrument: Instrument | str, cause: str, amount: Decimal, currency: str) -> None:
        """Count an amount in its own currency."""
        key = instrument if isinstance(instrument, str) else str(instrument.conid)
        self.amounts[key, cause] += amount * self.rate(currency)

    def fills(self) -> None:
        """Trades against the day's close, with their commissions and taxes."""
        ledger = self.ledger
        for fill in (*ledger.executions.get(self.index, ()), *ledger.plain_orders.get(self.index, ())):
            traded, currency = fill.instrument, fill.instrument.currency
            self.count(traded, "commissions", fill.commission, fill.commission_currency)
            self.count(traded, "taxes", fill.taxes, currency)
            if traded.category == "CASH":
                self.count(traded, "trading", fill.quantity, traded.symbol[:3])
                self.count(traded, "trading", fill.proceeds, traded.symbol[4:])
                continue
            gained = position_value(traded, fill.quantity, ledger.market.price(traded, self.index))
            self.count(traded, "trading", gained + fill.proceeds, currency)
            if traded.category != "FUT":
                # what was bought at the close is no result of the position held over
                self.count(traded, "price", -gained, currency)

    def positions(self) -> None:
        """What was held over: value after, less value before, and less what came in or went out otherwise."""
        ledger = self.ledger
        for held in self.close.held.values():
            self.count(held.instrument, "price", held.value, held.instrument.currency)
        for held in self.before.held.values():
            future = held.instrument.category == "FUT"
            moved = ledger.market.price(held.instrument, self.index) - held.price if future else ZERO
            margin = position_value(held.instrument, held.quantity, moved) if future else -held.value
            self.count(held.instrument, "price", margin, held.instrument.currency)
        for move in ledger.value_moves.get(self.index, ()):
            self.count(move.source, "price", move.amount, move.source.currency)
            self.count(move.target, "price", -move.amount, move.target.currency)
        for leg in ledger.actions.get(self.index, ()):
            self.count(leg.instrument, "price", leg.proceeds, leg.instrument.currency)
        for row in ledger.transfers.get(self.index, ()):
            if row.instrument is not None:
                self.count(row.instrument, "price", -row.amount, row.currency)
                self.count(row.instrument, "fx_translation", row.amount, row.currency)
                self.amounts[str(row.instrument.conid), "fx_translation"] -= row.amount_in_base

    def cash_rows(self) -> None:
        """Dividends, tax, interest and fees that were paid; deposits are no result."""
        for row in self.ledger.cash_rows.get(self.index, ()):
            if row.kind in _CAUSE_OF_CASH:
                self.count(
                    row.instrument or f"CASH:{row.currency}",
                    _CAUSE_OF_CASH[row.kind],
                    row.amount,
                    row.currency,
                )

    def accruals(self) -> None:
        """Dividends posted and reversed, and interest accrued."""
        for change in self.ledger.accrual_changes.get(self.index, ()):
            accrual, sign = change.accrual, -1 if change.code == "Re" else 1
            currency = accrual.instrument.currency
            self.count(accrual.instrument, "dividends", sign * accrual.gross, currency)
            self.count(accrual.instrument, "withholding", -sign * accrual.tax, currency)
        for interest in self.ledger.interest_changes.get(self.index, ()):
            self.count(WHOLE_ACCOUNT, "interest", interest.accrued + interest.reversed, interest.currency)

    def translation(self) -> None:
        """What the new rates did to everything held at the close before."""
        if not self.index:
            return
        for held in self.before.held.values():
            self._translate(str(held.instrument.conid), held.value, held.instrument.currency)
        for accrual in self.before.accruals:
            self._translate(str(accrual.instrument.conid), accrual.net, accrual.instrument.currency)
        for currency, amount in self.before.cash.items():
            self._translate(f"CASH:{currency}", amount, currency)
        for currency, amount in self.before.interest.items():
            self._translate(WHOLE_ACCOUNT, amount, currency)

    def _translate(self, key: str, amount: Decimal, currency: str) -> None:
        self.amounts[key, "fx_translation"] += amount * (
            self.rate(currency) - self.rate(currency, self.index - 1)
        )
