"""The values that the lot engine is given and gives back, and its words. No arithmetic and no frames' columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from transforms.features.tax_lots.books import Lot

TRADE, TRANSFER_OUT, OPTION_OUT, CANCEL, ACTION, ANCHOR = range(6)
"""Kinds of event. A transfer in, and shares that an option delivers, are trades with a cost of their own."""

REASONS: Final[tuple[str | None, ...]] = (
    None,
    "No lot to close: what opened it is in no statement.",
    "Held before the first statement: cost and date are those of the broker's lots.",
    "Held before the first statement: cost is the position's; the dates of its lots are not known.",
    "Held before the first statement, which does not state its cost.",
    "The rows of the corporate action give no basis: zero cost.",
    "Basis as the broker's next snapshot of the position divides it.",
    "The row states no money.",
    "Came in by transfer: cost is the amount of the transfer less the PnL that moved with it.",
    "The premium of the option is not known.",
    "Closed on days that no statement covers.",
    "Basis divided by the market values of what came in: the rows do not say how the broker divides it.",
)
(
    KNOWN,
    NO_LOT,
    FROM_LOTS,
    FROM_POSITION,
    NO_OPENING_COST,
    ZERO_COST,
    FROM_SNAPSHOT,
    NO_MONEY,
    FROM_TRANSFER,
    NO_PREMIUM,
    UNSEEN,
    BY_VALUE,
) = range(12)


@dataclass(frozen=True)
class Opening:
    """A lot that was there before: quantity, cost (None: unknown), the event that dates it."""

    event: int
    quantity: int
    cost: int | None
    reason: int


@dataclass(frozen=True)
class Anchor:
    """What an instrument held when a run of statements began, as the broker's first snapshot in it says.

    `event` closes what was given up in the hole before the run.
    """

    event: int
    book: int
    quantity: int
    openings: tuple[Opening, ...]


@dataclass(frozen=True)
class Leg:
    """One row of a corporate action. `snapshot`: (quantity, cost) of the broker's lots in its next snapshot."""

    event: int
    book: int
    quantity: int
    proceeds: int
    realized: int | None
    cost_basis: int | None
    value: int
    snapshot: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Action:
    """A corporate action with all its rows. `parent`: the book that a spin-off comes from."""

    kind: str
    legs: tuple[Leg, ...]
    parent: int | None = None


@dataclass
class Stream:
    """The events of one account in order, a list per attribute.

    `book` is the number of the instrument, `at` the age that a lot opened here has, `money` the net money of the
    event (None: unknown), `opens` whether a position may be opened, `day` the number of the booking day.
    `delivery` gives the group of an exercise or assignment: option rows put their cost in, share rows take it out.
    `lone_cancels` undo nothing that any document holds.
    """

    books: int
    kind: list[int]
    book: list[int]
    quantity: list[int]
    money: list[int | None]
    at: list[int]
    day: list[int]
    opens: list[bool]
    reason: dict[int, int] = field(default_factory=dict)
    delivery: dict[int, int] = field(default_factory=dict)
    shares_due: dict[int, int] = field(default_factory=dict)
    cancels: dict[int, int] = field(default_factory=dict)
    lone_cancels: list[int] = field(default_factory=list)
    excluded: set[int] = field(default_factory=set)
    actions: dict[int, Action] = field(default_factory=dict)
    anchors: dict[int, tuple[Anchor, ...]] = field(default_factory=dict)


Part = tuple[Lot, int, int | None, int | None, int, int]
"""A closed part: lot, quantity, cost, proceeds, closing event, book."""

Balance = tuple[int, int, int, int | None, int]
"""State of a book after a day: day, book, quantity, cost (None: unknown), number of open lots."""


@dataclass
class Outcome:
    """What a replay gives: closed parts in order, what is open (book, lot), balances, findings by event."""

    closed: list[Part] = field(default_factory=list)
    open: list[tuple[int, Lot]] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    findings: list[tuple[int, int, str]] = field(default_factory=list)
