"""Numbers and dates as the page writes them: signs, currencies, dashes for what is missing, masks."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MISSING = "—"
MASK = "•••••"
MINUS = "−"

Number = Decimal | float | int | None


def is_number(value: Number) -> bool:
    """False for NULL, NaN and infinities: none of them is ever shown as a figure."""
    return value is not None and math.isfinite(value)


def decimals_of(values: Iterable[Number], most: int = 6) -> int:
    """How many decimals show all of these as they are told: 2 at least, `most` where they would be more."""
    told = (Decimal(str(value)) for value in values if value is not None and math.isfinite(value))
    return min(most, max([2, *(-int(one.normalize().as_tuple().exponent) for one in told)]))


def direction(value: Number) -> int:
    """1 for a gain, -1 for a loss, 0 for zero and for what is missing."""
    if value is None or not math.isfinite(value):
        return 0
    return (value > 0) - (value < 0)


def arrow(value: Number) -> str:
    """The sign that stands beside a colour."""
    return {1: "▲", -1: "▼", 0: ""}[direction(value)]


def _signed(text: str, value: Number, explicit: bool) -> str:
    """Put the sign in front; a value that rounds to zero has none."""
    if not any(digit in text for digit in "123456789"):
        return text
    if direction(value) < 0:
        return f"{MINUS}{text}"
    return f"+{text}" if explicit else text


@dataclass(frozen=True)
class Formats:
    """How amounts are written; with `private` they are masked and ratios stay."""

    private: bool = False

    def money(
        self, value: Number, currency: str | None = None, *, sign: bool = False, decimals: int = 2
    ) -> str:
        """An amount with thousands separators and its currency code: +1,234.56 EUR."""
        if value is None or not math.isfinite(value):
            return MISSING
        code = f" {currency}" if currency else ""
        if self.private:
            return f"{MASK}{code}"
        return _signed(f"{abs(value):,.{decimals}f}", value, sign) + code

    def ratio(self, value: Number, *, sign: bool = True, decimals: int = 2) -> str:
        """A fraction in percent: 0.0457 is +4.57 %."""
        if value is None or not math.isfinite(value):
            return MISSING
        return _signed(f"{abs(float(value)) * 100:,.{decimals}f}", value, sign) + " %"


def day(value: date | None, *, year: bool = True) -> str:
    """12 Mar 2026."""
    if value is None:
        return MISSING
    return f"{value.day} {value:%b %Y}" if year else f"{value.day} {value:%b}"


def zone_named(name: str | None) -> tzinfo:
    """The browser's time zone, UTC when it says none or an unknown one."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def built(value: datetime | str | None, zone: tzinfo, today: date) -> str:
    """When the version was built: 06:14 today, otherwise with the day; names UTC where no zone is known."""
    if value is None:
        return MISSING
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    moment = (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(zone)
    clock = f"{moment:%H:%M}" + (" UTC" if zone is UTC else "")
    if moment.date() == today:
        return clock
    return f"{day(moment.date(), year=moment.year != today.year)} {clock}"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """1 document, 2 documents."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


Formatter = Callable[[Number], str]
