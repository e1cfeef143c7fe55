"""What reaches an account without a trade: deposits, fees, interest, dividends, coupons, transfers.

Booked into the ledger of one account; when any of it happens stands in `life`. Trades stand in `desk`,
corporate actions in `corporate_actions`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.calendars import add_business_days
from transforms.broker_simulator.instruments import BOND, Instrument
from transforms.broker_simulator.ledger import Ledger, at_time
from transforms.broker_simulator.money import ZERO, cents, text

TAX_RATE = {"US": Decimal("0.15"), "DE": Decimal("0.26375")}
CREDIT_RATE, CREDIT_FREE = Decimal("0.028"), Decimal(10_000)
DEBIT_RATE = Decimal("0.061")
# type of cash transaction: (cash report component, change-in-NAV component, statement of funds code)
_CASH_KINDS = {
    "Dividends": ("dividends", "dividends", "DIV"),
    "Payment In Lieu Of Dividends": ("paymentInLieu", "dividends", "PIL"),
    "Withholding Tax": ("withholdingTax", "withholdingTax", "FRTAX"),
    "Broker Interest Received": ("brokerInterest", "interest", "CINT"),
    "Broker Interest Paid": ("brokerInterest", "interest", "DINT"),
    "Bond Interest Received": ("bondInterest", "interest", "INTR"),
    "Bond Interest Paid": ("bondInterest", "interest", "INTP"),
    "Other Fees": ("otherFees", "otherFees", "OFEE"),
    "Deposits/Withdrawals": ("deposits", "depositsWithdrawals", "DEP"),
}


@dataclass(frozen=True)
class Dividend:
    """A dividend of a security: `rate` a share in its currency; `lent`: holders are paid in lieu; `tag`:
    may be corrected.
    """

    instrument: Instrument
    ex_day: int
    pay_date: date
    rate: Decimal
    lent: bool = False
    tag: str = ""


class Servicing:
    """Books what happens to an account besides its trades."""

    def __init__(self, ledger: Ledger, first_reported: dict[str, Decimal]) -> None:
        self.ledger = ledger
        self.first_reported = first_reported
        self._due: dict[int, Dividend] = {}
        self.paid: dict[tuple[int, date], tuple[ev.Accrual, ev.CashRow]] = {}

    # -- cash ------------------------------------------------------------------------------------------------

    def cash(
        self,
        kind: str,
        currency: str,
        amount: Decimal,
        description: str,
        *,
        instrument: Instrument | None = None,
        when: datetime | None = None,
        has_time: bool = False,
        trade_id: int = 0,
        accrual: ev.Accrual | None = None,
    ) -> ev.CashRow:
        """Book a cash transaction of one of IBKR's types, and its line in the statement of funds."""
        ledger = self.ledger
        component, change, code = _CASH_KINDS[kind]
        if kind == "Deposits/Withdrawals" and amount < 0:
            component, code = "withdrawals", "WITH"
        when = when or at_time(ledger.today, 0, 0)
        row = ev.CashRow(
            day=ledger.day,
            currency=currency,
            amount=amount,
            kind=kind,
            description=description,
            when=when,
            has_time=has_time,
            settles=when.date(),
            transaction_id=ledger.next_id(),
            instrument=instrument,
            trade_id=trade_id,
            action_id=accrual.action_id if accrual else 0,
            ex_date=accrual.ex_date if accrual else None,
        )
        ledger.cash_rows[ledger.day].append(row)
        ledger.book_funds(
            ev.FundsLine(
                day=ledger.day,
                currency=currency,
                amount=amount,
                code=code,
                description=description,
                parts=((component, change, amount),),
                transaction_id=row.transaction_id,
                booked=when.date(),
                settles=when.date(),
                instrument=instrument,
            )
        )
        return row

    def deposit(self, currency: str, amount: int | Decimal) -> None:
        """Bring cash in (positive) or take it out."""
        told = (
            "CASH RECEIPTS / ELECTRONIC FUND TRANSFERS"
            if amount > 0
            else "DISBURSEMENT INITIATED BY ACCOUNT HOLDER"
        )
        self.cash("Deposits/Withdrawals", currency, Decimal(amount), told)

    def fee(self, currency: str, amount: str, description: str) -> None:
        """Charge a fee (negative) or refund one."""
        self.cash("Other Fees", currency, Decimal(amount), description)

    # -- interest --------------------------------------------------------------------------------------------

    def interest(self) -> None:
        """Accrue interest on last night's cash; on the third business day of a month pay what last month
        accrued.
        """
        ledger = self.ledger
        prior = ledger.last_close()
        nights = (ledger.today - prior.reported).days
        if self._is_third_business_day():
            self._pay_interest()
        for currency, amount in prior.cash.items():
            bearing = max(amount - CREDIT_FREE, ZERO) if amount > 0 else amount
            accrued = cents(bearing * (CREDIT_RATE if amount > 0 else DEBIT_RATE) * nights / 360)
            if accrued:
                ledger.accrue_interest(currency, accrued, ZERO)

    def _is_third_business_day(self) -> bool:
        days, today = self.ledger.market.days, self.ledger.today
        return (
            sum(
                (day.year, day.month) == (today.year, today.month) for day in days[: self.ledger.day + 1][-4:]
            )
            == 3
        )

    def _pay_interest(self) -> None:
        ledger, today = self.ledger, self.ledger.today
        month_end = today.replace(day=1)
        closes = [close for close in ledger.closes if close.reported < month_end]
        if not closes:
            return
        named = f"{closes[-1].reported:%b-%Y}".upper()
        for currency, amount in closes[-1].interest.items():
            ledger.accrue_interest(currency, ZERO, -amount)
            side, word = ("Received", "CREDIT") if amount > 0 else ("Paid", "DEBIT")
            self.cash(f"Broker Interest {side}", currency, amount, f"{currency} {word} INT FOR {named}")

    # -- dividends and coupons -------------------------------------------------------------------------------

    def go_ex(self, dividend: Dividend) -> None:
        """Accrue a dividend on the shares held at last night's close, long or short."""
        held = self.ledger.last_close().held.get(dividend.instrument.conid)
        if held is None:
            return
        gross = cents(held.quantity * dividend.rate)
        tax = cents(gross * TAX_RATE.get(dividend.instrument.country, ZERO)) if gross > 0 else ZERO
        action_id = 150_000_000 + dividend.ex_day * 100 + dividend.instrument.conid % 100
        accrual = ev.Accrual(
            dividend.instrument,
            self.ledger.today,
            dividend.pay_date,
            held.quantity,
            dividend.rate,
            gross,
            tax,
            gross - tax,
            action_id,
        )
        self.ledger.open_accrual(accrual)
        self._due[action_id] = dividend

    def pay_dividends(self) -> None:
        """Pay what is due today: reverse the accrual, book the gross amount and the tax withheld."""
        due = [accrual for accrual in self.ledger.accruals if accrual.pay_date <= self.ledger.today]
        for accrual in due:
            self._pay(accrual, self._due.pop(accrual.action_id))

    def _pay(self, accrual: ev.Accrual, dividend: Dividend) -> None:
        share, when = accrual.instrument, at_time(accrual.pay_date, 20, 20)
        self.ledger.close_accrual(accrual)
        stem = f"{share.symbol}({share.isin})"
        in_lieu = dividend.lent or accrual.quantity < 0
        kind = "Payment In Lieu Of Dividends" if in_lieu else "Dividends"
        told = (
            f"{stem} PAYMENT IN LIEU OF DIVIDEND"
            if in_lieu
            else f"{stem} CASH DIVIDEND {share.currency} {text(accrual.rate)} PER SHARE"
        )
        gross = self.first_reported.get(dividend.tag, accrual.gross)

        def book(kind: str, amount: Decimal, description: str) -> ev.CashRow:
            return self.cash(
                kind,
                share.currency,
                amount,
                description,
                instrument=share,
                when=when,
                has_time=True,
                accrual=accrual,
            )

        book(kind, gross, f"{told} (Ordinary Dividend)")
        if accrual.tax:
            tax = book("Withholding Tax", -accrual.tax, f"{told} - {share.country} TAX")
            self.paid[share.conid, accrual.pay_date] = (accrual, tax)

    def refund_tax(self, instrument: Instrument, year: int, rate: Decimal) -> None:
        """Reverse the tax withheld on the dividend paid in January of `year` and withhold at the lower
        `rate` instead.

        Both rows keep the dividend's own dateTime; they are booked, and counted, on today's report date.
        """
        for (conid, paid_on), (accrual, tax) in list(self.paid.items()):
            if conid != instrument.conid or (paid_on.year, paid_on.month) != (year, 1):
                continue
            for amount in (-tax.amount, -cents(accrual.gross * rate)):
                self.cash(
                    "Withholding Tax",
                    tax.currency,
                    amount,
                    tax.description,
                    instrument=instrument,
                    when=tax.when,
                    has_time=True,
                    accrual=accrual,
                )

    def coupon(self) -> None:
        """Pay the bond's half-yearly coupon on what was held last night."""
        held = self.ledger.last_close().held.get(BOND.conid)
        if held is not None and BOND.coupon_percent is not None:
            amount = cents(held.quantity * BOND.coupon_percent / 200)
            self.cash(
                "Bond Interest Received",
                "USD",
                amount,
                f"BOND COUPON PAYMENT ({BOND.description})",
                instrument=BOND,
            )

    def accrued_interest(self, trade: ev.Execution) -> None:
        """Pay or receive the interest a traded bond has accrued since its last coupon (30/360), under the
        trade's id.
        """
        traded, coupon_percent = trade.traded, BOND.coupon_percent or ZERO
        months = (traded.month - 5) % 6 - (traded.day < 15)
        days = (months % 6) * 30 + (min(traded.day, 30) - 15) % 30
        amount = -cents(trade.quantity * coupon_percent * days / 36_000)
        side, word = ("Paid", "PURCHASE") if trade.quantity > 0 else ("Received", "SELL")
        self.cash(
            f"Bond Interest {side}",
            "USD",
            amount,
            f"{word} ACCRUED INT {BOND.description}",
            instrument=BOND,
            when=trade.when,
            has_time=True,
            trade_id=trade.trade_id,
        )
        executions = self.ledger.executions[self.ledger.day]
        executions[executions.index(trade)] = replace(trade, accrued=amount)

    # -- transfers -------------------------------------------------------------------------------------------

    def transfer_in(self, kind: str, instrument: Instrument, quantity: int, company: str) -> None:
        """Receive securities from another broker, at today's close."""
        ledger, amount_held = self.ledger, Decimal(quantity)
        price = ledger.market.price(instrument, ledger.day)
        amount = cents(amount_held * price)
        transaction_id = ledger.next_id()
        row = ev.TransferRow(
            day=ledger.day,
            kind=kind,
            currency=instrument.currency,
            company=company,
            instrument=instrument,
            quantity=amount_held,
            price=price,
            amount=amount,
            amount_in_base=cents(amount * ledger.rate(instrument.currency)),
            cash=ZERO,
            transaction_id=transaction_id,
        )
        ledger.book_transfer(row)
        opened = at_time(ledger.today, 0, 0)
        ledger.add_lot(ev.Lot(instrument, amount_held, amount, price, opened, 0, transaction_id))

    def cash_transfer_in(self, kind: str, currency: str, amount: int, company: str) -> None:
        """Receive cash from another broker, together with securities."""
        ledger, cash = self.ledger, Decimal(amount)
        transaction_id = ledger.next_id()
        row = ev.TransferRow(
            ledger.day, kind, currency, company, None, ZERO, ZERO, ZERO, ZERO, cash, transaction_id
        )
        ledger.book_transfer(row)
        ledger.book_funds(
            ev.FundsLine(
                day=ledger.day,
                currency=currency,
                amount=cash,
                code="ACATS",
                description=f"{kind} CASH TRANSFER FROM {company}",
                parts=(("accountTransfers", "assetTransfers", cash),),
                transaction_id=transaction_id,
                booked=ledger.today,
                settles=add_business_days(ledger.today, 0),
            )
        )
