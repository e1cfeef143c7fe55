"""The token of the Flex Web Service as the settings know it: its name for records, when it expires, how to renew it."""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

WARN_DAYS: Final = 14
RENEW: Final = (
    "In Client Portal open Performance & Reports > Flex Queries > Flex Web Service Configuration, make a new token "
    "(it may live for up to a year; a new one ends the old one) and set FLEX_TOKEN to it."
)


@dataclass(frozen=True)
class Expiry:
    """What is known of the token's end. `state` is a warning from 14 days before, a problem from the day itself."""

    state: Literal["ok", "warning", "problem"]
    text: str


def token_name(token: str) -> str:
    """A token's name in what is kept and shown: the beginning of its hash. It cannot be turned round."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def expiry(expires: date | None, today: date) -> Expiry | None:
    """How close the token is to the date that FLEX_TOKEN_EXPIRES names; None where it names none."""
    if expires is None:
        return None
    left = (expires - today).days
    if left <= 0:
        return Expiry("problem", f"the token expired on {expires}, says FLEX_TOKEN_EXPIRES")
    days = f"{left} day{'' if left == 1 else 's'}"
    return Expiry(
        "warning" if left <= WARN_DAYS else "ok",
        f"the token of the Flex Web Service expires in {days} ({expires})",
    )
