"""Exact money: rounding steps and how a Decimal is written in a document; no bookings and no prices live
here.

The grid that makes every figure of a document exact: amounts in their own currency have at most four
decimal places, exchange rates five, so an amount in base currency (amount x rate) has at most nine, which
is what IBKR writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
CENT = Decimal("0.01")
GRID = Decimal("0.0001")
NINE_PLACES = Decimal("0.000000001")


def cents(amount: Decimal) -> Decimal:
    """Round an amount to 2 decimal places, halves away from zero (as IBKR rounds a position's value)."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def on_grid(amount: Decimal) -> Decimal:
    """Round an amount in its own currency to the 4 decimal places of the grid."""
    return amount.quantize(GRID, ROUND_HALF_UP)


def nine_places(figure: Decimal) -> Decimal:
    """Round a figure that is a quotient (an average price, a return in percent) to the 9 places IBKR
    writes.
    """
    return figure.quantize(NINE_PLACES, ROUND_HALF_UP)


def text(figure: Decimal | int) -> str:
    """Write a number as IBKR does: plain notation, no trailing zeros, no minus before zero."""
    if not figure:
        return "0"
    written = format(figure, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum amounts exactly, starting from a Decimal zero."""
    return sum(amounts, ZERO)


def scaled(units: int, places: int) -> str:
    """Write `units` x 10^-places as `text` would, without making a Decimal (for the million plain trades)."""
    sign = "-" if units < 0 else ""
    whole, part = divmod(abs(units), 10**places)
    if not part:
        return f"{sign}{whole}" if whole else "0"
    return f"{sign}{whole}.{part:0{places}d}".rstrip("0")
