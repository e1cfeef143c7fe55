"""A TWS client of a few lines over a plain socket, for what the client library hides: the order of messages."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.fakes.tws_gateway import HOST, MESSAGES, Gateway

NAMES = {number: name for name, number in MESSAGES.items()}
WAIT = 5.0


class WireClient:
    """Sends requests as fields and gives messages as (name, fields after the number).

    `buffer` bytes at most wait unread on this side, if it is given.
    """

    def __init__(self, port: int, buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(WAIT)
        self.socket.connect((HOST, port))
        self._held = b""

    def send(self, *fields: object) -> None:
        """One request."""
        body = "".join(f"{field}\0" for field in fields).encode()
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def greet(self, versions: bytes = b"v157..176") -> list[str]:
        """The handshake; the server's version and time."""
        self.socket.sendall(b"API\0" + struct.pack(">I", len(versions)) + versions)
        return self.frame()

    def frame(self) -> list[str]:
        """The next frame's fields. Raises TimeoutError, or EOFError when the server has closed."""
        (length,) = struct.unpack(">I", self._bytes(4))
        return self._bytes(length).decode(errors="surrogateescape").split("\0")[:-1]

    def message(self) -> tuple[str, list[str]]:
        """The next message."""
        number, *fields = self.frame()
        return NAMES[int(number)], fields

    def until(self, last: str) -> list[tuple[str, list[str]]]:
        """All messages up to the first one of this name."""
        told = [self.message()]
        while told[-1][0] != last:
            told.append(self.message())
        return told

    def until_closed(self) -> list[tuple[str, list[str]]]:
        """All messages until the server closes the connection."""
        told = []
        with suppress(EOFError):
            while True:
                told.append(self.message())
        return told

    def start(self, client_id: int = 1) -> list[tuple[str, list[str]]]:
        """Handshake and login; what the server tells a new client."""
        self.greet()
        self.send(71, 2, client_id, "")
        return [self.message() for _ in range(5)]

    def _bytes(self, count: int) -> bytes:
        while len(self._held) < count:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError("the server closed the connection")
            self._held += chunk
        taken, self._held = self._held[:count], self._held[count:]
        return taken


@contextmanager
def wire_client(gateway: Gateway, buffer: int | None = None) -> Iterator[WireClient]:
    """A plain connection, closed with the block."""
    client = WireClient(gateway.port, buffer)
    try:
        yield client
    finally:
        client.socket.close()
