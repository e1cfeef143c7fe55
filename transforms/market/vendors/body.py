"""What the bodies of all vendors have in common: text, tables, JSON, numbers, refusals. No vendor's format here."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn, TypeVar

from transforms.market.series import Ask
from transforms.market.vendors.contract import Answer, Reach, VendorError

Value = TypeVar("Value")

LATER: Final = "Nothing of this answer was taken; ask again later, and report it if it stays so"

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_CELL: Final = 40
_LONGEST_MESSAGE: Final = 200

MILLISECONDS: Final = range(-8_520_336_000_000, 4_102_444_800_000)
"""1700 to 2100 as milliseconds since 1970: what is outside is no time in milliseconds."""


@dataclass(frozen=True)
class Origin:
    """Who told a body, and of what it was asked: the beginning of each message."""

    title: str
    subject: str

    def error(self, reach: Reach, problem: str, fix: str, wait: float | None = None) -> VendorError:
        """The error to raise."""
        return VendorError(reach, f"{self.title}, {self.subject}: {problem}", fix, wait)

    def untrusted(self, problem: str) -> VendorError:
        """The body says what it cannot say; asking again at once gives the same."""
        return self.error(Reach.SERIES, problem, LATER)

    def damaged(self, problem: str) -> VendorError:
        """The body did not come whole, or another came; the next may be right."""
        return self.error(Reach.AGAIN, problem, LATER)


def origin(title: str, ask: Ask) -> Origin:
    """The vendor and the series of an ask."""
    names = [series.provider_symbol for series in ask.series]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return Origin(title, ", ".join(names[:3]) + more)


def text_of(answer: Answer, at: Origin) -> str:
    """The body as text without a byte order mark. Raises VendorError for bytes that are no UTF-8."""
    try:
        return answer.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise at.damaged(f"byte {error.start} of the answer is no text") from None


def refuse_without_end(answer: Answer, text: str, at: Origin) -> None:
    """Raise VendorError for a text that may be cut off within its last cell: neither it nor HTTP says where it ends."""
    ends = ("content-length", "transfer-encoding", "content-encoding")
    if text and not text.endswith("\n") and not any(name in answer.headers for name in ends):
        raise at.damaged("nothing says whether the answer is whole")


def is_html(content: bytes) -> bool:
    """Whether a body is a web page."""
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def refuse_html(answer: Answer, at: Origin) -> None:
    """Raise VendorError for a web page in the place of data, although the status is that of data."""
    if is_html(answer.content):
        raise at.error(
            Reach.SOURCE,
            "a web page came instead of data",
            "Open the vendor's page in a browser to see what it wants; a proxy on the way can also be the cause",
        )


def refused(answer: Answer, at: Origin, message: str = "") -> NoReturn:
    """Raise the VendorError of a status other than 200, for which a vendor has no rule of its own.

    `message` is what the body says about it, in the vendor's words.
    """
    status = answer.status
    told = f" ({clipped(message, _LONGEST_MESSAGE)})" if message.strip() else ""
    if status == 429:
        raise at.error(
            Reach.AGAIN, f"too many requests{told}", "Ask again later, or for less", retry_after(answer)
        )
    if status in (408, 425) or status >= 500:
        raise at.error(
            Reach.AGAIN, f"no answer now, status {status}{told}", "Ask again later", retry_after(answer)
        )
    if status in (401, 403) and is_html(answer.content):
        raise at.error(
            Reach.SOURCE,
            f"a web page instead of data, status {status}",
            "Its site may hold off this machine's address, or a proxy on the way: open it in a browser from here",
        )
    if status in (401, 403):
        raise at.error(Reach.SOURCE, f"access refused, status {status}{told}", "Check the key and the plan")
    if status == 451:
        raise at.error(
            Reach.SOURCE, f"not offered where this machine is, status 451{told}", "Take another vendor"
        )
    if status < 400:
        raise at.error(
            Reach.SOURCE, f"status {status} instead of data{told}", "Check the base URL of this vendor"
        )
    raise at.error(
        Reach.SERIES, f"the request was refused, status {status}{told}", "Check the symbol and the dates"
    )


def retry_after(answer: Answer, now: datetime | None = None) -> float | None:
    """Seconds of `Retry-After`, which is a number or a time; None without one that can be read.

    A time is held against `now`, or without it against the answer's own `Date`.
    """
    told = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", told):
        return float(told)
    until, now = _instant(told), now or _instant(answer.headers.get("date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _instant(told: str) -> datetime | None:
    """A time as HTTP writes it; one without a zone is UTC."""
    try:
        found = parsedate_to_datetime(told)
    except (ValueError, OverflowError):  # no time, or one of a zone that no clock has
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def clipped(value: object, longest: int = _LONGEST_CELL) -> str:
    """A value of the vendor's on one line, for a message."""
    line = " ".join(str(value).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


# Tables


@dataclass(frozen=True)
class Table:
    """A CSV body: names of the columns, and per row its line (from 1) and its cells."""

    names: tuple[str, ...]
    lines: tuple[int, ...]
    rows: tuple[list[str], ...]

    def column(self, name: str) -> list[str]:
        """The cells of one column, from the top."""
        place = self.names.index(name)
        return [row[place] for row in self.rows]


def table_of(text: str, at: Origin, first_line: int = 1) -> Table:
    """The CSV table in a text, by name. Raises VendorError for a line with more or fewer cells than there are names.

    `first_line`: the number of the text's first line within the body.
    """
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        records = [(reader.line_num + first_line - 1, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise at.damaged(f"the table cannot be read ({error})") from None
    records = [(line, cells) for line, cells in records if any(cells)]
    if not records:
        return Table((), (), ())
    names = tuple(records[0][1])
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise at.untrusted(f"line {records[0][0]}: the column {clipped(min(twice))} stands there twice")
    for line, cells in records[1:]:
        if len(cells) != len(names):
            raise at.damaged(f"line {line}: {len(cells)} cells under {len(names)} column names")
    return Table(names, tuple(line for line, _ in records[1:]), tuple(cells for _, cells in records[1:]))


def parsed(
    table: Table,
    name: str,
    parse: Callable[[str], Value | None],
    kind: str,
    at: Origin,
    blank: Sequence[str] = (),
) -> list[Value | None]:
    """A column as values; a cell in `blank` is none. Raises VendorError with line and field of what is no value."""
    values: list[Value | None] = []
    for line, cell in zip(table.lines, table.column(name), strict=True):
        value = None if cell in blank else parse(cell)
        if value is None and cell not in blank:
            raise at.untrusted(f"line {line}, field {name}: {clipped(cell)!r} is no {kind}")
        values.append(value)
    return values


def number(cell: str) -> float | None:
    """A decimal number with a point, or none: no thousands, no `nan`, no infinity."""
    value = float(cell) if _NUMBER.fullmatch(cell) else math.inf
    return value if math.isfinite(value) else None


def day(cell: str) -> date | None:
    """A day as `2026-11-20`, or none."""
    try:
        return date.fromisoformat(cell) if _DAY.fullmatch(cell) else None
    except ValueError:  # the 31st of a month of 30 days
        return None


def american_day(cell: str) -> date | None:
    """A day as `11/20/2026`, or none."""
    month_day_year = cell.split("/")
    return day("-".join(month_day_year[i] for i in (2, 0, 1))) if len(month_day_year) == 3 else None


# JSON


def json_of(answer: Answer, at: Origin) -> Any:
    """The JSON of a body. Raises VendorError for half a body and for numbers that JSON does not have."""
    try:
        return json.loads(text_of(answer, at), parse_constant=_no_number)
    except RecursionError:
        raise at.untrusted("the answer is nested too deeply") from None
    except ValueError as error:
        raise at.damaged(f"the answer is no whole JSON ({clipped(error, 80)})") from None


def json_object(answer: Answer, at: Origin) -> dict[str, Any]:
    """The body's JSON object."""
    found = json_of(answer, at)
    if not isinstance(found, dict):
        raise at.untrusted("the answer is no JSON object")
    return found


def message_in(answer: Answer, name: str) -> object:
    """A field of a refusal's JSON object, or None: a refusal in another form is judged by its status alone."""
    try:
        told = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    return told.get(name) if isinstance(told, dict) else None


def message_of(answer: Answer, *names: str) -> str:
    """What a refusal says about itself: the first of these fields of its JSON object, or nothing."""
    values = (message_in(answer, name) for name in names)
    return next((value for value in values if isinstance(value, str)), "")


def rows_of(found: object, what: str, at: Origin) -> list[Mapping[str, Any]]:
    """A list of JSON objects. Raises VendorError naming the first row that is none."""
    if not isinstance(found, list):
        raise at.untrusted(f"{what} is no list")
    for place, row in enumerate(found, 1):
        if not isinstance(row, dict):
            raise at.untrusted(f"row {place} of {what} is no object")
    return found


def measured(values: Iterable[object], name: str, at: Origin) -> list[float]:
    """JSON numbers as doubles; a row that has none is an error."""
    return [_measure(value, place, name, at) for place, value in enumerate(values, 1)]


def measured_if_told(values: Iterable[object], name: str, at: Origin) -> list[float | None]:
    """JSON numbers as doubles, none where a row has none."""
    return [None if v is None else _measure(v, place, name, at) for place, v in enumerate(values, 1)]


def paid_amounts(values: Iterable[object], name: str, at: Origin) -> list[float]:
    """JSON numbers that are dividends."""
    found = measured(values, name, at)
    for place, amount in enumerate(found, 1):
        if amount < 0:
            raise at.untrusted(f"row {place}, field {name}: {amount:g} is no dividend")
    return found


def times(values: Iterable[object], name: str, at: Origin) -> list[int]:
    """JSON integers that are milliseconds since 1970."""
    found: list[int] = []
    for place, value in enumerate(values, 1):
        if type(value) is not int or value not in MILLISECONDS:
            raise at.untrusted(f"row {place}, field {name}: {clipped(value)!r} is no time in milliseconds")
        found.append(value)
    return found


def counts_if_told(values: Iterable[object], name: str, at: Origin) -> list[int | None]:
    """JSON integers, none where a row has none."""
    found: list[int | None] = []
    for place, value in enumerate(values, 1):
        if value is not None and (type(value) is not int or not 0 <= value < 1 << 62):
            raise at.untrusted(f"row {place}, field {name}: {clipped(value)!r} is no count")
        found.append(value)
    return found


def days(values: Iterable[object], name: str, at: Origin) -> list[date]:
    """JSON texts that are days."""
    found: list[date] = []
    for place, value in enumerate(values, 1):
        one = day(value) if isinstance(value, str) else None
        if one is None:
            raise at.untrusted(f"row {place}, field {name}: {clipped(value)!r} is no day")
        found.append(one)
    return found


def milliseconds(at_day: date) -> int:
    """Midnight UTC of a day as milliseconds since 1970."""
    return int(datetime(at_day.year, at_day.month, at_day.day, tzinfo=UTC).timestamp()) * 1000


def _measure(value: object, place: int, name: str, at: Origin) -> float:
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and -(1 << 1000) < value < 1 << 1000:
        return float(value)
    raise at.untrusted(f"row {place}, field {name}: {clipped(value)!r} is no number")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
