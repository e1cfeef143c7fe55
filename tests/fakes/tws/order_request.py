"""An order as a client sends it, read to its last field. What becomes of it stands in `orders`."""

from dataclasses import dataclass
from decimal import Decimal

from tests.fakes.tws.wire import ProtocolError, Reader

CONDITION_FIELDS = {1: 5, 3: 2, 4: 2, 5: 3, 6: 4, 7: 4}
"""Fields of an order's condition after its type and conjunction."""


@dataclass(frozen=True)
class OrderRequest:
    """The fields of an order on which the simulation acts. `limit` is None for what has none."""

    order_id: int
    conid: int
    symbol: str
    asset_class: str
    exchange: str
    currency: str
    action: str
    quantity: Decimal
    order_type: str
    limit: Decimal | None
    tif: str
    account_id: str
    order_ref: str
    transmit: bool
    what_if: bool


def read_order(reader: Reader, version: int) -> OrderRequest:
    """Read an order for this server version. Raises ProtocolError when a field is missing or left over."""
    order_id, conid = reader.integer(), reader.integer()
    symbol, asset_class = reader.texts(2)
    reader.texts(4)  # expiry, strike, right, multiplier
    exchange, _primary, currency, _local, _class, _id_type, _secid = reader.texts(7)
    action, quantity, order_type = reader.text(), reader.decimal(), reader.text()
    limit, _auxiliary, tif, _oca = reader.decimal(), reader.decimal(), reader.text(), reader.text()
    account_id, _open_close, _origin, order_ref = reader.texts(4)
    transmit = reader.flag()
    reader.texts(7)  # parent, block, sweep, display size, trigger, outside hours, hidden
    if asset_class == "BAG":
        _skip_legs(reader)
    # from the empty share allocation on: times, advisor's group, slots, OCA, auction and volatility figures
    reader.texts(29 if version >= 177 else 30)
    hedged, _price = reader.texts(2)  # delta neutral
    if hedged:
        reader.texts(8)
    _skip_scale_and_hedge(reader)
    reader.texts(4)  # smart routing, clearing account and intent, not held
    if reader.flag():  # delta neutral contract
        reader.texts(3)
    if reader.text():  # algorithm
        reader.texts(2 * reader.integer())
    reader.text()
    what_if = reader.flag()
    reader.texts(4)  # options, solicited, randomised size and price
    if order_type == "PEG BENCH":
        reader.texts(5)
    _skip_conditions(reader)
    _skip_adjustments(reader, version, exchange, order_type)
    reader.end()
    if quantity is None:
        raise ProtocolError(f"order {order_id} has no quantity")
    return OrderRequest(
        *(order_id, conid, symbol, asset_class, exchange, currency, action, quantity, order_type, limit),
        *(tif, account_id, order_ref, transmit, what_if),
    )


def _skip_legs(reader: Reader) -> None:
    reader.texts(8 * reader.integer())
    reader.texts(reader.integer())
    reader.texts(2 * reader.integer())


def _skip_scale_and_hedge(reader: Reader) -> None:
    reader.texts(6)  # continuous update to the scale's subsequent size
    increment = reader.decimal()
    if increment is not None and increment > 0:
        reader.texts(7)
    reader.texts(3)
    if reader.text():  # hedge type
        reader.text()


def _skip_conditions(reader: Reader) -> None:
    conditions = reader.integer()
    for _ in range(conditions):
        kind = reader.integer()
        if kind not in CONDITION_FIELDS:
            raise ProtocolError(f"an order's condition of type {kind}")
        reader.texts(1 + CONDITION_FIELDS[kind])
    if conditions:
        reader.texts(2)


def _skip_adjustments(reader: Reader, version: int, exchange: str, order_type: str) -> None:
    reader.texts(19)  # adjusted order … the price management algorithm
    reader.texts(sum(version >= since for since in (158, 160, 162, 166, 169)))
    if version < 170:
        return
    if exchange == "IBKRATS":
        reader.text()
    if order_type == "PEG BEST":
        reader.text()
        if reader.text() == "Infinite":
            reader.texts(2)
    elif order_type == "PEG MID":
        reader.texts(2)
