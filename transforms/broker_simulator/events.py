"""What happened to an account, as frozen values: the facts behind every row of a document, and no
arithmetic.

Quantities and money are signed as the broker signs them: bought and received positive, sold and paid
negative. `day` is always the index of the report day, the day on which the broker books the fact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.money import ZERO


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the simulated broker. `first_id` starts its range of ids."""

    account_id: str
    base: str
    entity: str
    first_id: int


@dataclass(frozen=True, slots=True)
class Lot:
    """An open tax lot: quantity and cost are positive when long, negative when short (cost = money
    received).
    """

    instrument: Instrument
    quantity: Decimal
    cost: Decimal
    price: Decimal
    opened: datetime
    order_id: int
    transaction_id: int


@dataclass(frozen=True, slots=True)
class ClosedLot:
    """What a closing trade took of a lot: signed like the lot, `realized` in the trade's currency."""

    lot: Lot
    quantity: Decimal
    cost: Decimal
    realized: Decimal


@dataclass(frozen=True, slots=True)
class Original:
    """The trade that a cancel refers to."""

    price: Decimal
    traded: date
    trade_id: int
    order_id: int
    transaction_id: int


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill, one booking of the broker (exercise, assignment, expiry) or one cancel."""

    day: int
    instrument: Instrument
    quantity: Decimal
    price: Decimal
    proceeds: Decimal
    taxes: Decimal
    commission: Decimal
    commission_currency: str
    net_cash: Decimal
    close_price: Decimal
    indicator: str
    notes: str
    cost: Decimal
    realized: Decimal
    mtm: Decimal
    trade_id: int
    transaction_id: int
    order_id: int
    when: datetime
    traded: date
    settles: date
    kind: str
    exchange: str
    buy_sell: str
    accrued: Decimal = ZERO
    original: Original | None = None
    closed: tuple[ClosedLot, ...] = ()


@dataclass(frozen=True, slots=True)
class FundsLine:
    """One movement of cash, a line of the statement of funds.

    `parts`: (cash report component, change-in-NAV component, amount in `currency`); a change-in-NAV
    component of "mtm" means money that a position turned into, which the position's own marking accounts
    for. `level`: "both", or "currency"/"base" when the two levels of the statement tell it differently
    (foreign exchange).
    """

    day: int
    currency: str
    amount: Decimal
    code: str
    description: str
    parts: tuple[tuple[str, str, Decimal], ...]
    transaction_id: int
    booked: date
    settles: date | None = None
    instrument: Instrument | None = None
    execution: Execution | None = None
    level: str = "both"


@dataclass(frozen=True, slots=True)
class CashRow:
    """A cash transaction: dividend, tax, interest, fee, deposit. `when` is when it happened, `day` when it
    is booked.
    """

    day: int
    currency: str
    amount: Decimal
    kind: str
    description: str
    when: datetime
    has_time: bool
    settles: date
    transaction_id: int
    instrument: Instrument | None = None
    trade_id: int = 0
    action_id: int = 0
    ex_date: date | None = None


@dataclass(frozen=True, slots=True)
class ActionLeg:
    """One leg of a corporate action on the account's position."""

    day: int
    instrument: Instrument
    symbol: str
    quantity: Decimal
    proceeds: Decimal
    value: Decimal
    realized: Decimal
    mtm: Decimal
    kind: str
    description: str
    when: datetime
    action_id: int
    transaction_id: int


@dataclass(frozen=True, slots=True)
class ValueMove:
    """Value that a corporate action moved from one instrument to another, in their currency."""

    day: int
    source: Instrument
    target: Instrument
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TransferRow:
    """Securities (`instrument`) or cash (`cash`) that came in from another broker."""

    day: int
    kind: str
    currency: str
    company: str
    instrument: Instrument | None
    quantity: Decimal
    price: Decimal
    amount: Decimal
    amount_in_base: Decimal
    cash: Decimal
    transaction_id: int


@dataclass(frozen=True, slots=True)
class Accrual:
    """A declared dividend that is not paid yet; all money in the security's currency."""

    instrument: Instrument
    ex_date: date
    pay_date: date
    quantity: Decimal
    rate: Decimal
    gross: Decimal
    tax: Decimal
    net: Decimal
    action_id: int


@dataclass(frozen=True, slots=True)
class AccrualChange:
    """The posting (`Po`) or the reversal (`Re`) of a dividend accrual."""

    day: int
    booked: date
    accrual: Accrual
    code: str


@dataclass(frozen=True, slots=True)
class OptionEvent:
    """A row about an expiry, exercise or assignment: the option's side or the underlying's."""

    execution: Execution
    label: str


@dataclass(frozen=True, slots=True)
class InterestChange:
    """Interest accrued on a day, or the reversal of an accrual that was paid."""

    day: int
    currency: str
    accrued: Decimal
    reversed: Decimal


@dataclass(frozen=True, slots=True)
class Held:
    """A position at a day's close. `value` is what counts in NAV, 2 decimal places (a future: zero)."""

    instrument: Instrument
    quantity: Decimal
    price: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class Marked:
    """What a day did to one instrument, in its currency: `prior` on the quantity held before, `traded` on
    the rest.
    """

    instrument: Instrument
    prior: Decimal
    traded: Decimal


@dataclass(slots=True)
class DayClose:
    """An account at the close of one business day; written once by the ledger and only read afterwards."""

    day: int
    reported: date
    cash: dict[str, Decimal] = field(default_factory=dict)
    held: dict[int, Held] = field(default_factory=dict)
    lots: dict[int, tuple[Lot, ...]] = field(default_factory=dict)
    accruals: tuple[Accrual, ...] = ()
    interest: dict[str, Decimal] = field(default_factory=dict)
    nav: dict[str, Decimal] = field(default_factory=dict)
    long: dict[str, Decimal] = field(default_factory=dict)
    total: Decimal = ZERO
    cash_parts: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    change: dict[str, Decimal] = field(default_factory=dict)
    marked: dict[int, Marked] = field(default_factory=dict)
    cash_translation: Decimal = ZERO
    flows: list[tuple[str, Decimal]] = field(default_factory=list)
    realized: Decimal = ZERO
    realized_by_trades: Decimal = ZERO
