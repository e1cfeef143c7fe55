"""The replay of one account's events into tax lots. Corporate actions stand in actions.py, the lots in books.py.

Figures are integers of 10⁻¹⁰. What divides an amount (a partial closing, several lots closed by one trade) is
rounded half away from zero, and the last part takes what is left: nothing is lost and nothing is made.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from transforms.features.tax_lots.actions import apply_action
from transforms.features.tax_lots.books import TAKE, Book, Lot, Taken
from transforms.features.tax_lots.exact import share
from transforms.features.tax_lots.model import (
    ANCHOR,
    CANCEL,
    FROM_SENDER,
    FROM_TRANSFER,
    NO_LOT,
    NO_MONEY,
    NO_OPENING_COST,
    NO_PREMIUM,
    OPTION_OUT,
    TRADE,
    TRANSFER_IN,
    TRANSFER_OUT,
    UNSEEN,
    Anchor,
    Outcome,
    Stream,
)


class _UndoError(Exception):
    """A cancelled trade cannot be taken out in place: replay without it and its cancel."""

    def __init__(self, *events: int) -> None:
        self.events = events


def replay(stream: Stream, method: str = "fifo", unit: int = 1) -> Outcome:
    """All lots of an account by one of TAKE's methods. `unit`: the step of rounding, in 10⁻¹⁰."""
    excluded = set(stream.excluded)
    with _without_collecting():
        while True:
            try:
                return _Replay(stream, method, unit, excluded).run()
            except _UndoError as undo:
                excluded.update(undo.events)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Hold Python's cycle collector: a million lots live to the end, and searching them takes half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Replay:
    def __init__(self, stream: Stream, method: str, unit: int, excluded: set[int]) -> None:
        self.stream = stream
        self.unit = unit
        self.pooled = method == "average"
        self.take = TAKE[method]
        self.excluded = excluded
        self.books = [Book(unit, self.pooled) for _ in range(stream.books)]
        self.outcome = Outcome()
        self.dirty: set[int] = set()
        self.premium: dict[int, int | None] = {}
        self.due = dict(stream.shares_due)
        self.watched: dict[int, Lot | None] = dict.fromkeys(stream.cancels.values())

    def run(self) -> Outcome:
        stream, books, dirty = self.stream, self.books, self.dirty
        excluded, take, watched, delivery = self.excluded, self.take, self.watched, stream.delivery
        reasons, special, today = stream.reason, self._special, None
        lone = [(event, stream.book[event], "lone_cancel") for event in stream.lone_cancels]
        self.outcome.findings.extend(lone)
        columns = zip(
            stream.kind, stream.book, stream.quantity, stream.money, stream.at, stream.day, stream.opens,
            strict=True,
        )  # fmt: skip
        for event, (kind, number, quantity, money, at, day, opens) in enumerate(columns):
            if day != today:
                if dirty:
                    self._close_day(today)
                today = day
            if kind != TRADE or event in excluded or event in delivery:
                special(event, kind)
                continue
            book = books[number]
            dirty.add(number)
            held = book.quantity
            if held and (held > 0) != (quantity > 0):
                if abs(quantity) <= abs(held):
                    self._split(take(book, -quantity), -quantity, money, event, number)
                    continue
                paid = None if money is None else share(money, held, -quantity, self.unit)
                self._split(take(book, held), held, paid, event, number)
                quantity += held
                money = None if money is None or paid is None else money - paid
            if opens:
                lot = Lot(event, quantity, None if money is None else -money, at)
                if reasons and event in reasons:
                    lot.reason = reasons[event]
                if money is None:
                    lot.reason = NO_MONEY
                    self.outcome.findings.append((event, number, "no_money"))
                book.add(lot)
                if watched and event in watched:
                    watched[event] = lot
            else:
                self._missing(event, number, -quantity, money)
        if dirty:
            self._close_day(today)
        for number, book in enumerate(books):
            book.settle()
            self.outcome.open.extend((number, lot) for lot in book.open())
        return self.outcome

    def _split(self, taken: list[Taken], whole: int, money: int | None, event: int, number: int) -> None:
        """Share the money of a closing among the parts it closed."""
        closed = self.outcome.closed
        if len(taken) == 1:
            lot, part, cost = taken[0]
            closed.append((lot, part, cost, money, event, number))
            return
        for lot, part, cost in taken:
            paid = money
            if money is not None and part != whole:
                paid = share(money, part, whole, self.unit)
                money -= paid
            whole -= part
            closed.append((lot, part, cost, paid, event, number))

    def _missing(self, event: int, number: int, quantity: int, money: int | None) -> None:
        """A closing of what we never saw opened: a part without a basis, and a finding; never a position."""
        lot = Lot(event, quantity, None, self.stream.at[event], reason=NO_LOT)
        lot.missing = True
        self.outcome.closed.append((lot, quantity, None, money, event, number))
        self.outcome.findings.append((event, number, "no_lot"))

    def _special(self, event: int, kind: int) -> None:
        stream = self.stream
        if event in self.excluded:
            return
        number = stream.book[event]
        if kind == TRADE:
            self._deliver(event, number)
        elif kind == OPTION_OUT:
            self._option_out(event, number)
        elif kind == TRANSFER_OUT:
            self._give_up(event, number, -stream.quantity[event], moved=True)
        elif kind == TRANSFER_IN:
            self._take_over(event, number)
        elif kind == CANCEL:
            self._cancel(event, stream.cancels[event])
        elif kind == ANCHOR:
            for anchor in stream.anchors.get(event, ()):
                self._anchor(anchor)
        elif event in stream.actions:
            apply_action(stream.actions[event], self.books, self.take, stream.at, self.outcome, self.dirty)

    def _give_up(self, event: int, number: int, quantity: int, moved: bool) -> None:
        """Close lots that leave without being sold: at their cost if it goes with them, else for unknown money."""
        book, before = self.books[number], len(self.outcome.closed)
        self.dirty.add(number)
        held = book.quantity
        same = held and (held > 0) == (quantity > 0)
        part = (min(quantity, held, key=abs)) if same else 0
        for lot, piece, cost in self.take(book, part):
            if not moved:
                lot.reason = UNSEEN
            self.outcome.closed.append((lot, piece, cost, cost if moved else None, event, number))
        if part != quantity:
            self._missing(event, number, quantity - part, None)
        if event in self.stream.handing:
            left = self.outcome.closed[before:]
            self.outcome.handed[event] = [
                (part[1], part[2], part[0].at, part[0].dated, part[0].missing) for part in left
            ]

    def _take_over(self, event: int, number: int) -> None:
        """A transfer from another account: its lots where they are known, else one at the broker's cost."""
        stream, book = self.stream, self.books[number]
        quantity, money = stream.quantity[event], stream.money[event]
        lots = stream.received.get(event, ())
        self.dirty.add(number)
        if lots and book.quantity * quantity >= 0:
            for ordinal, (moved, dated) in enumerate(lots):
                book.add(Lot(event, moved.quantity, moved.cost, moved.at, dated, ordinal, FROM_SENDER))
            return
        if money is None:
            self.outcome.findings.append((event, number, "no_money"))
        self._settle(event, number, quantity, money, NO_MONEY if money is None else FROM_TRANSFER)

    def _option_out(self, event: int, number: int) -> None:
        """An exercised or assigned option: its cost moves to the shares, and it realises nothing of its own."""
        stream, book = self.stream, self.books[number]
        self.dirty.add(number)
        group, quantity = stream.delivery[event], -stream.quantity[event]
        before = self.premium.get(group, 0)
        known = abs(book.quantity) >= abs(quantity) and (book.quantity > 0) == (quantity > 0)
        taken = self.take(book, quantity) if known else []
        for lot, part, cost in taken:
            self.outcome.closed.append((lot, part, cost, cost, event, number))
        costs = [cost for _, _, cost in taken if cost is not None]
        if not known:
            self._missing(event, number, quantity, None)
        self.premium[group] = (
            None if before is None or len(costs) < max(len(taken), 1) else before + sum(costs)
        )

    def _deliver(self, event: int, number: int) -> None:
        """Shares that an option delivered: their share of the premium goes into their basis or their proceeds."""
        stream = self.stream
        group, quantity, money = stream.delivery[event], stream.quantity[event], stream.money[event]
        premium, due = self.premium.get(group), self.due[group]
        self.due[group] = due - abs(quantity)
        if premium is not None:
            mine = share(premium, abs(quantity), due, self.unit) if due != abs(quantity) else premium
            self.premium[group] = premium - mine
        net = None if premium is None or money is None else money - mine
        self._settle(event, number, quantity, net, NO_PREMIUM if net is None else 0)

    def _settle(self, event: int, number: int, quantity: int, net: int | None, reason: int) -> None:
        """Close what is held against the quantity for its share of the net money, and open the rest."""
        stream, book = self.stream, self.books[number]
        self.dirty.add(number)
        held = book.quantity
        if held and (held > 0) != (quantity > 0):
            part = -max(-abs(quantity), -abs(held)) * (1 if held > 0 else -1)
            paid = None if net is None else share(net, part, -quantity, self.unit)
            self._split(self.take(book, part), part, paid, event, number)
            quantity += part
            net = None if net is None or paid is None else net - paid
        if quantity and stream.opens[event]:
            lot = Lot(event, quantity, None if net is None else -net, stream.at[event])
            lot.reason = reason
            book.add(lot)
        elif quantity:
            self._missing(event, number, -quantity, net)

    def _cancel(self, event: int, original: int) -> None:
        """Undo a trade as if it had never been: take its lot out if it is untouched, else replay without it."""
        lot, number = self.watched[original], self.stream.book[original]
        money = self.stream.money[original]
        whole = (self.stream.quantity[original], None if money is None else -money)
        if (
            lot is None
            or (lot.quantity, lot.cost) != whole
            or self.pooled
            or lot not in self.books[number].open()
        ):
            raise _UndoError(original, event)
        self.books[number].remove(lot)
        self.dirty.add(number)

    def _anchor(self, anchor: Anchor) -> None:
        """Bring a book to what the broker says was held when the run of statements began."""
        book = self.books[anchor.book]
        missing = anchor.quantity - book.quantity
        if not missing:
            return
        self.dirty.add(anchor.book)
        if book.quantity and (book.quantity > 0) != (missing > 0):
            part = min(-missing, book.quantity, key=abs)
            self._give_up(anchor.event, anchor.book, part, moved=False)
            missing += part
            self.outcome.findings.append((anchor.event, anchor.book, "unseen"))
        if not missing:
            return
        exact = sum(opening.quantity for opening in anchor.openings) == missing
        openings = anchor.openings if exact else ()
        for opening in openings:
            at = self.stream.at[opening.event]
            book.add(Lot(opening.event, opening.quantity, opening.cost, at, reason=opening.reason))
            if opening.cost is None:
                self.outcome.findings.append((opening.event, anchor.book, "no_opening_cost"))
        if not openings:
            lot = Lot(anchor.event, missing, None, self.stream.at[anchor.event], reason=NO_OPENING_COST)
            book.add(lot)
            self.outcome.findings.append((anchor.event, anchor.book, "no_opening_cost"))

    def _close_day(self, day: int | None) -> None:
        if day is None:
            return
        for number in sorted(self.dirty):
            book = self.books[number]
            cost = None if book.unknown else book.cost
            self.outcome.balances.append((day, number, book.quantity, cost, len(book.lots) - book.head))
        self.dirty.clear()
