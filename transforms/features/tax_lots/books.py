"""The open lots of one instrument, and which of them a closing takes first. What happens to them: engine.py."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final

from transforms.features.tax_lots.exact import UNIT, share

Taken = tuple["Lot", int, int | None]
"""A lot, the quantity taken of it, and the cost that goes with it (None: unknown)."""

_COMPACT: Final = 512


class Lot:
    """An open lot. Quantity and cost are in units of 10⁻¹⁰, signed: + long, − short; cost None is unknown.

    `event` made the lot, as its `ordinal`th; `dated` is the event whose date it bears; `at` sorts it by age;
    `reason` is a code of model.REASONS; `missing` says that no row opened it.
    """

    __slots__ = ("at", "cost", "dated", "event", "missing", "ordinal", "quantity", "reason")

    def __init__(
        self,
        event: int,
        quantity: int,
        cost: int | None,
        at: int,
        dated: int | None = None,
        ordinal: int = 0,
        reason: int = 0,
    ) -> None:
        self.event = event
        self.quantity = quantity
        self.cost = cost
        self.at = at
        self.dated = event if dated is None else dated
        self.ordinal = ordinal
        self.reason = reason
        self.missing = False


class Book:
    """The open lots of one instrument by age, with their sums.

    `unknown` counts the lots without a cost. A `pooled` book (average cost) knows the cost of all its lots only;
    `settle` spreads it over them. `unit` is the step that shares of a cost are rounded to.
    """

    __slots__ = ("cost", "head", "heap", "lots", "pooled", "quantity", "unit", "unknown")

    def __init__(self, unit: int = 1, pooled: bool = False) -> None:
        self.pooled = pooled
        self.lots: list[Lot] = []
        self.head = 0
        self.quantity = 0
        self.cost = 0
        self.unknown = 0
        self.unit = unit
        self.heap: list[tuple[int, int, int, int, Lot]] | None = None

    def open(self) -> list[Lot]:
        """The open lots, oldest first."""
        return self.lots[self.head :] if self.head else self.lots

    def add(self, lot: Lot) -> None:
        """Put a lot in its place by age."""
        lots = self.lots
        if lots and len(lots) > self.head and lots[-1].at > lot.at:
            lots.insert(bisect_right(lots, lot.at, lo=self.head, key=_age), lot)
        else:
            lots.append(lot)
        self.quantity += lot.quantity
        if lot.cost is None:
            self.unknown += 1
        else:
            self.cost += lot.cost
        if self.heap is not None:
            heappush(self.heap, _dear(lot))

    def settle(self) -> None:
        """Make each lot's own cost right, which a pooled book leaves open between closings."""
        if self.pooled:
            level(self.open(), None if self.unknown else self.cost, self.unit)
            self.resum()

    def remove(self, lot: Lot) -> None:
        """Take a whole lot out, as if it had never been there."""
        self.lots.remove(lot)
        self._out(lot.quantity, lot.cost)
        self.heap = None

    def clear(self) -> list[Lot]:
        """Take all lots out; returns them, oldest first."""
        self.settle()
        lots = self.open()
        self.lots, self.head, self.heap = [], 0, None
        self.quantity = self.cost = self.unknown = 0
        return lots

    def resum(self) -> None:
        """Count the sums again after lots were changed in place."""
        lots = self.open()
        self.quantity = sum(lot.quantity for lot in lots)
        self.cost = sum(lot.cost for lot in lots if lot.cost is not None)
        self.unknown = sum(lot.cost is None for lot in lots)
        self.heap = None

    def _out(self, quantity: int, cost: int | None) -> None:
        self.quantity -= quantity
        if cost is None:
            self.unknown -= 1
        else:
            self.cost -= cost


def _age(lot: Lot) -> int:
    return lot.at


def _dear(lot: Lot) -> tuple[int, int, int, int, Lot]:
    """Sorts lots by cost a unit, dearest first (a short lot: least received first); unknown cost last."""
    each = -(10**30) if lot.cost is None else lot.cost * UNIT // lot.quantity
    return (-each if lot.quantity > 0 else each, lot.at, lot.event, lot.ordinal, lot)


def take_fifo(book: Book, quantity: int) -> list[Taken]:
    """Take `quantity` (signed like the lots, no more than is held) off the oldest lots."""
    taken: list[Taken] = []
    lots, head = book.lots, book.head
    while quantity:
        lot = lots[head]
        part = lot.quantity
        if abs(part) <= abs(quantity):
            head += 1
            taken.append((lot, part, lot.cost))
            book._out(part, lot.cost)
        else:
            part = quantity
            taken.append((lot, part, _part(book, lot, part)))
        quantity -= part
    if head > _COMPACT and head * 2 > len(lots):
        del lots[:head]
        head = 0
    book.head = head
    return taken


def take_lifo(book: Book, quantity: int) -> list[Taken]:
    """Take `quantity` off the youngest lots."""
    taken: list[Taken] = []
    while quantity:
        lot = book.lots[-1]
        part = lot.quantity
        if abs(part) <= abs(quantity):
            book.lots.pop()
            taken.append((lot, part, lot.cost))
            book._out(part, lot.cost)
        else:
            part = quantity
            taken.append((lot, part, _part(book, lot, part)))
        quantity -= part
    return taken


def take_hifo(book: Book, quantity: int) -> list[Taken]:
    """Take `quantity` off the lots with the highest cost a unit."""
    if book.heap is None:
        book.heap = [_dear(lot) for lot in book.open()]
        heapify(book.heap)
    taken: list[Taken] = []
    gone: set[int] = set()
    while quantity:
        lot = book.heap[0][4]
        part = lot.quantity
        if abs(part) <= abs(quantity):
            heappop(book.heap)
            gone.add(id(lot))
            taken.append((lot, part, lot.cost))
            book._out(part, lot.cost)
        else:
            part = quantity
            taken.append((lot, part, _part(book, lot, part)))
        quantity -= part
    if gone:
        book.lots = [lot for lot in book.open() if id(lot) not in gone]
        book.head = 0
    return taken


def take_average(book: Book, quantity: int) -> list[Taken]:
    """Take `quantity` off the oldest lots, at the average cost of all. The book must be pooled."""
    whole, known, pool = book.quantity, not book.unknown, book.cost
    left = share(pool, quantity, whole, book.unit) if known and quantity != whole else pool
    book.cost = pool - left if known else 0
    taken: list[Taken] = []
    kept, rest = book.cost, quantity
    for lot, part, _ in take_fifo(book, quantity):
        mine = share(left, part, rest, book.unit) if part != rest else left
        left, rest = left - mine, rest - part
        taken.append((lot, part, mine if known else None))
    book.cost = kept
    book.unknown = 0 if known else len(book.lots) - book.head
    return taken


def level(lots: list[Lot], cost: int | None, unit: int = 1) -> None:
    """Spread a cost over lots by quantity; None makes each cost unknown. The parts sum to the whole."""
    whole = sum(lot.quantity for lot in lots)
    for lot in lots:
        if cost is None:
            lot.cost = None
            continue
        lot.cost = share(cost, lot.quantity, whole, unit) if whole != lot.quantity else cost
        cost -= lot.cost
        whole -= lot.quantity


def _part(book: Book, lot: Lot, part: int) -> int | None:
    """Take a part off a lot that is larger; returns the cost that goes with it."""
    cost = None if lot.cost is None else share(lot.cost, part, lot.quantity, book.unit)
    lot.quantity -= part
    book.quantity -= part
    if cost is not None and lot.cost is not None:
        lot.cost -= cost
        book.cost -= cost
    return cost


TAKE: Final[dict[str, Callable[[Book, int], list[Taken]]]] = {
    "fifo": take_fifo,
    "lifo": take_lifo,
    "hifo": take_hifo,
    "average": take_average,
}
