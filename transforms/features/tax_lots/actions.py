"""Corporate actions on lots: splits scale them, mergers and new ids move them, spin-offs divide their cost.

What the rows do not say is taken from the broker's next snapshot of the position where that is possible, else it is
flagged on the lot. Which rows belong together: events.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from transforms.features.tax_lots.books import Book, Lot, Taken
from transforms.features.tax_lots.exact import share
from transforms.features.tax_lots.model import (
    BY_VALUE,
    FREE,
    FROM_SNAPSHOT,
    NO_LOT,
    NO_RIGHTS_COST,
    ZERO_COST,
    Action,
    Leg,
    Outcome,
)

Take = Callable[[Book, int], list[Taken]]

_SCALES: Final = frozenset({"FS", "FI", "SD"})
_ONLY_ADDS: Final = _SCALES | {"SO", "RI", "HI", "DI"}


def apply_action(
    action: Action, books: list[Book], take: Take, at: Sequence[int], outcome: Outcome, dirty: set[int]
) -> None:
    """Apply all rows of an action: take out what leaves, then bring in what comes."""
    dirty.update(leg.book for leg in action.legs)
    leaving = _leaving(action, books)
    coming = [leg for leg in action.legs if leg not in leaving]
    if leaving and coming and _is_subscription(action, leaving, coming):
        _subscribe(leaving, coming, books, take, at, outcome)
        return
    if leaving:
        _exchange(leaving, coming, books, take, at, outcome)
        return
    for leg in coming:
        book = books[leg.book]
        if book.quantity and action.kind in _SCALES:
            scale(book, leg.quantity)
        elif action.parent is not None and books[action.parent].quantity and _has_basis(action, leg):
            dirty.add(action.parent)
            _spin_off(leg, books[action.parent], book, outcome)
        else:
            _grant(leg, book, at[leg.event], outcome, free=action.kind == "RI")


def _leaving(action: Action, books: list[Book]) -> list[Leg]:
    """The rows that take away from what is held; where nothing is held, a minus takes away."""
    against = [leg for leg in action.legs if leg.quantity * books[leg.book].quantity < 0]
    if against or action.kind in _ONLY_ADDS:
        return against
    return [leg for leg in action.legs if leg.quantity < 0 and not books[leg.book].quantity]


def scale(book: Book, added: int) -> None:
    """A split: every lot grows (or shrinks) in proportion, cost and dates stay; the parts sum to the whole."""
    book.settle()
    spread(book.open(), book.quantity + added)
    book.resum()


def spread(lots: list[Lot], quantity: int) -> None:
    """Give lots a new total quantity in proportion to the old."""
    whole = sum(lot.quantity for lot in lots)
    for lot in lots:
        part = lot.quantity
        lot.quantity = quantity if part == whole else share(quantity, part, whole)
        quantity -= lot.quantity
        whole -= part


def divide(amount: int, lots: list[Lot], unit: int) -> list[int]:
    """Share an amount among lots by cost (by quantity where they have none); the parts sum to the amount."""
    weights = [abs(lot.cost or 0) for lot in lots]
    if not sum(weights):
        weights = [abs(lot.quantity) for lot in lots]
    parts, whole = [], sum(weights)
    for weight in weights:
        part = amount if weight == whole else share(amount, weight, whole, unit)
        parts.append(part)
        amount -= part
        whole -= weight
    return parts


def _has_basis(action: Action, leg: Leg) -> bool:
    """Whether what comes takes cost from its parent: rights only where the broker says so, else they cost nothing."""
    return action.kind != "RI" or bool(_stated_cost(leg))


def _is_subscription(action: Action, leaving: list[Leg], coming: list[Leg]) -> bool:
    """Whether rights (and money) are given for new shares."""
    bought = all(leg.quantity < 0 for leg in leaving) and all(leg.quantity > 0 for leg in coming)
    return action.kind == "SR" and bought


def _subscribe(
    leaving: list[Leg], coming: list[Leg], books: list[Book], take: Take, at: Sequence[int], outcome: Outcome
) -> None:
    """New lots of this day, which cost the money and what the rights did; the rights realise nothing."""
    paid = -sum(leg.proceeds for leg in (*leaving, *coming))
    unknown = False
    for leg in leaving:
        for lot in _take_out(leg, books[leg.book], take, at, outcome):
            outcome.closed.append((lot, lot.quantity, lot.cost, lot.cost, leg.event, leg.book))
            unknown = unknown or lot.cost is None
            paid += lot.cost or 0
    new = [Lot(leg.event, leg.quantity, None, at[leg.event]) for leg in coming]
    for lot, leg, cost in zip(new, coming, divide(paid, new, books[0].unit), strict=True):
        lot.cost, lot.reason = (None, NO_RIGHTS_COST) if unknown else (cost, 0)
        books[leg.book].add(lot)


def _grant(leg: Leg, book: Book, at: int, outcome: Outcome, free: bool) -> None:
    """Rights, stock dividends in other shares and the like: a new lot, without cost where no row says one.

    `free`: that is no finding, for what is given costs nothing.
    """
    cost, reason = leg.cost_basis, 0
    if cost is None and sum(quantity for quantity, _ in leg.snapshot) == leg.quantity:
        cost, reason = sum(cost for _, cost in leg.snapshot), FROM_SNAPSHOT
    if cost is None:
        cost, reason = -leg.proceeds, 0 if leg.proceeds else FREE if free else ZERO_COST
        if reason == ZERO_COST:
            outcome.findings.append((leg.event, leg.book, "zero_cost"))
    book.add(Lot(leg.event, leg.quantity, cost, at, reason=reason))


def _spin_off(leg: Leg, parent: Book, child: Book, outcome: Outcome) -> None:
    """New shares beside the parent's, with the parent lots' dates and the part of their cost that the broker moves."""
    parent.settle()
    lots = parent.open()
    received = [Lot(leg.event, lot.quantity, None, lot.at, lot.dated, n) for n, lot in enumerate(lots)]
    spread(received, leg.quantity)
    costs, reason = _moved_costs(leg, received, lots, parent.unit)
    for lot, new, cost in zip(lots, received, costs, strict=True):
        new.cost, new.reason = (None if lot.cost is None else cost), reason
        if lot.cost is not None:
            lot.cost -= cost
    parent.resum()
    if reason == ZERO_COST:
        outcome.findings.append((leg.event, leg.book, "zero_cost"))
    for new in received:
        child.add(new)


def _moved_costs(leg: Leg, received: list[Lot], lots: list[Lot], unit: int) -> tuple[list[int], int]:
    """Cost that each lot hands over: of the row, else of the next snapshot, else none."""
    if leg.cost_basis is not None:
        return divide(leg.cost_basis, lots, unit), 0
    if [quantity for quantity, _ in leg.snapshot] == [lot.quantity for lot in received]:
        return [cost for _, cost in leg.snapshot], FROM_SNAPSHOT
    if sum(quantity for quantity, _ in leg.snapshot) == leg.quantity:
        return divide(sum(cost for _, cost in leg.snapshot), lots, unit), FROM_SNAPSHOT
    return [0] * len(lots), ZERO_COST


def _exchange(
    leaving: list[Leg], coming: list[Leg], books: list[Book], take: Take, at: Sequence[int], outcome: Outcome
) -> None:
    """Lots leave: for money, which realises, and for other shares, which take over lots, dates and cost."""
    given: list[tuple[Leg, Lot]] = []
    for leg in leaving:
        given.extend((leg, lot) for lot in _take_out(leg, books[leg.book], take, at, outcome))
    unit = books[0].unit
    proceeds = sum(leg.proceeds for leg in (*leaving, *coming))
    if not coming:
        _realize(given, [lot.cost for _, lot in given], proceeds, 0, outcome, unit)
        return
    if proceeds:
        paid_cost, reason = _cost_of_cash(leaving, coming, given, proceeds)
        parts = divide(paid_cost, [lot for _, lot in given], unit)
        costs = [None if lot.cost is None else p for (_, lot), p in zip(given, parts, strict=True)]
        _realize(given, costs, proceeds, reason, outcome, unit, moved_on=True)
        for (_, lot), cost in zip(given, costs, strict=True):
            if lot.cost is not None and cost is not None:
                lot.cost -= cost
    if len({lot.quantity > 0 for _, lot in given}) > 1:
        _bring_in_unknown(coming, books, at, outcome)
    else:
        _bring_in(coming, [lot for _, lot in given], books, unit)


def _bring_in_unknown(coming: list[Leg], books: list[Book], at: Sequence[int], outcome: Outcome) -> None:
    """What comes for a long and a short side at once, as rows that contradict each other say: no basis is known."""
    for leg in coming:
        lot = Lot(leg.event, leg.quantity, None, at[leg.event], reason=NO_LOT)
        lot.missing = True
        books[leg.book].add(lot)
        outcome.findings.append((leg.event, leg.book, "no_lot"))


def _take_out(leg: Leg, book: Book, take: Take, at: Sequence[int], outcome: Outcome) -> list[Lot]:
    """The lots that a row takes away, each on its own; what was never seen opened comes without a cost."""
    quantity = -leg.quantity
    held = book.quantity
    if quantity == held:
        return book.clear()
    part = min(quantity, held, key=abs) if (held > 0) == (quantity > 0) and held else 0
    out = []
    for number, (lot, piece, cost) in enumerate(take(book, part)):
        if piece == lot.quantity and lot not in book.open():
            lot.cost = cost
            out.append(lot)
        else:
            out.append(Lot(leg.event, piece, cost, lot.at, lot.dated, number, lot.reason))
    if part != quantity:
        lost = Lot(leg.event, quantity - part, None, at[leg.event], ordinal=len(out), reason=NO_LOT)
        lost.missing = True
        out.append(lost)
        outcome.findings.append((leg.event, leg.book, "no_lot"))
    return out


def _cost_of_cash(
    leaving: list[Leg], coming: list[Leg], given: list[tuple[Leg, Lot]], proceeds: int
) -> tuple[int, int]:
    """Cost that the money of an action takes with it: proceeds less what the broker realised, else by value."""
    cost = sum(lot.cost or 0 for _, lot in given)
    realized = [leg.realized for leg in (*leaving, *coming) if leg.realized is not None]
    if realized and any(realized):
        return proceeds - sum(realized), 0
    worth = sum(abs(leg.value) for leg in coming)
    return (share(cost, proceeds, proceeds + worth) if proceeds + worth else cost), BY_VALUE


def _realize(
    given: list[tuple[Leg, Lot]],
    costs: Sequence[int | None],
    proceeds: int,
    reason: int,
    outcome: Outcome,
    unit: int,
    moved_on: bool = False,
) -> None:
    """Close lots for the money of an action. `moved_on`: they live on as other shares, so no quantity is closed."""
    whole = sum(abs(lot.quantity) for _, lot in given)
    for (leg, lot), cost in zip(given, costs, strict=True):
        size = abs(lot.quantity)
        paid = proceeds if size == whole else share(proceeds, size, whole, unit)
        proceeds -= paid
        whole -= size
        lot.reason = reason or lot.reason
        outcome.closed.append((lot, 0 if moved_on else lot.quantity, cost, paid, leg.event, leg.book))


def _bring_in(coming: list[Leg], lots: list[Lot], books: list[Book], unit: int) -> None:
    """Move lots into what came for them. With several new shares the first that bears cost takes the lots over."""
    costs = _costs_of_new(coming, lots)
    first = max(range(len(coming)), key=lambda n: (costs[n] or 0, -n)) if len(coming) > 1 else 0
    for number, (leg, cost) in enumerate(zip(coming, costs, strict=True)):
        if number == first:
            continue
        parts = [0] * len(lots) if cost is None else divide(cost, lots, unit)
        new = [Lot(leg.event, lot.quantity, None, lot.at, lot.dated, n) for n, lot in enumerate(lots)]
        spread(new, leg.quantity)
        for lot, made, part in zip(lots, new, parts, strict=True):
            made.cost = None if lot.cost is None else part
            made.reason = FROM_SNAPSHOT if leg.snapshot else BY_VALUE
            if lot.cost is not None:
                lot.cost -= part
            books[leg.book].add(made)
    spread(lots, coming[first].quantity)
    for lot in lots:
        books[coming[first].book].add(lot)


def _costs_of_new(coming: list[Leg], lots: list[Lot]) -> list[int | None]:
    """Cost of each kind of new shares: of the row, else of the next snapshot, else by market value."""
    if len(coming) == 1:
        return [None]
    whole = sum(lot.cost or 0 for lot in lots)
    known = [_stated_cost(leg) for leg in coming]
    rest = whole - sum(cost for cost in known if cost is not None)
    open_legs = [n for n, cost in enumerate(known) if cost is None]
    worth = sum(abs(coming[n].value) for n in open_legs)
    for place, n in enumerate(open_legs, start=1):
        value = abs(coming[n].value)
        last = place == len(open_legs)
        mine = rest if last else (share(rest, value, worth) if worth else 0)
        known[n] = mine
        rest -= mine
        worth -= value
    return known


def _stated_cost(leg: Leg) -> int | None:
    if leg.cost_basis is not None:
        return leg.cost_basis
    if leg.snapshot and sum(quantity for quantity, _ in leg.snapshot) == leg.quantity:
        return sum(cost for _, cost in leg.snapshot)
    return None
