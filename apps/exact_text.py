"""Values of a mart as text that loses nothing: for JSON, CSV and downloads. No rounding for eyes here."""

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TextIO


def plain_decimal(value: Decimal) -> str:
    """All digits that mean something, never an exponent: 12.5000000000 is 12.5, 1E+2 is 100, -0 is 0."""
    if not value.is_finite():
        return str(value)
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def instant(value: datetime) -> str:
    """ISO 8601; in UTC with a Z when the value knows its zone."""
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def scalar(value: object) -> str:
    """A value as CSV writes it: exact decimals, ISO dates, instants in UTC with Z, nothing for NULL."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, dict)):
        return json_text(value)
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return str(value)


def json_text(value: object) -> str:
    """JSON in which a decimal is a number with every digit it has, never rounded through a double.

    NaN and infinities, which JSON does not know, become null, as NULL does.
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "null"
    if isinstance(value, Decimal):
        return plain_decimal(value) if value.is_finite() else "null"
    if isinstance(value, (bool, int, float, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        inside = (
            f"{json.dumps(str(key), ensure_ascii=False)}: {json_text(item)}" for key, item in value.items()
        )
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(json_text(item) for item in value) + "]"
    if isinstance(value, timedelta):
        return json.dumps(str(value))
    return json.dumps(scalar(value), ensure_ascii=False)


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], stream: TextIO) -> None:
    """A header and a line per row."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([scalar(value) for value in row] for row in rows)
