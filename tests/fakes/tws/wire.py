"""Frames and field texts of the TWS wire, and the names of its messages. What a message means stands elsewhere."""

import struct
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

UNSET_DOUBLE = "1.7976931348623157E308"
HIGHEST_VERSION = 178
LONGEST_FRAME = 1 << 20

MESSAGES = {
    "orderStatus": 3,
    "error": 4,
    "openOrder": 5,
    "updateAccountValue": 6,
    "updatePortfolio": 7,
    "updateAccountTime": 8,
    "nextValidId": 9,
    "contractDetails": 10,
    "execDetails": 11,
    "managedAccounts": 15,
    "bondContractDetails": 18,
    "currentTime": 49,
    "contractDetailsEnd": 52,
    "openOrderEnd": 53,
    "accountDownloadEnd": 54,
    "execDetailsEnd": 55,
    "commissionReport": 59,
    "position": 61,
    "positionEnd": 62,
    "accountSummary": 63,
    "accountSummaryEnd": 64,
    "accountUpdateMulti": 73,
    "accountUpdateMultiEnd": 74,
    "pnl": 94,
    "pnlSingle": 95,
    "completedOrder": 101,
    "completedOrdersEnd": 102,
}
"""What the server says, by the name of the client's callback."""

REQUESTS = {
    3: "placeOrder",
    4: "cancelOrder",
    5: "reqOpenOrders",
    6: "reqAccountUpdates",
    7: "reqExecutions",
    8: "reqIds",
    9: "reqContractDetails",
    15: "reqAutoOpenOrders",
    16: "reqAllOpenOrders",
    17: "reqManagedAccts",
    49: "reqCurrentTime",
    58: "reqGlobalCancel",
    59: "reqMarketDataType",
    61: "reqPositions",
    62: "reqAccountSummary",
    63: "cancelAccountSummary",
    64: "cancelPositions",
    71: "startApi",
    76: "reqAccountUpdatesMulti",
    77: "cancelAccountUpdatesMulti",
    92: "reqPnL",
    93: "cancelPnL",
    94: "reqPnLSingle",
    95: "cancelPnLSingle",
    99: "reqCompletedOrders",
}
"""What a client asks, by the number that starts it."""

Field = str | int | bool | Decimal | None


class ProtocolError(Exception):
    """What a client sent is not of the protocol; the text says what and where."""


def text_of(field: Field) -> str:
    """A field as the wire has it; None is the double that means «not set»."""
    if field is None:
        return UNSET_DOUBLE
    if isinstance(field, bool):
        return "1" if field else "0"
    return format(field, "f") if isinstance(field, Decimal) else str(field)


def frame(*fields: Field) -> bytes:
    """Fields as one frame. A lone surrogate stands for a byte that is not UTF-8."""
    body = "".join([f"{text_of(field)}\0" for field in fields]).encode("utf-8", "surrogateescape")
    return struct.pack(">I", len(body)) + body


def text_in(body: bytes) -> str:
    """The text of a frame that a client sent. Raises ProtocolError when it is not UTF-8."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise ProtocolError(f"{body!r} is not UTF-8") from None


def moment_of(at: datetime, style: str) -> str:
    """An instant as TWS writes it: `zone` (its own time zone, named), `utc` (with a dash), `bare` (no zone)."""
    if style == "zone":
        return f"{at:%Y%m%d %H:%M:%S} {at.tzinfo}"
    return f"{at:%Y%m%d-%H:%M:%S}" if style == "utc" else f"{at:%Y%m%d  %H:%M:%S}"


class Frames:
    """Takes bytes as they come and gives whole frames: `API` and a NUL first, then lengths and bodies."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._greeted = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies that are complete now. Raises ProtocolError for what no client may send."""
        self._held += data
        if not self._greeted:
            if not b"API\0".startswith(bytes(self._held[:4])):
                raise ProtocolError(f"the connection began with {bytes(self._held[:16])!r}, not with API")
            if len(self._held) < 4:
                return
            del self._held[:4]
            self._greeted = True
        while len(self._held) >= 4:
            (length,) = struct.unpack_from(">I", self._held)
            if length > LONGEST_FRAME:
                raise ProtocolError(f"a frame of {length} bytes")
            if len(self._held) < 4 + length:
                return
            body = bytes(self._held[4 : 4 + length])
            del self._held[: 4 + length]
            yield body


class Reader:
    """The fields of one request, read in order; what is missing or left over is a ProtocolError."""

    def __init__(self, body: bytes) -> None:
        text = text_in(body)
        if not text.endswith("\0"):
            raise ProtocolError(f"the request {text!r} does not end with NUL")
        self.fields = text[:-1].split("\0")
        self.at = 0
        number = self.integer()
        if number not in REQUESTS:
            raise ProtocolError(f"request {number} with {self.fields[1:]} is not simulated")
        self.name = REQUESTS[number]

    def text(self) -> str:
        """The next field."""
        if self.at == len(self.fields):
            raise ProtocolError(f"{self.fields} ends where another field should be")
        self.at += 1
        return self.fields[self.at - 1]

    def texts(self, count: int) -> list[str]:
        """The next fields."""
        return [self.text() for _ in range(count)]

    def integer(self) -> int:
        """The next field as a whole number; an empty one is 0."""
        field = self.text()
        try:
            return int(field or 0)
        except ValueError:
            raise ProtocolError(f"field {self.at} of {self.fields} is {field!r}, no whole number") from None

    def decimal(self) -> Decimal | None:
        """The next field as a number; an empty one is None."""
        field = self.text()
        try:
            return Decimal(field) if field else None
        except ArithmeticError:
            raise ProtocolError(f"field {self.at} of {self.fields} is {field!r}, no number") from None

    def flag(self) -> bool:
        """The next field as 0 or 1."""
        return bool(self.integer())

    def version(self, wanted: int) -> None:
        """The next field, which must be this version of the request."""
        found = self.integer()
        if found != wanted:
            raise ProtocolError(f"{self.name} in version {found}, not {wanted}")

    def end(self) -> None:
        """Nothing may be left."""
        if self.at != len(self.fields):
            raise ProtocolError(f"{self.name} leaves fields unread: {self.fields[self.at :]}")
