"""That a vendor's key is never told: it is taken out of texts, bodies and logs. Where it is sent is wire.py's."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from transforms.market.vendors.contract import Key, Request, VendorError

SHORTEST_IN_BODIES: Final = 8
_HIDDEN: Final = "[key]"
_NAMED: Final = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_QUERY: Final = re.compile(r"\?[^\s\"']*")


@dataclass(frozen=True)
class Secrecy:
    """Takes one key out of what is kept or told, however it is escaped. Without a key nothing is changed."""

    place: Key | None
    key: str = field(repr=False)

    def text(self, text: str) -> str:
        """A text without the key."""
        return re.sub(_spelt(self.key), _HIDDEN, text) if self.key else text

    def body(self, body: bytes) -> bytes:
        """A body without the key, which may not be taken for a figure or a part of one.

        So a key of digits is only taken out where it is a whole number, and one of fewer than 8 characters not at all.
        """
        if len(self.key) < SHORTEST_IN_BODIES:
            return body
        spelt = rf"(?<!\d){self.key}(?!\d)" if self.key.isdigit() else _spelt(self.key)
        return re.sub(spelt.encode(), _HIDDEN.encode(), body)

    def request(self, request: Request) -> Request:
        """A request without the key, where an answer named it with the key as a parameter."""
        kept = tuple(
            (name, self.text(value)) for name, value in request.params if not self._is_parameter(name)
        )
        return Request(self.text(request.path), kept)

    def error(self, error: VendorError) -> VendorError:
        """The same error without the key: an answer may say what it was asked with."""
        return VendorError(error.reach, self.text(error.problem), self.text(error.fix), error.wait)

    def _is_parameter(self, name: str) -> bool:
        return self.place is not None and self.place.place == "parameter" and name == self.place.name


class WithoutQueries(logging.Filter):
    """Takes the query out of addresses in a log record: a key may stand there."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; it is always told."""
        told = record.getMessage()
        if "?" in told:
            record.msg, record.args = _QUERY.sub("?[…]", told), None
        return True


def keep_queries_out_of_logs() -> None:
    """The HTTP library logs whole addresses when it is told to log everything: ours hold keys."""
    for name in ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.poolmanager"):
        logger = logging.getLogger(name)
        if not any(isinstance(known, WithoutQueries) for known in logger.filters):
            logger.addFilter(WithoutQueries())


def _spelt(key: str) -> str:
    """The key as a pattern: each sign as it is, or as an address, JSON or HTML writes it."""
    return "".join(sign if sign.isalnum() else f"(?:{'|'.join(_signs(sign))})" for sign in key)


def _signs(sign: str) -> Iterator[str]:
    code = ord(sign)
    yield re.escape(sign)
    yield f"%(?:{code:02x}|{code:02X})"
    yield rf"\\(?:{re.escape(sign)}|u(?:{code:04x}|{code:04X}))"
    yield f"&#(?:{code}|x(?:{code:x}|{code:X}));"
    if sign in _NAMED:
        yield f"&{_NAMED[sign]};"
