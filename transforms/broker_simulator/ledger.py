"""The true books of one account: cash, lots, accruals and NAV, booked fact by fact in Decimal and closed
day by day.

The ledger books; it decides nothing (what happens stands in `life`) and writes no document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.calendars import previous_business_day
from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.market import CURRENCIES, Market, position_value
from transforms.broker_simulator.money import ZERO, cents, on_grid, total

NAV_PARTS = ("cash", "stock", "options", "bonds", "dividendAccruals", "interestAccruals")
_NAV_PART_OF = {"STK": "stock", "OPT": "options", "BOND": "bonds"}
FLOWS = ("depositsWithdrawals", "assetTransfers")


class Ledger:
    """Books of one account over the market's days: `open_day`, any number of bookings, `close_day`, and so
    on.
    """

    def __init__(self, account: ev.Account, market: Market) -> None:
        self.account = account
        self.market = market
        self.day = -1
        self.cash: dict[str, Decimal] = {}
        self.lots: dict[int, list[ev.Lot]] = {}
        self.accruals: list[ev.Accrual] = []
        self.interest: dict[str, Decimal] = {}
        self.closes: list[ev.DayClose] = []
        self.executions: dict[int, list[ev.Execution]] = defaultdict(list)
        self.plain_orders: dict[int, list[ev.Execution]] = defaultdict(list)
        self.funds: dict[int, list[ev.FundsLine]] = defaultdict(list)
        self.cash_rows: dict[int, list[ev.CashRow]] = defaultdict(list)
        self.actions: dict[int, list[ev.ActionLeg]] = defaultdict(list)
        self.value_moves: dict[int, list[ev.ValueMove]] = defaultdict(list)
        self.transfers: dict[int, list[ev.TransferRow]] = defaultdict(list)
        self.accrual_changes: dict[int, list[ev.AccrualChange]] = defaultdict(list)
        self.option_events: dict[int, list[ev.OptionEvent]] = defaultdict(list)
        self.interest_changes: dict[int, list[ev.InterestChange]] = defaultdict(list)
        self._ids = 0
        self._flow: dict[int, Decimal] = {}
        self._margin: dict[int, Decimal] = {}
        self._traded: dict[int, Decimal] = {}
        self._seen: dict[int, Instrument] = {}
        self._current = ev.DayClose(-1, previous_business_day(market.days[0]))
        self.before = self._current
        self._fill_nav(self.before)

    # -- reading ---------------------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        """The business day that is open."""
        return self.market.days[self.day]

    def rate(self, currency: str) -> Decimal:
        """Today's closing rate of a currency in the account's base currency."""
        return self.market.rate(currency, self.account.base, self.day)

    def quantity(self, instrument: Instrument) -> Decimal:
        """Quantity held now, negative when short."""
        return total(lot.quantity for lot in self.lots.get(instrument.conid, ()))

    def last_close(self) -> ev.DayClose:
        """The close of the day before the open one (all zero before the first)."""
        return self.closes[-1] if self.closes else self.before

    def next_id(self) -> int:
        """A new id: unique, increasing with time, and the same in every document that tells of the fact."""
        self._ids += 1
        return self.account.first_id + self.day * 1_000_000 + self._ids

    # -- booking ---------------------------------------------------------------------------------------------

    def open_day(self) -> None:
        """Open the next business day."""
        self.day += 1
        self._ids = 0
        self._current = ev.DayClose(self.day, self.today)
        self._flow, self._margin, self._traded, self._seen = {}, {}, {}, {}

    def book_funds(self, line: ev.FundsLine) -> None:
        """Move cash. The parts of a line must sum to its amount."""
        self.funds[self.day].append(line)
        if line.level == "base":
            return
        if total(amount for _, _, amount in line.parts) != line.amount:
            raise ArithmeticError(f"{line.description}: the parts do not sum to {line.amount}")
        self.cash[line.currency] = self.cash.get(line.currency, ZERO) + line.amount
        rate = self.rate(line.currency)
        for component, change, amount in line.parts:
            key = (line.currency, component)
            self._current.cash_parts[key] = self._current.cash_parts.get(key, ZERO) + amount
            if change != "mtm":
                self._change(change, amount * rate)
            if change in FLOWS and amount:
                self._current.flows.append((component, amount * rate))

    def book_margin(self, instrument: Instrument, amount: Decimal, traded: bool) -> None:
        """Count a future's variation margin (booked as cash) as the instrument's result of the day."""
        target = self._traded if traded else self._margin
        target[instrument.conid] = target.get(instrument.conid, ZERO) + amount
        self._seen[instrument.conid] = instrument

    def book_execution(self, execution: ev.Execution) -> None:
        """Keep a trade's row and count what it did to the instrument's result of the day."""
        self.executions[self.day].append(execution)
        instrument = execution.instrument
        self._realize(execution.realized, instrument)
        if instrument.category in ("CASH", "FUT"):
            return
        self.shift_value(instrument, execution.proceeds)
        self._traded[instrument.conid] = self._traded.get(instrument.conid, ZERO) + execution.mtm

    def shift_value(self, instrument: Instrument, amount: Decimal) -> None:
        """Note that a position turned into money or other positions (positive), or was made of them
        (negative).
        """
        self._flow[instrument.conid] = self._flow.get(instrument.conid, ZERO) + amount
        self._seen[instrument.conid] = instrument

    def move_value(self, source: Instrument, target: Instrument, amount: Decimal) -> None:
        """Note that a corporate action turned `amount` of one instrument's value into another's."""
        self.value_moves[self.day].append(ev.ValueMove(self.day, source, target, amount))

    def book_action(self, leg: ev.ActionLeg) -> None:
        """Keep a corporate action's row with what it realized."""
        self.actions[self.day].append(leg)
        self._current.realized += leg.realized * self.rate(leg.instrument.currency)

    def book_transfer(self, row: ev.TransferRow) -> None:
        """Keep a transfer's row; securities count as an external flow at their amount in base currency."""
        self.transfers[self.day].append(row)
        if row.instrument is not None:
            self._change("assetTransfers", row.amount_in_base)
            self._current.flows.append(("assetTransfers", row.amount_in_base))
            self.shift_value(row.instrument, -row.amount)

    def book_plain_orders(self, orders: Iterable[ev.Execution]) -> None:
        """Count the plain day trades, summed by order; the rows of their fills are made when they are
        written.
        """
        for order in orders:
            self.plain_orders[self.day].append(order)
            self._realize(order.realized, order.instrument)
            self.shift_value(order.instrument, order.proceeds)
            conid = order.instrument.conid
            self._traded[conid] = self._traded.get(conid, ZERO) + order.mtm

    def open_accrual(self, accrual: ev.Accrual) -> None:
        """Post a dividend accrual."""
        self.accruals.append(accrual)
        self.accrual_changes[self.day].append(
            ev.AccrualChange(self.day, previous_business_day(self.today), accrual, "Po")
        )
        self._change("changeInDividendAccruals", accrual.net * self.rate(accrual.instrument.currency))

    def close_accrual(self, accrual: ev.Accrual) -> None:
        """Reverse a dividend accrual on payment."""
        self.accruals.remove(accrual)
        self.accrual_changes[self.day].append(ev.AccrualChange(self.day, accrual.pay_date, accrual, "Re"))
        self._change("changeInDividendAccruals", -accrual.net * self.rate(accrual.instrument.currency))

    def accrue_interest(self, currency: str, accrued: Decimal, reversal: Decimal) -> None:
        """Add to a currency's interest accrual, or take off what is paid."""
        self.interest[currency] = self.interest.get(currency, ZERO) + accrued + reversal
        self.interest_changes[self.day].append(ev.InterestChange(self.day, currency, accrued, reversal))
        self._change("changeInInterestAccruals", (accrued + reversal) * self.rate(currency))

    def add_lot(self, lot: ev.Lot, place: int | None = None) -> None:
        """Open a lot: the newest, or in this place among the lots from the oldest on."""
        lots = self.lots.setdefault(lot.instrument.conid, [])
        lots.insert(len(lots) if place is None else place, lot)
        self._seen[lot.instrument.conid] = lot.instrument

    def take_lots(
        self, instrument: Instrument, quantity: Decimal, only: int = 0
    ) -> list[tuple[ev.Lot, Decimal, Decimal]]:
        """Take `quantity` (signed like the lots) off the oldest lots, or off the lot of transaction `only`.

        Returns (lot, quantity taken, cost taken). A part of a lot takes its share of the cost on the grid,
        so that the parts sum to the whole.
        """
        taken, kept, left = [], [], quantity
        for lot in self.lots.get(instrument.conid, []):
            if not left or (only and lot.transaction_id != only):
                kept.append(lot)
            elif abs(lot.quantity) <= abs(left):
                taken.append((lot, lot.quantity, lot.cost))
                left -= lot.quantity
            else:
                cost = on_grid(lot.cost * left / lot.quantity)
                taken.append((lot, left, cost))
                kept.append(replace(lot, quantity=lot.quantity - left, cost=lot.cost - cost))
                left = ZERO
        if left:
            raise ValueError(
                f"{self.account.account_id} does not hold {quantity} {instrument.symbol} on {self.today}"
            )
        self.lots[instrument.conid] = kept
        self._seen[instrument.conid] = instrument
        return taken

    def reshape_lots(self, instrument: Instrument, lots: Iterable[ev.Lot]) -> None:
        """Replace an instrument's lots, as a split or a spin-off does."""
        self.lots[instrument.conid] = list(lots)
        self._seen[instrument.conid] = instrument

    def _realize(self, amount: Decimal, instrument: Instrument) -> None:
        in_base = amount * self.rate(instrument.currency)
        self._current.realized += in_base
        self._current.realized_by_trades += in_base

    def _change(self, component: str, amount: Decimal) -> None:
        self._current.change[component] = self._current.change.get(component, ZERO) + amount

    # -- closing ---------------------------------------------------------------------------------------------

    def close_day(self) -> ev.DayClose:
        """Mark the positions, add up NAV, and explain the day's change; what no component explains is
        translation.
        """
        close, prior = self._current, self.last_close()
        close.cash = {currency: amount for currency, amount in sorted(self.cash.items()) if amount}
        close.accruals = tuple(self.accruals)
        close.interest = {currency: amount for currency, amount in sorted(self.interest.items()) if amount}
        for conid, lots in sorted(self.lots.items()):
            if lots:
                close.lots[conid] = tuple(lots)
                close.held[conid] = self._mark(lots)
        self._explain_positions(close, prior)
        self._fill_nav(close)
        close.cash_translation = self._translation(prior.cash)
        explained = total(close.change.values())
        close.change["fxTranslation"] = close.total - prior.total - explained
        self._check_translation(close, prior)
        self.closes.append(close)
        return close

    def _mark(self, lots: list[ev.Lot]) -> ev.Held:
        instrument = lots[0].instrument
        quantity = total(lot.quantity for lot in lots)
        price = self.market.price(instrument, self.day)
        value = ZERO if instrument.category == "FUT" else cents(position_value(instrument, quantity, price))
        return ev.Held(instrument, quantity, price, value)

    def _explain_positions(self, close: ev.DayClose, prior: ev.DayClose) -> None:
        instruments = self._seen | {conid: held.instrument for conid, held in prior.held.items()}
        result = ZERO
        for conid, instrument in sorted(instruments.items()):
            traded = self._traded.get(conid, ZERO)
            if instrument.category == "FUT":
                before = self._margin.get(conid, ZERO)
            else:
                gained = close.held[conid].value if conid in close.held else ZERO
                given = prior.held[conid].value if conid in prior.held else ZERO
                before = gained - given + self._flow.get(conid, ZERO) - traded
            close.marked[conid] = ev.Marked(instrument, before, traded)
            result += (before + traded) * self.rate(instrument.currency)
        close.change["mtm"] = result

    def _fill_nav(self, close: ev.DayClose) -> None:
        amounts: dict[str, list[Decimal]] = {part: [] for part in NAV_PARTS}
        if self.day >= 0:
            amounts["cash"] = [amount * self.rate(currency) for currency, amount in close.cash.items()]
            amounts["dividendAccruals"] = [
                accrual.net * self.rate(accrual.instrument.currency) for accrual in close.accruals
            ]
            amounts["interestAccruals"] = [
                amount * self.rate(name) for name, amount in close.interest.items()
            ]
            for held in close.held.values():
                if held.instrument.category in _NAV_PART_OF:
                    part = _NAV_PART_OF[held.instrument.category]
                    amounts[part].append(held.value * self.rate(held.instrument.currency))
        close.nav = {part: total(values) for part, values in amounts.items()}
        close.long = {part: total(value for value in values if value > 0) for part, values in amounts.items()}
        close.total = total(close.nav.values())

    def _translation(self, amounts: dict[str, Decimal]) -> Decimal:
        if self.day < 1:
            return ZERO
        base = self.account.base
        moves = {
            currency: self.rate(currency) - self.market.rate(currency, base, self.day - 1)
            for currency in CURRENCIES
        }
        return total(amount * moves[currency] for currency, amount in amounts.items())

    def _check_translation(self, close: ev.DayClose, prior: ev.DayClose) -> None:
        """What was left over must be what yesterday's foreign holdings gained by today's rates, or a
        booking is wrong.
        """
        foreign: dict[str, Decimal] = defaultdict(lambda: ZERO, prior.cash)
        for held in prior.held.values():
            foreign[held.instrument.currency] += held.value
        for accrual in prior.accruals:
            foreign[accrual.instrument.currency] += accrual.net
        for currency, amount in prior.interest.items():
            foreign[currency] += amount
        rounding = Decimal("0.005") * len(self.transfers.get(self.day, ()))
        if abs(close.change["fxTranslation"] - self._translation(foreign)) > rounding:
            raise ArithmeticError(f"the books of {self.account.account_id} do not close on {close.reported}")


def at_time(day: date, hour: int, minute: int, second: int = 0) -> datetime:
    """A wall-clock time on a day, in the broker's zone (US Eastern)."""
    return datetime(day.year, day.month, day.day, hour, minute, second)
