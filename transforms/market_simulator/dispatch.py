"""One door to all simulated vendors: which of them answers a request. What they answer is in their own modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import unquote

from transforms.market_simulator import binance, ecb, fred, massive, stooq, treasury, yahoo
from transforms.market_simulator.bodies import Answered
from transforms.market_simulator.listings import FIRST_DAY

_ANSWERS: dict[str, Callable[[str, Mapping[str, str], datetime, int, bool], Answered]] = {
    "stooq": stooq.answer,
    "binance": binance.answer,
    "massive": massive.answer,
    "ecb": ecb.answer,
    "fred": fred.answer,
    "treasury": treasury.answer,
    "yahoo": yahoo.answer,
}
VENDORS = tuple(_ANSWERS)
"""The vendors that are simulated."""


def answer(
    vendor: str, path: str, params: Mapping[str, str], now: datetime, *, seed: int = 7, defects: bool = True
) -> Answered:
    """What a vendor answers at `now` (with a time zone) to a GET of `path`: status, headers by lower-case name, body.

    Pure: the same arguments give the same bytes on any machine, and a later `now` changes nothing of what was told
    before but by splits, revisions and planted defects. `defects=False` leaves the planted defects out. No key is asked
    for. Raises ValueError for an unknown vendor, for a `now` without a zone or before the market's first day.
    """
    if vendor not in _ANSWERS:
        raise ValueError(f"no vendor {vendor!r} is simulated; there are {', '.join(VENDORS)}")
    if now.tzinfo is None:
        raise ValueError("`now` needs a time zone")
    if now.date() < FIRST_DAY:
        raise ValueError(f"the simulated market starts on {FIRST_DAY}; it cannot be asked on {now.date()}")
    return _ANSWERS[vendor](unquote(path), params, now, seed, defects)
