"""The fields of what TWS says about orders, in the wire's order. When it says so stands in `orders`."""

from dataclasses import dataclass
from decimal import Decimal

from tests.fakes.tws import messages
from tests.fakes.tws.faults import Faults
from tests.fakes.tws.holdings import ZERO
from tests.fakes.tws.instruments import Instrument
from tests.fakes.tws.order_request import OrderRequest
from tests.fakes.tws.wire import UNSET_DOUBLE, Field

NONE = ""


@dataclass
class Order:
    """An order as the broker has it."""

    client_id: int
    perm_id: int
    asked: OrderRequest
    account_id: str
    instrument: Instrument
    status: str = "PreSubmitted"
    filled: Decimal = ZERO
    average_price: Decimal = ZERO
    last_price: Decimal = ZERO
    completed_at: str = ""

    @property
    def remaining(self) -> Decimal:
        """What is not filled yet."""
        return self.asked.quantity - self.filled

    @property
    def is_live(self) -> bool:
        """Whether it can still be filled or cancelled."""
        return self.status in ("PreSubmitted", "Submitted", "PendingCancel")


def order_status(order: Order) -> list[Field]:
    """`orderStatus`."""
    return [
        *(order.asked.order_id, order.status, order.filled, order.remaining, order.average_price),
        *(order.perm_id, 0, order.last_price, order.client_id, NONE, ZERO),
    ]


def _what(order: Order, faults: Faults) -> list[Field]:
    """Contract and the head of an order, which both messages begin with."""
    asked = order.asked
    return [
        *messages.contract(order.instrument, asked.exchange or "SMART", faults),
        *(asked.action, asked.quantity, asked.order_type, asked.limit or ZERO, ZERO, asked.tif or "DAY"),
        *(NONE, order.account_id, NONE, 0, asked.order_ref),
    ]


def open_order(order: Order, faults: Faults, version: int, margins: tuple[Decimal, ...] = ()) -> list[Field]:
    """`openOrder`; `margins` (before, change, after; three each) only for an order that is a question."""
    about: list[Field] = [str(margin) for margin in margins] or [UNSET_DOUBLE] * 9
    return [
        order.asked.order_id,
        *_what(order, faults),
        *(order.client_id, order.perm_id, False, False, ZERO, NONE, NONE),
        *_advisor_and_slots(version),
        *(0, None, None, None, None, None),  # auction strategy, prices, delta, range
        *(0, False, False, False, NONE, 3, False, False, None, 0, 0),  # display size … trigger method
        *(None, 0, "None", None, 0, NONE, NONE, NONE, "?", False, 0, NONE),  # volatility, delta neutral
        *(False, 0, None, None, None, NONE, NONE, *_plain()),
        *(False, NONE, "IB", False, False, NONE),  # smart routing, clearing, not held, no algorithm
        *(False, bool(margins), order.status, *about),
        *(None, None, None, order.instrument.currency, NONE, False, False, 0),  # commissions … conditions
        *(
            "None",
            None,
            None,
            None,
            None,
            None,
            None,
            0,
            NONE,
            NONE,
            NONE,
            None,
        ),  # adjustments … cash quantity
        *(False, False, False, False, *_since_159(version)),
    ]


def completed_order(order: Order, faults: Faults, version: int) -> list[Field]:
    """`completedOrder`; it has neither the client nor the order id."""
    ended = f"Filled Size: {order.filled:f}" if order.status == "Filled" else "Cancelled by Trader"
    return [
        *_what(order, faults),
        *(order.perm_id, False, False, ZERO, NONE),
        *_advisor_and_slots(version),
        *(None, None, None, None, None),  # prices, delta, range
        *(0, False, False, NONE, 3, 0),  # display size … trigger method
        *(None, 0, "None", None, 0, False, 0, NONE),  # volatility, delta neutral
        *(False, 0, None, None, NONE, *_plain()),
        *(NONE, "IB", False, False, NONE),  # clearing, not held, no algorithm
        *(False, order.status, False, False, 0),
        *(None, None, None, False, False, NONE, order.filled, 0, False, NONE, False, False, 0),
        *(order.completed_at, ended, *_minimum_size(version)),
    ]


def _advisor_and_slots(version: int) -> list[Field]:
    """Advisor's group, method and share (and profile until 176), model, dates, offset, short sale slot."""
    return [NONE] * (6 if version >= 177 else 7) + [None, NONE, 0, NONE, -1]


def _plain() -> list[Field]:
    """No legs, no leg prices, no routing parameters, no scale, no hedge."""
    return [0, 0, 0, NONE, NONE, None, NONE]


def _since_159(version: int) -> list[Field]:
    """Duration, alternative venue, cancel with parent, and the minimum trade size."""
    told: list[Field] = [NONE] * ((version >= 159) + (version >= 160))
    if version >= 162:
        told.append(False)
    return told + _minimum_size(version)


def _minimum_size(version: int) -> list[Field]:
    return [NONE, NONE, None, None, None] if version >= 170 else []
