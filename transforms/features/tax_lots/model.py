"""The values that the lot engine is given and gives back, and its words. No arithmetic and no frames' columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from transforms.features.tax_lots.books import Lot

TRADE, TRANSFER_OUT, OPTION_OUT, CANCEL, ACTION, ANCHOR, TRANSFER_IN = range(7)
"""Kinds of event. A transfer in, and shares that an option delivers, are trades with a cost of their own; a transfer in
whose sender is a loaded account is TRANSFER_IN."""

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
    "Came in by transfer from another account: lots, dates and costs are the sender's.",
    "Rights cost nothing, as the broker states no basis for them.",
    "Bought with rights whose cost is not known.",
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
    FROM_SENDER,
    FREE,
    NO_RIGHTS_COST,
) = range(15)


@dataclass(frozen=True)
class Opening:
    """A lot that was there before: quantity, cost (None: unknown), the event that dates it."""

    event: int
    quantity: int
    cost: int | None
    reason: int


@dataclass(frozen=True)
class Moved:
    """A lot that comes over from another account: quantity, cost, age, and when the sender's holding began."""

    quantity: int
    cost: int
    at: int
    opened_at: datetime | None
    opened_on: date | None


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
    `lone_cancels` undo nothing that any document holds. `handing` are transfers out whose lots another account takes
    over; `received` are the lots, each with the event that dates it, that a transfer in brings.
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
    handing: set[int] = field(default_factory=set)
    received: dict[int, tuple[tuple[Moved, int], ...]] = field(default_factory=dict)


Part = tuple[Lot, int, int | None, int | None, int, int]
"""A closed part: lot, quantity, cost, proceeds, closing event, book."""

Balance = tuple[int, int, int, int | None, int]
"""State of a book after a day: day, book, quantity, cost (None: unknown), number of open lots."""


Handed = tuple[int, int | None, int, int, bool]
"""A part that left for another account: quantity, cost, age, event that dates it, whether no row opened it."""


@dataclass
class Outcome:
    """What a replay gives: closed parts in order, what is open (book, lot), balances, findings by event, parts handed
    to another account by event."""

    closed: list[Part] = field(default_factory=list)
    open: list[tuple[int, Lot]] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    findings: list[tuple[int, int, str]] = field(default_factory=list)
    handed: dict[int, list[Handed]] = field(default_factory=dict)
