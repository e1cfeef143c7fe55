"""The trading desk: fills, cancels, futures' margin and what becomes of options, booked into one account's
ledger.

Dividends, interest, deposits and corporate actions stand in `servicing`; when anything happens stands in
`life`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from random import Random

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.calendars import add_business_days
from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.ledger import Ledger, at_time
from transforms.broker_simulator.market import position_value
from transforms.broker_simulator.money import CENT, ZERO, on_grid, text

TICK = {"STK": CENT, "OPT": CENT, "FUT": Decimal("0.25"), "BOND": Decimal("0.001")}
STAMP_DUTY = Decimal("0.005")
_VENUE = {"USD": "NASDAQ", "EUR": "IBIS", "GBP": "LSE"}


class Desk:
    """Books trades of one account. `first_reported` names the facts that were reported with another figure
    at first.
    """

    def __init__(self, ledger: Ledger, seed: int, first_reported: dict[str, Decimal]) -> None:
        self.ledger = ledger
        self.market = ledger.market
        self.random = Random(f"{seed}:life:{ledger.account.account_id}")
        self.first_reported = first_reported
        self.known: dict[str, ev.Execution] = {}

    @property
    def today(self) -> date:
        """The open business day."""
        return self.ledger.today

    def close_price(self, instrument: Instrument) -> Decimal:
        """Today's closing price."""
        return self.market.price(instrument, self.ledger.day)

    def fill_price(self, instrument: Instrument) -> Decimal:
        """A price within 0.8 % of the close, on the instrument's tick."""
        tick = TICK[instrument.category]
        near = self.close_price(instrument) * (1_000_000 + self.random.randint(-8_000, 8_000)) / 1_000_000
        return max(int(near / tick) * tick, tick)

    def some_time(self) -> datetime:
        """A moment of the trading day (European shares trade in the New York morning)."""
        return at_time(
            self.today, self.random.randint(9, 14), self.random.randint(30, 59), self.random.randint(0, 59)
        )

    # -- fills -----------------------------------------------------------------------------------------------

    def trade(
        self,
        instrument: Instrument,
        quantity: Decimal | int,
        *,
        price: Decimal | None = None,
        when: datetime | None = None,
        traded: date | None = None,
        order_id: int = 0,
        notes: str = "",
        tag: str = "",
    ) -> ev.Execution:
        """Buy (positive) or sell (negative) at the market. `tag` names the fill for a cancel or a
        correction.
        """
        amount = Decimal(quantity)
        order_id = order_id or self.ledger.next_id()
        price = self.fill_price(instrument) if price is None else price
        proceeds = -position_value(instrument, amount, price)
        duty = -on_grid(-proceeds * STAMP_DUTY) if self._pays_duty(instrument, amount) else ZERO
        commission = self.first_reported.get(tag, self.commission(instrument, amount, proceeds))
        execution = self._fill(
            instrument,
            amount,
            price,
            kind="ExchTrade",
            taxes=duty,
            commission=commission,
            when=when or self.some_time(),
            traded=traded or self.today,
            order_id=order_id,
            notes=notes,
            exchange=_VENUE[instrument.currency]
            if instrument.category == "STK"
            else instrument.exchange or "IBKRATS",
        )
        if tag:
            self.known[tag] = execution
        return execution

    def twice(self, instrument: Instrument, quantity: int) -> None:
        """Two identical fills of one order in one second: only their ids tell them apart."""
        when, price, order_id = self.some_time(), self.fill_price(instrument), self.ledger.next_id()
        for _ in range(2):
            self.trade(instrument, quantity, price=price, when=when, order_id=order_id, notes="P")

    def in_parts(self, instrument: Instrument, *quantities: int) -> None:
        """One order that fills in several parts, seconds apart."""
        when, order_id = self.some_time(), self.ledger.next_id()
        for number, quantity in enumerate(quantities):
            self.trade(
                instrument, quantity, when=when.replace(second=number * 7), order_id=order_id, notes="P"
            )

    def commission(self, instrument: Instrument, quantity: Decimal, proceeds: Decimal) -> Decimal:
        """What a fill costs, negative, in its own currency, on the grid."""
        size = abs(quantity)
        if instrument.category == "OPT":
            return -on_grid(size * Decimal("0.6931"))
        if instrument.category == "FUT":
            return -on_grid(size * Decimal("0.62"))
        if instrument.category == "BOND":
            return -max(on_grid(size * Decimal("0.001")), Decimal(2))
        if instrument.currency == "USD":
            return -max(on_grid(size * Decimal("0.0051")), Decimal("0.35"))
        return -max(on_grid(abs(proceeds) * Decimal("0.0005")), Decimal("1.25"))

    def _pays_duty(self, instrument: Instrument, quantity: Decimal) -> bool:
        return instrument.currency == "GBP" and instrument.sub_category == "COMMON" and quantity > 0

    def _fill(
        self,
        instrument: Instrument,
        quantity: Decimal,
        price: Decimal,
        *,
        kind: str,
        when: datetime,
        traded: date,
        notes: str,
        exchange: str,
        taxes: Decimal = ZERO,
        commission: Decimal = ZERO,
        order_id: int = 0,
        premium: Decimal = ZERO,
        settles_with_pair: bool = False,
    ) -> ev.Execution:
        """Book a fill: lots, cash, row. `premium`: what the option that led here moves into the shares
        (signed as cost).

        As in real documents, premium received raises `fifoPnlRealized` of shares sold without changing
        their `cost` (the option's own row shows the cost and realizes nothing), and goes into the basis of
        shares bought.
        """
        proceeds = -position_value(instrument, quantity, price)
        paid = proceeds + commission + taxes
        transaction_id = self.ledger.next_id()
        order_id = order_id or transaction_id
        closing = self.ledger.quantity(instrument) * quantity < 0
        if closing:
            closed = self._closed_lots(instrument, -quantity, paid - premium)
            cost = -sum((part.cost for part in closed), ZERO)
            realized = paid + cost - premium
        else:
            closed, cost, realized = (), -paid + premium, ZERO
            self.ledger.add_lot(ev.Lot(instrument, quantity, cost, price, when, order_id, transaction_id))
        close_price = self.close_price(instrument)
        execution = ev.Execution(
            day=self.ledger.day,
            instrument=instrument,
            quantity=quantity,
            price=price,
            proceeds=proceeds,
            taxes=taxes,
            commission=commission,
            commission_currency=instrument.currency,
            net_cash=commission if instrument.category == "FUT" else paid,
            close_price=close_price,
            indicator="C" if closing else "O",
            notes=notes,
            cost=cost,
            realized=realized,
            mtm=position_value(instrument, quantity, close_price) + proceeds,
            trade_id=transaction_id - 10**10,
            transaction_id=transaction_id,
            order_id=order_id,
            when=when,
            traded=traded,
            settles=add_business_days(traded, 1 if instrument.category in ("OPT", "FUT") else 2),
            kind=kind,
            exchange=exchange,
            buy_sell="BUY" if quantity > 0 else "SELL",
            closed=closed,
        )
        self._book(execution)
        return execution

    def _closed_lots(
        self, instrument: Instrument, quantity: Decimal, paid: Decimal
    ) -> tuple[ev.ClosedLot, ...]:
        """Take the lots a closing fill closes and share its money among them; the last takes what is left."""
        taken = self.ledger.take_lots(instrument, quantity)
        left, closed = paid, []
        for number, (lot, part, cost) in enumerate(taken, start=1):
            share = left if number == len(taken) else on_grid(paid * part / quantity)
            left -= share
            closed.append(ev.ClosedLot(lot, part, cost, share - cost))
        return tuple(closed)

    def _book(self, execution: ev.Execution) -> None:
        ledger, instrument = self.ledger, execution.instrument
        ledger.book_execution(execution)
        is_future = instrument.category == "FUT"
        if is_future:
            ledger.book_margin(instrument, execution.mtm, traded=True)
            parts = [("cashSettlingMtm", "mtm", execution.mtm)]
        else:
            bucket = "netTradesPurchases" if execution.quantity > 0 else "netTradesSales"
            parts = [(bucket, "mtm", execution.proceeds)]
        parts.append(("commissions", "commissions", execution.commission))
        parts.append(("transactionTax", "transactionTax", execution.taxes))
        amount = sum((part for _, _, part in parts), ZERO)
        ledger.book_funds(
            ev.FundsLine(
                day=ledger.day,
                currency=instrument.currency,
                amount=amount,
                code=_activity(execution),
                description=_describe(execution, " Trade MTM" if is_future else ""),
                parts=tuple(parts),
                transaction_id=execution.transaction_id,
                booked=execution.traded,
                settles=execution.settles,
                instrument=instrument,
                execution=execution,
            )
        )

    def settle_futures(self) -> None:
        """Pay or receive the day's variation margin on the futures held since last night."""
        ledger = self.ledger
        for held in ledger.last_close().held.values():
            future = held.instrument
            if future.category != "FUT":
                continue
            amount = position_value(future, held.quantity, self.close_price(future) - held.price)
            ledger.book_margin(future, amount, traded=False)
            ledger.book_funds(
                ev.FundsLine(
                    day=ledger.day,
                    currency=future.currency,
                    amount=amount,
                    code="ADJ",
                    description=f"{future.description} Position MTM",
                    parts=(("cashSettlingMtm", "mtm", amount),),
                    transaction_id=ledger.next_id(),
                    booked=ledger.today,
                    instrument=future,
                )
            )

    # -- cancel and rebook -----------------------------------------------------------------------------------

    def cancel_and_rebook(self, tag: str, price: Decimal) -> None:
        """Cancel a known opening fill of an earlier day and book it again at another price, under its
        tradeID: its lot stays as old as it was.
        """
        first = self.known[tag]
        lots = self.ledger.lots[first.instrument.conid]
        place = [lot.transaction_id for lot in lots].index(first.transaction_id)
        self.ledger.take_lots(first.instrument, first.quantity, only=first.transaction_id)
        close_price = self.close_price(first.instrument)
        cancel = replace(
            first,
            day=self.ledger.day,
            quantity=-first.quantity,
            proceeds=-first.proceeds,
            taxes=-first.taxes,
            commission=-first.commission,
            net_cash=-first.net_cash,
            close_price=close_price,
            indicator="",
            notes="Ca",
            cost=-first.cost,
            mtm=position_value(first.instrument, -first.quantity, close_price) - first.proceeds,
            transaction_id=self.ledger.next_id(),
            kind="TradeCancel",
            exchange="--",
            buy_sell=f"{first.buy_sell} (Ca.)",
            original=ev.Original(
                first.price, first.traded, first.trade_id, first.order_id, first.transaction_id
            ),
        )
        self._book(cancel)
        proceeds = -position_value(first.instrument, first.quantity, price)
        paid = proceeds + first.taxes + first.commission
        again = replace(
            first,
            day=self.ledger.day,
            price=price,
            proceeds=proceeds,
            net_cash=paid,
            close_price=close_price,
            cost=-paid,
            mtm=position_value(first.instrument, first.quantity, close_price) + proceeds,
            transaction_id=self.ledger.next_id(),
        )
        self.ledger.add_lot(
            ev.Lot(
                first.instrument,
                again.quantity,
                -paid,
                price,
                first.when,
                first.order_id,
                again.transaction_id,
            ),
            place,
        )
        self._book(again)

    # -- the end of an option --------------------------------------------------------------------------------

    def expire(self, option: Instrument, expired: date) -> None:
        """Book out an option that ended worthless; the broker may report it on the next business day."""
        execution = self._option_out(option, "Ep", expired)
        self.ledger.option_events[self.ledger.day].append(ev.OptionEvent(execution, "Expiration"))

    def deliver(self, option: Instrument, notes: str, happened: date) -> None:
        """Exercise (`Ex`, long) or assign (`A`, short) an option: its premium moves into the shares traded
        at strike.
        """
        if option.underlying is None or option.strike is None:
            raise ValueError(f"{option.symbol} cannot be delivered: it has no underlying or strike")
        held = self.ledger.quantity(option)
        premium = sum((lot.cost for lot in self.ledger.lots[option.conid]), ZERO)
        execution = self._option_out(option, notes, happened)
        direction = 1 if option.put_call == "C" else -1
        shares = self._fill(
            option.underlying,
            held * option.multiplier * direction,
            option.strike,
            kind="BookTrade",
            when=at_time(happened, 16, 20),
            traded=happened,
            notes=notes,
            exchange="--",
            premium=premium,
        )
        label = "Exercise" if notes == "Ex" else "Assignment"
        events = self.ledger.option_events[self.ledger.day]
        events.append(ev.OptionEvent(execution, label))
        events.append(ev.OptionEvent(shares, "Buy" if shares.quantity > 0 else "Sell"))

    def _option_out(self, option: Instrument, notes: str, happened: date) -> ev.Execution:
        held = self.ledger.quantity(option)
        worthless = notes == "Ep"
        # a delivered option realizes nothing of its own: its whole cost goes over to the shares
        premium = ZERO if worthless else -sum((lot.cost for lot in self.ledger.lots[option.conid]), ZERO)
        return self._fill(
            option,
            -held,
            ZERO,
            kind="BookTrade",
            when=at_time(happened, 16, 20),
            traded=happened,
            notes=notes,
            exchange="--",
            premium=premium,
        )


def _activity(execution: ev.Execution) -> str:
    by_note = {"Ex": "EXE", "A": "ASSIGN", "Ep": "EXP", "Ca": "ADJ"}
    if execution.notes in by_note:
        return by_note[execution.notes]
    if execution.quantity > 0:
        return "BUY"
    return "SHORT" if execution.indicator == "O" else "SELL"


def _describe(execution: ev.Execution, ending: str) -> str:
    by_note = {"Ex": " (Exercise)", "A": " (Assignment)", "Ep": " (Expired)", "Ca": " (Canceled)"}
    verb = "Buy" if execution.quantity > 0 else "Sell"
    ending = by_note.get(execution.notes, ending)
    return f"{verb} {text(execution.quantity)} {execution.instrument.description}{ending}"
