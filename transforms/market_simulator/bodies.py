"""What a simulated vendor answers, as values: status, headers by lower-case name, body. No vendor's format here."""

from __future__ import annotations

import json
from collections.abc import Mapping

Answered = tuple[int, dict[str, str], bytes]


def as_json(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answered:
    """A JSON body without spaces, with further headers."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return status, {"content-type": "application/json; charset=utf-8", **(headers or {})}, body


def as_csv(text: str, status: int = 200) -> Answered:
    """A CSV body."""
    return status, {"content-type": "text/csv; charset=utf-8"}, text.encode()


def as_html(text: str, status: int) -> Answered:
    """A page for a browser."""
    return status, {"content-type": "text/html; charset=utf-8"}, text.encode()


def decimal(figure: int, places: int) -> str:
    """A whole number of 10^-places as plain text, with all its places."""
    if not places:
        return str(figure)
    sign, digits = ("-" if figure < 0 else ""), f"{abs(figure):0{places + 1}d}"
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def short(figure: int, places: int) -> str:
    """The same without zeros at its end."""
    text = decimal(figure, places)
    return text.rstrip("0").rstrip(".") if "." in text else text
