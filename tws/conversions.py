"""The client library's objects and floats as our values. Pure: no library is imported, no connection is known."""

import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tws.values import AccountValue, Commission, Contract, Execution, Position

UNSET_DOUBLE = 1.7976931348623157e308
UNSET_INTEGER = 2**31 - 1
UNSET_SIZES = frozenset(map(str, (UNSET_INTEGER, 2**63 - 1, -(2**63))))
_TENTH = Decimal("1E-10")


def exact(value: float) -> Decimal | None:
    """The decimal that TWS meant by a double; None for unset, nan and infinity.

    A double holds any decimal of 15 significant digits; what it shows beyond them is the noise of sums
    (0.1 + 0.2). Those digits are dropped, and those beyond the tenth decimal place, which no table keeps.
    """
    if not math.isfinite(value) or abs(value) >= UNSET_DOUBLE:
        return None
    decimal = Decimal(format(value, ".15g")) + 0  # +0: a negative zero is a zero
    if decimal.as_tuple().exponent < -10:  # type: ignore[operator]
        decimal = decimal.quantize(_TENTH)
    decimal = decimal.normalize()
    return decimal.quantize(Decimal(1)) if decimal == decimal.to_integral_value() else decimal


def figure(text: str) -> Decimal | None:
    """A figure as it was sent; None for an empty text, which the library makes 0, and for what is not set."""
    return exact(float(text)) if text else None


def size(text: str) -> Decimal | None:
    """A quantity as it was sent: for one that is not set the broker also writes integers."""
    return None if text in UNSET_SIZES else figure(text)


def required(told: Decimal | None, what: str) -> Decimal:
    """What must be told; raises `ValueError` that names it if it is missing."""
    if told is None:
        raise ValueError(f"{what} is missing")
    return told


def contract_of(told: Any) -> Contract:
    """An instrument; empty texts and zeros that mean nothing become None."""
    return Contract(
        conid=int(told.conId),
        symbol=told.symbol,
        asset_class=told.secType,
        currency=told.currency,
        exchange=told.exchange or None,
        primary_exchange=told.primaryExchange or None,
        local_symbol=told.localSymbol or None,
        trading_class=told.tradingClass or None,
        multiplier=Decimal(told.multiplier) if told.multiplier else None,
        expiry=told.lastTradeDateOrContractMonth or None,
        strike=exact(told.strike) or None,
        right=told.right[0] if told.right in {"C", "P", "CALL", "PUT"} else None,
    )


def account_value_of(account: str, tag: str, value: str, currency: str) -> AccountValue:
    """One tag of an account."""
    return AccountValue(account, tag, value, currency or None)


def position_of(
    account: str, contract: Any, quantity: Decimal | None, average_cost: Decimal | None
) -> Position:
    """A holding; raises `ValueError` if it has no quantity."""
    held = required(quantity, "the quantity of a position")
    return Position(account, contract_of(contract), held, average_cost)


def execution_of(
    contract: Any,
    told: Any,
    time_text: str,
    quantity: Decimal | None,
    price: Decimal | None,
    cumulative_quantity: Decimal | None,
    average_price: Decimal | None,
) -> Execution:
    """A fill; raises `ValueError` if its time has no zone or a figure of it is missing."""
    sign = {"BOT": 1, "SLD": -1}.get(told.side)
    if sign is None:
        raise ValueError(f"the side of an execution is {told.side!r}")
    return Execution(
        execution_id=told.execId,
        account_id=told.acctNumber,
        contract=contract_of(contract),
        executed_at=instant_of(time_text),
        quantity=sign * required(quantity, "the quantity of an execution"),
        price=required(price, "the price of an execution"),
        exchange=told.exchange,
        order_id=0 if told.orderId == UNSET_INTEGER else told.orderId,
        perm_id=told.permId,
        client_id=told.clientId,
        order_ref=told.orderRef or None,
        cumulative_quantity=cumulative_quantity,
        average_price=average_price,
    )


def commission_of(told: Any, commission: Decimal | None, realized: Decimal | None) -> Commission | None:
    """What a fill cost; None while TWS does not know it yet."""
    if commission is None or not told.currency:
        return None
    return Commission(told.execId, commission, told.currency, realized)


def instant_of(text: str) -> datetime:
    """An instant of TWS in UTC; raises `ValueError`.

    `20260302-15:04:05` is UTC, `20260302 10:04:05 US/Eastern` names its zone; both come from TWS 10.19 on. A time
    without a zone is that of the screen that TWS runs on, which nobody here knows: it is refused, not guessed.
    """
    match = re.fullmatch(r"(\d{8})(-| )(\d\d:\d\d:\d\d)(?: (\S+))?", text)
    if match is None or (match[2] == " " and match[4] is None):
        raise ValueError(f"the time {text!r} has no zone; TWS 10.19 and later send one")
    local = datetime.strptime(match[1] + match[3], "%Y%m%d%H:%M:%S")
    zone = ZoneInfo(match[4]) if match[4] else UTC
    return local.replace(tzinfo=zone).astimezone(UTC)
