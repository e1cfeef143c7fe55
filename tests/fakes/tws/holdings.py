"""What an account holds and traded, and how a fill changes it; exact. Which account holds what stands in `book`."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from tests.fakes.tws.instruments import Instrument

ZERO = Decimal(0)
PLACES = Decimal("0.000001")
"""Figures are kept to so many places: such a text passes through a double and back unchanged up to a billion."""


def rounded(amount: Decimal) -> Decimal:
    """An amount at the places that are kept, without trailing zeros."""
    even = amount.quantize(PLACES, ROUND_HALF_EVEN).normalize()
    return even if even else ZERO


@dataclass
class Account:
    """An account with its base currency and its cash by currency."""

    account_id: str
    base: str = "USD"
    cash: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Fill:
    """One execution with what it cost. `quantity` is signed; `realized` is None when it only opened."""

    execution_id: str
    account_id: str
    instrument: Instrument
    at: datetime
    quantity: Decimal
    price: Decimal
    commission: Decimal
    realized: Decimal | None
    exchange: str
    order_id: int
    perm_id: int
    client_id: int
    order_ref: str
    cumulative_quantity: Decimal
    average_price: Decimal

    @property
    def root(self) -> str:
        """The id without its revision."""
        return self.execution_id.rpartition(".")[0]


@dataclass(frozen=True)
class Pnl:
    """A result: in the instrument's currency for a position, in base for an account. None is not known."""

    daily: Decimal | None
    unrealized: Decimal | None
    realized: Decimal | None
    quantity: Decimal = ZERO
    value: Decimal | None = None


@dataclass
class Holding:
    """What an account holds of one instrument. `average_cost` is per unit times the multiplier, fees in it.

    `opened_quantity` and `opened_cost` are what they were at the last close; `paid` is what the day's fills cost.
    """

    account_id: str
    instrument: Instrument
    quantity: Decimal = ZERO
    average_cost: Decimal = ZERO
    opened_quantity: Decimal = ZERO
    opened_cost: Decimal = ZERO
    paid: Decimal = ZERO
    realized: Decimal = ZERO

    def apply(self, quantity: Decimal, price: Decimal, commission: Decimal) -> Decimal | None:
        """Trade; what it realized after its commission, None if it only opened."""
        unit = price * self.instrument.factor
        held, after = self.quantity, self.quantity + quantity
        closed = min(abs(quantity), abs(held)) if held * quantity < 0 else ZERO
        fee_of_closed = commission * closed / abs(quantity)
        realized = None
        if closed:
            gained = closed * (unit - self.average_cost)
            realized = rounded((gained if held > 0 else -gained) - fee_of_closed)
            self.realized += realized
        opened = abs(quantity) - closed
        if opened:
            kept = abs(held) if not closed else ZERO
            fee = commission - fee_of_closed
            spent = opened * unit + (fee if quantity > 0 else -fee)
            self.average_cost = rounded((kept * self.average_cost + spent) / (kept + opened))
        elif not after:
            self.average_cost = ZERO
        self.quantity = after
        self.paid += quantity * unit + commission
        return realized

    def reopen(self) -> None:
        """Go back to the last close, before the day's fills."""
        self.quantity, self.average_cost = self.opened_quantity, self.opened_cost
        self.paid = self.realized = ZERO

    def close_day(self) -> None:
        """Make what is held now the last close."""
        self.opened_quantity, self.opened_cost = self.quantity, self.average_cost
        self.paid = self.realized = ZERO
