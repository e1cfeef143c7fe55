"""What one attribute's text means: a date, an instant, an exact number, yes or no. No frames here."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

DECIMAL_PRECISION = 38
DECIMAL_SCALE = 10
DEFAULT_TIMEZONE = "America/New_York"

MISSING = frozenset({"", "--", "N/A"})
"""Texts that say "no value", in every kind but text (where only "" is missing)."""

MISSING_STAMPS = MISSING | {"MULTI"}
"""The same for dates and instants: a summary row over several days says MULTI."""

_DATE = (
    r"(?P<y>\d{4})(?P<dash>-?)(?P<m>\d\d)(?P=dash)(?P<d>\d\d)"
    r"|(?P<p>\d\d)/(?P<q>\d\d)/(?P<sy>\d{4}|\d\d)"
    r"|(?P<nd>\d\d)-(?P<nm>[A-Za-z]{3})-(?P<ny>\d{4}|\d\d)"
)
_TIME = r"(?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)|(?P<h>\d\d)(?P<i>\d\d)(?P<s>\d\d)"
_ZONE = r"(?: ?(?P<zone>[A-Za-z]{1,5}|[+-]\d\d:?\d\d))?"
_STAMP = re.compile(rf"(?:{_DATE})(?:(?P<sep>; ?|, ?| )?(?:{_TIME}|(?P<short>\d{{5}})){_ZONE})?", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_ZONE_HOURS = {
    "UTC": 0, "GMT": 0, "Z": 0,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "CET": 1, "CEST": 2, "HKT": 8, "JST": 9, "AEST": 10, "AEDT": 11,
}  # fmt: skip
"""Abbreviations of one meaning; CST, IST and BST have several and are refused."""

_NUMBER = re.compile(
    r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:(?<=\d)\.\d*|\.\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII
)
_CONTEXT = Context(prec=2_000, rounding=ROUND_HALF_EVEN)
_QUANTUM = Decimal(1).scaleb(-DECIMAL_SCALE)
_LIMIT = Decimal(10) ** (DECIMAL_PRECISION - DECIMAL_SCALE)
_TRUE = frozenset({"y", "yes", "true"})
_FALSE = frozenset({"n", "no", "false"})

ROUNDED = f"more than {DECIMAL_SCALE} decimal places: rounded half to even"
_SET_FORMAT = "set the Flex query's Date Format to yyyyMMdd or yyyy-MM-dd and fetch it again"


def parse_date(text: str) -> date | None:
    """The date in a Flex text, or the date of a stamp; None where it says that there is none (also MULTI).

    Formats: yyyyMMdd, yyyy-MM-dd, MM/dd/yyyy, MM/dd/yy, dd/MM/yyyy, dd/MM/yy, dd-MMM-yy; two-digit years 70
    to 99 lie in the 1900s. Raises ValueError saying the problem, also where day and month could be either.
    """
    stripped = text.strip()
    return None if stripped in MISSING_STAMPS else _date_of(_match(stripped), stripped)


def parse_datetime(text: str, timezone: str = DEFAULT_TIMEZONE) -> datetime | None:
    """The instant in a Flex text, in UTC; None where it says that there is none (also MULTI).

    A date in one of `parse_date`'s formats, then `;`, `,`, `, `, space or nothing, then HHmmss or HH:mm:ss (a
    five-digit time lost its leading zero), then maybe a zone (` EDT`, `-0400`). Without a zone the text is
    local time in `timezone`; a date alone is that day's midnight there. Raises ValueError saying the problem,
    also for a local time that the change of clocks made happen twice or never.
    """
    stripped = text.strip()
    if stripped in MISSING_STAMPS:
        return None
    match = _match(stripped)
    local = datetime.combine(_date_of(match, stripped), _time_of(match, stripped))
    zone = match["zone"]
    try:
        return local.replace(tzinfo=_fixed_zone(zone)).astimezone(UTC) if zone else _to_utc(local, timezone)
    except OverflowError:
        raise ValueError(f"{stripped!r} lies outside of the calendar") from None


def parse_decimal(text: str) -> tuple[Decimal | None, bool]:
    """The exact number in a Flex text and whether it was rounded to DECIMAL_SCALE places (half to even).

    None where the text says that there is none. Thousands commas and scientific notation are read exactly.
    Raises ValueError saying the problem.
    """
    stripped = text.strip()
    if stripped in MISSING:
        return None, False
    if not any(c.isdigit() for c in stripped) or not _NUMBER.fullmatch(stripped):
        raise ValueError("not a number")
    try:
        exact = _CONTEXT.create_decimal(stripped.replace(",", ""))
        rounded = exact.quantize(_QUANTUM, context=_CONTEXT)
    except InvalidOperation:
        raise ValueError("not a number that can be kept exactly") from None
    if abs(rounded) >= _LIMIT:
        raise ValueError(f"more than {DECIMAL_PRECISION - DECIMAL_SCALE} digits before the decimal point")
    return rounded, rounded != exact


def parse_integer(text: str) -> int | None:
    """The whole number in a Flex text (64 bits); None where there is none; ValueError saying the problem."""
    number, was_rounded = parse_decimal(text)
    if number is None:
        return None
    if was_rounded or number != number.to_integral_value():
        raise ValueError("not a whole number")
    if not -(2**63) <= number < 2**63:
        raise ValueError("a whole number of more than 64 bits")
    return int(number)


def parse_boolean(text: str) -> bool | None:
    """Y, Yes, true against N, No, false in any case; None where there is none; ValueError saying the
    problem."""
    stripped = text.strip()
    if stripped in MISSING:
        return None
    lowered = stripped.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError("neither yes nor no")


def _match(text: str) -> re.Match[str]:
    match = _STAMP.fullmatch(text)
    if match is None or (match["short"] and not match["sep"]):
        raise ValueError(f"not a date or time in a known format: {_SET_FORMAT}")
    return match


def _date_of(match: re.Match[str], text: str) -> date:
    try:
        if match["y"]:
            return date(int(match["y"]), int(match["m"]), int(match["d"]))
        if match["nd"]:
            month = match["nm"].lower()
            if month not in _MONTHS:
                raise ValueError(f"{match['nm']!r} is not an English month: {_SET_FORMAT}")
            return date(_year(match["ny"]), _MONTHS.index(month) + 1, int(match["nd"]))
        first, second, year = int(match["p"]), int(match["q"]), _year(match["sy"])
        if first <= 12 and second <= 12 and first != second:
            raise ValueError(f"day and month could be either way round: {_SET_FORMAT}")
        return date(year, second, first) if first > 12 else date(year, first, second)
    except ValueError as error:
        if "Date Format" in str(error):
            raise
        raise ValueError(f"{text!r} is not a day of the calendar") from None


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return year + (1900 if year >= 70 else 2000)


def _time_of(match: re.Match[str], text: str) -> time:
    if match["short"]:
        padded = match["short"].zfill(6)
        parts = padded[:2], padded[2:4], padded[4:]
    elif match["H"]:
        parts = match["H"], match["M"], match["S"]
    elif match["h"]:
        parts = match["h"], match["i"], match["s"]
    else:
        return time()
    try:
        hour, minute, second = (int(part) for part in parts)
        return time(hour, minute, second)
    except ValueError:
        raise ValueError(f"{text!r} is not a time of the day") from None


def _fixed_zone(zone: str) -> timezone:
    if zone[0] in "+-":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        if offset >= timedelta(hours=24):
            raise ValueError(f"{zone!r} is not a distance from UTC")
        return timezone(-offset if zone[0] == "-" else offset)
    hours = _ZONE_HOURS.get(zone.upper())
    if hours is None:
        raise ValueError(f"the time zone {zone!r} is unknown or has several meanings")
    return timezone(timedelta(hours=hours))


def _to_utc(local: datetime, zone_name: str) -> datetime:
    """Local time to UTC; raises ValueError where the clocks changed over it."""
    zone = ZoneInfo(zone_name)
    earlier, later = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if earlier.utcoffset() != later.utcoffset():
        exists = earlier.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
        how_often = "twice" if exists else "never"
        raise ValueError(f"this local time happened {how_often} in {zone_name}, because the clocks changed")
    return earlier.astimezone(UTC)
