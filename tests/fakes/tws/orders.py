"""The broker's side of orders: taken, refused, changed, filled in parts, cancelled, and who is told. No bytes."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.fakes.tws import order_messages
from tests.fakes.tws.holdings import ZERO, Fill, rounded
from tests.fakes.tws.instruments import Instrument
from tests.fakes.tws.order_messages import Order
from tests.fakes.tws.order_request import OrderRequest

if TYPE_CHECKING:
    from tests.fakes.tws.hub import Hub
    from tests.fakes.tws.session import Session

COMMISSION = Decimal(1)
READ_ONLY = "Error validating request.-'bN' : cause - The API interface is currently in Read-Only mode."


class OrderDesk:
    """Every order of the day by (client id, order id)."""

    def __init__(self, hub: "Hub") -> None:
        self.hub = hub
        self.orders: dict[tuple[int, int], Order] = {}
        self._highest: defaultdict[int, int] = defaultdict(int)
        self._perm_ids = 100_000_000

    def next_id(self, client_id: int) -> int:
        """The lowest order id that a client has not used."""
        return self._highest[client_id] + 1

    def forget(self) -> None:
        """Know no orders and no used ids any more."""
        self.orders.clear()
        self._highest.clear()

    # -- what clients ask ------------------------------------------------------------------------------------

    def place(self, session: "Session", asked: OrderRequest) -> None:
        """Take an order, change one that is live, answer a question about margin, or refuse with an error."""
        key = (session.client_id or 0, asked.order_id)
        known = self.orders.get(key)
        refusal = self._refusal(asked, known, key)
        if refusal is not None:
            session.error(*refusal, asked.order_id)
            return
        if known is not None:
            self._change(known, asked)
            return
        instrument = self._instrument(asked)
        account_id = asked.account_id or next(iter(self.hub.book.accounts))
        assert instrument is not None
        order = Order(key[0], self._perm_ids, asked, account_id, instrument)
        if asked.what_if:
            self._answer_question(session, order)
            return
        self._perm_ids += 1
        self._highest[key[0]] = max(self._highest[key[0]], asked.order_id)
        self.orders[key] = order
        self._take(session, order)

    def _take(self, session: "Session", order: Order) -> None:
        faults = self.hub.faults
        if faults.reject_orders:
            order.status = "Inactive"
            self._complete(order)
            self.tell(order)
            session.error(201, f"Order rejected - reason:{faults.reject_orders}", order.asked.order_id)
            return
        if not faults.fill_before_order:
            self.tell(order)
        order.status = "Submitted"
        if order.asked.transmit:
            self._match(order)
        if order.status == "Submitted":
            self.tell(order)

    def _refusal(
        self, asked: OrderRequest, known: Order | None, key: tuple[int, int]
    ) -> tuple[int, str] | None:
        accounts = self.hub.book.accounts
        if self.hub.faults.read_only:
            return 321, READ_ONLY
        if known is not None and not known.is_live:
            return 104, "Cannot modify a filled order."
        if known is None and asked.order_id <= self._highest[key[0]]:
            return 103, "Duplicate order id"
        if self._instrument(asked) is None:
            return 200, "No security definition has been found for the request"
        if not asked.account_id and len(accounts) > 1:
            return 435, "You must specify an account."
        if asked.account_id and asked.account_id not in accounts:
            return 321, "Error validating request.-'bN' : cause - Invalid account code"
        if asked.quantity <= 0:
            return 434, "The order size cannot be zero."
        if asked.order_type not in ("MKT", "LMT") or (asked.order_type == "LMT" and asked.limit is None):
            return 387, "Unsupported order type for this exchange and security type."
        return None

    def _instrument(self, asked: OrderRequest) -> Instrument | None:
        instruments = self.hub.book.instruments
        if asked.conid:
            return instruments.get(asked.conid)
        named = (asked.symbol, asked.asset_class, asked.currency)
        matching = (
            one for one in instruments.values() if (one.symbol, one.asset_class, one.currency) == named
        )
        return next(matching, None)

    def _change(self, order: Order, asked: OrderRequest) -> None:
        order.asked = replace(order.asked, limit=asked.limit, quantity=asked.quantity, tif=asked.tif)
        self.tell(order)
        self._match(order)

    def _answer_question(self, session: "Session", order: Order) -> None:
        price = self.hub.book.prices.get(order.instrument.conid) or order.asked.limit or ZERO
        margin = rounded(order.asked.quantity * price * order.instrument.factor / 2)
        margins = (ZERO, ZERO, ZERO, margin, margin, ZERO, margin, margin, ZERO)
        faults = self.hub.faults
        session.say("openOrder", *order_messages.open_order(order, faults, session.version, margins))

    def cancel(self, session: "Session", order_id: int) -> None:
        """Cancel one of a client's own orders; it is told PendingCancel, then Cancelled with 202."""
        order = self.orders.get((session.client_id or 0, order_id))
        if self.hub.faults.read_only:
            session.error(321, READ_ONLY, order_id)
        elif order is None:
            session.error(10147, f"OrderId {order_id} that needs to be cancelled is not found.", order_id)
        elif not order.is_live:
            state = f"can not be cancelled, state: {order.status}."
            session.error(10148, f"OrderId {order_id} that needs to be cancelled {state}", order_id)
        else:
            self._cancel(order)

    def cancel_all(self) -> None:
        """Cancel every client's orders."""
        for order in self.live():
            self._cancel(order)

    def _cancel(self, order: Order) -> None:
        order.status = "PendingCancel"
        self._tell_status(order)
        if self.hub.faults.keep_cancels:
            return
        order.status = "Cancelled"
        self._complete(order)
        self._tell_status(order)
        for session in self._owners(order):
            session.error(202, "Order Canceled - reason:", order.asked.order_id)

    # -- what the market does --------------------------------------------------------------------------------

    def live(self) -> list[Order]:
        """The orders that can still be filled."""
        return [order for order in self.orders.values() if order.is_live]

    def match(self, conid: int) -> None:
        """Fill what the price of now fills."""
        for order in self.live():
            if order.instrument.conid == conid and order.asked.transmit:
                self._match(order)

    def _match(self, order: Order) -> None:
        faults, price = self.hub.faults, self.hub.book.prices.get(order.instrument.conid)
        if price is None or faults.keep_orders:
            return
        limit, is_buy = order.asked.limit, order.asked.action == "BUY"
        if (
            order.asked.order_type == "LMT"
            and limit is not None
            and (price > limit if is_buy else price < limit)
        ):
            return
        quantity = order.remaining
        if faults.largest_fill is not None:
            quantity = min(quantity, faults.largest_fill)
        self.fill(order, quantity, price)

    def fill(self, order: Order, quantity: Decimal, price: Decimal, commission: Decimal = COMMISSION) -> Fill:
        """Fill a part of an order or all of it; more than is left is an overfill, which brokers do report."""
        fill = self.hub.book.book_fill(
            order.account_id,
            order.instrument.conid,
            quantity if order.asked.action == "BUY" else -quantity,
            price,
            commission,
            self.hub.now(),
            order_id=order.asked.order_id,
            perm_id=order.perm_id,
            client_id=order.client_id,
            order_ref=order.asked.order_ref,
        )
        order.filled += quantity
        order.average_price, order.last_price = fill.average_price, price
        if order.remaining <= 0:
            order.status = "Filled"
            self._complete(order)
        if self.hub.faults.fill_before_order:
            self.hub.tell_fill(fill)
            self.tell(order)
        else:
            self.tell(order)
            self.hub.tell_fill(fill)
        return fill

    def _complete(self, order: Order) -> None:
        order.completed_at = f"{self.hub.now():%Y%m%d %H:%M:%S %Z}"

    # -- who is told -----------------------------------------------------------------------------------------

    def _owners(self, order: Order) -> Iterable["Session"]:
        return [session for session in self.hub.sessions if session.client_id == order.client_id]

    def tell(self, order: Order) -> None:
        """Tell the client that placed an order how it stands, whole."""
        for session in self._owners(order):
            session.say("openOrder", *order_messages.open_order(order, self.hub.faults, session.version))
        self._tell_status(order)

    def _tell_status(self, order: Order) -> None:
        for session in self._owners(order):
            session.say("orderStatus", *order_messages.order_status(order))

    def tell_open(self, session: "Session", wanted: Callable[[Order], bool]) -> None:
        """Answer with the live orders that are wanted, each with its status, and the end."""
        for order in self.live():
            if wanted(order):
                session.say("openOrder", *order_messages.open_order(order, self.hub.faults, session.version))
                session.say("orderStatus", *order_messages.order_status(order))
        session.say("openOrderEnd", 1)

    def tell_completed(self, session: "Session") -> None:
        """Answer with the orders of the day that have ended, of all clients."""
        for order in self.orders.values():
            if not order.is_live:
                told = order_messages.completed_order(order, self.hub.faults, session.version)
                session.say("completedOrder", *told)
        session.say("completedOrdersEnd")
