"""One client's connection to the simulated TWS: handshake, frames in and out, subscriptions. Answers: `answers`."""

import asyncio
import socket
import struct
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from tests.fakes.tws import answers
from tests.fakes.tws.wire import (
    HIGHEST_VERSION,
    MESSAGES,
    Field,
    Frames,
    ProtocolError,
    Reader,
    frame,
    text_in,
)

if TYPE_CHECKING:
    from tests.fakes.tws.hub import Hub

ID_IN_USE = "Unable to connect as the client id is already in use. Retry with a unique client id."
TOO_OFTEN = 3
FARMS = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)


class Subscriptions:
    """What a client wants to be told when it changes."""

    def __init__(self) -> None:
        self.positions = False
        self.account: str | None = None
        self.summaries: dict[int, tuple[str, tuple[str, ...]]] = {}
        self.multi: dict[int, tuple[str, str]] = {}
        self.pnl: dict[int, str] = {}
        self.singles: dict[int, tuple[str, int]] = {}
        self.singles_of: defaultdict[int, dict[int, str]] = defaultdict(dict)

    def follow(self, request: int, account_id: str, conid: int) -> None:
        """Follow one position's result."""
        self.singles[request] = (account_id, conid)
        self.singles_of[conid][request] = account_id

    def unfollow(self, request: int) -> None:
        """End that; a request that is not there is nothing."""
        _, conid = self.singles.pop(request, ("", 0))
        self.singles_of[conid].pop(request, None)

    def taken(self, request: int) -> bool:
        """Whether a request id has a subscription."""
        return any(request in held for held in (self.summaries, self.multi, self.pnl, self.singles))


class Session(asyncio.Protocol):
    """A connection from its first byte to its last. `client_id` is None before the client told it."""

    transport: asyncio.Transport

    def __init__(self, hub: "Hub") -> None:
        self.hub = hub
        self.client_id: int | None = None
        self.version = 0
        self.subscriptions = Subscriptions()
        self.silent = hub.faults.mute
        self.sent = 0
        self._frames = Frames()
        self._out: list[bytes] = []
        self._greeted = False
        self._arrivals: deque[float] = deque()
        self._too_fast = 0
        self._trickle: asyncio.Task[None] | None = None

    # -- the socket ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.hub.sessions.append(self)
        if self.hub.faults.hangs_up:
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone, or was let go."""
        if self._trickle is not None:
            self._trickle.cancel()
        self.hub.sessions.remove(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        if self.silent:
            return
        try:
            for body in self._frames.feed(data):
                self._take(body)
        except ProtocolError as error:
            self.hub.violations.append(f"client {self.client_id}: {error}")
            self.drop()

    def drop(self, reset: bool = False) -> None:
        """Close after what was said is written; `reset` cuts it off at once."""
        if reset:
            pipe = self.transport.get_extra_info("socket")
            pipe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
            return
        self._flush()
        if self._trickle is None:
            self.transport.close()
        else:
            self.silent = True
            self._trickle.add_done_callback(lambda _: self.transport.close())

    def forget(self) -> None:
        """Lose every subscription; the client is not told so."""
        self.subscriptions = Subscriptions()

    # -- the handshake ---------------------------------------------------------------------------------------

    def _take(self, body: bytes) -> None:
        if not self.version:
            self._greet(body)
            return
        reader = Reader(body)
        if self.client_id is None:
            self._start(reader)
            return
        self.hub.note(self, reader)
        if self._is_too_fast():
            return
        if self.hub.faults.answer_delay:
            asyncio.get_running_loop().call_later(self.hub.faults.answer_delay, self._answer, reader)
        else:
            self._answer(reader)

    def _is_too_fast(self) -> bool:
        """Count a request; whether it is one too many. Then it is not answered, the third time is the last."""
        now, most = asyncio.get_running_loop().time(), self.hub.faults.requests_a_second
        self._arrivals.append(now)
        while now - self._arrivals[0] > 1:
            self._arrivals.popleft()
        received = len(self._arrivals)
        self.hub.busiest_second = max(self.hub.busiest_second, received)
        if most is None or received <= most:
            return False
        self._too_fast += 1
        self.error(100, f"Max rate of messages per second has been exceeded:max={most} rec={received}")
        if self._too_fast == TOO_OFTEN:
            self.drop()
        return True

    def _greet(self, body: bytes) -> None:
        """Take the versions that the client speaks (`v157..176`) and answer with one."""
        lowest, _, highest = text_in(body).split(" ")[0].lstrip("v").partition("..")
        if not lowest.isdigit() or not highest.isdigit():
            raise ProtocolError(f"the handshake is {body!r}, not v157..176")
        self.version = min(HIGHEST_VERSION, int(highest))
        if not self.hub.logged_out:
            self.greet_now()

    def greet_now(self) -> None:
        """Answer a handshake, also one that had to wait until a person logged in."""
        if self.version and not self._greeted:
            self._greeted = True
            self._write(frame(self.version, f"{self.hub.now():%Y%m%d %H:%M:%S} UTC"))

    def _start(self, reader: Reader) -> None:
        if reader.name != "startApi":
            raise ProtocolError(f"{reader.name} came before startApi")
        reader.version(2)
        client_id = reader.integer()
        reader.text()
        reader.end()
        in_use = {session.client_id for session in self.hub.sessions} | self.hub.faults.refused_client_ids
        if client_id in in_use:
            self.error(326, ID_IN_USE)
            self.drop()
            return
        self.client_id = client_id
        self.say("managedAccounts", 1, ",".join(self.hub.book.accounts))
        self.say("nextValidId", 1, self.hub.orders.next_id(client_id))
        for code, text in FARMS:
            self.error(code, text)

    def _answer(self, reader: Reader) -> None:
        if self.silent or self.transport.is_closing():
            return
        carried_out = self.hub.faults.drop_on.get(reader.name)
        if carried_out is not None:
            self.silent = True
        try:
            if carried_out is not False:
                answers.answer(self, reader)
            if carried_out is not None:
                self.drop(reset=True)
        except ProtocolError as error:
            self.hub.violations.append(f"client {self.client_id}: {error}")
            self.drop()

    # -- what is said ----------------------------------------------------------------------------------------

    def error(self, code: int, text: str, request: int = -1) -> None:
        """An error, a warning or an information; `request` -1 is about no request."""
        versioned: tuple[Field, ...] = ("",) if self.version >= 166 else ()
        self.say("error", 2, request, code, text, *versioned)

    def say(self, name: str, *fields: Field) -> None:
        """One message, as the faults let it through."""
        faults = self.hub.faults
        if self.silent or name in faults.withheld or self.transport.is_closing():
            return
        data = frame(MESSAGES[name], *fields)
        for _ in range(2 if name in faults.doubled else 1):
            self._write(data)
            self.sent += 1
            if faults.drop_after is not None and self.sent >= faults.drop_after:
                self.drop()
                return

    def say_raw(self, data: bytes) -> None:
        """Bytes as they are, no frame made."""
        self._write(data)

    def _write(self, data: bytes) -> None:
        """Keep bytes until the loop's turn ends: many messages make one write."""
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        data, self._out = b"".join(self._out), []
        if not data or self.transport.is_closing():
            return
        if self.hub.faults.single_bytes or self._trickle is not None:
            self._trickle = asyncio.get_running_loop().create_task(self._write_singly(data, self._trickle))
        else:
            self.transport.write(data)

    async def _write_singly(self, data: bytes, before: "asyncio.Task[None] | None") -> None:
        """Byte by byte, after what is still on its way."""
        if before is not None:
            await before
        for place in range(len(data)):
            self.transport.write(data[place : place + 1])
            await asyncio.sleep(0)
