"""The client library in, our values out: one connection and its requests. No retries, no policy.

The only module that imports ib_insync or ib_async, and of them only the part that speaks the protocol: it sends what
we name and hands each answer to our receiver. It must be imported while an event loop runs (the library wants one).
"""

import asyncio
import errno
import logging
import socket
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from tws.endpoint import Endpoint
from tws.errors import Trouble, TwsError
from tws.newest import Holding, Newest, Told
from tws.pnl import Pace, PnlSubscriptions
from tws.receiver import MANAGED_ACCOUNTS, DecoderLog, Receiver, unreadable
from tws.requests import Requests
from tws.values import AccountValue

try:
    import ib_insync as _installed
except ModuleNotFoundError:
    import ib_async as _installed  # type: ignore[no-redef]

library: Any = _installed
for _name in (library.__name__, "eventkit"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # it would print every figure of the account

# How much of what comes by itself is kept until somebody listens: a login tells some ten codes.
MOST_KEPT = 1000


class Connection:
    """One connection to TWS, from `open` to `close`; it is not reused.

    `newest` is what was told last, `pnl` the subscriptions. `lost` is done, with the reason, once the connection is
    gone. Every request raises `TwsError`: not answered to its end before the deadline, refused, or lost.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        self.endpoint = endpoint
        self.accounts: tuple[str, ...] = ()
        self.server_version = 0
        self.lost: asyncio.Future[TwsError] = loop.create_future()
        self.newest = Newest()
        self._pace = Pace(loop.time)
        self._requests = Requests(endpoint.request_deadline)
        self.pnl = PnlSubscriptions(self.newest, self._pace, self._send, self._request_id)
        self._receiver = Receiver(endpoint, self._requests, self.newest, self.pnl, self._lose)
        self._early: deque[Told] = deque(maxlen=MOST_KEPT)
        self._receiver.tell = self._early.append
        self._client: Any = library.Client(self._receiver)
        self._client.decoder.interpret = self._receiver.reading(self._client.decoder.interpret)
        self._client.decoder.logger = DecoderLog(self._receiver)
        self._client.conn.hasData.error_event += lambda _, error: self._lose(unreadable(str(error)))
        self._client.conn.disconnected += self._on_disconnected
        self._client.apiError += self._on_api_error

    def listen(self, tell: Callable[[Told], None]) -> None:
        """Call `tell` with everything that came by itself since the login, and comes; it must not wait."""
        self._receiver.tell = tell
        while self._early:
            tell(self._early.popleft())

    # Opening and closing.

    @classmethod
    async def open(cls, endpoint: Endpoint) -> "Connection":
        """Connect and wait for the list of accounts; raises `TwsError` at the latest at the connect deadline."""
        connection = cls(endpoint)
        try:
            await connection._open()
        except BaseException:
            connection.close()
            raise
        return connection

    async def _open(self) -> None:
        endpoint = self.endpoint
        connecting = asyncio.ensure_future(
            self._client.connectAsync(endpoint.host, endpoint.port, endpoint.client_id, 0)
        )
        try:
            # The library would wait out its whole time though the error is there: whatever comes first counts.
            done, _ = await asyncio.wait(
                {connecting, self.lost},
                timeout=endpoint.connect_deadline,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if self.lost in done:
                raise self.lost.result()
            if connecting not in done:
                raise self._too_late()
            error = connecting.exception()
            if error is not None:
                raise _connect_error(error, endpoint) from error
        finally:
            if not connecting.done():
                connecting.cancel()
                await asyncio.wait({connecting})
            elif not connecting.cancelled():
                connecting.exception()  # it is told by `lost` already
        self.accounts = tuple(self._client.getAccounts())
        self.server_version = int(self._client.serverVersion())

    def _too_late(self) -> TwsError:
        endpoint = self.endpoint
        seconds = f"{endpoint.connect_deadline:g} s"
        if not self._client.conn.isConnected():
            return TwsError(Trouble.UNREACHABLE, f"{endpoint} does not answer within {seconds}")
        if not self._receiver.handshaken:
            problem = f"{endpoint} takes the connection, but says nothing within {seconds}"
            return TwsError(Trouble.MUTE, problem)
        accounts = MANAGED_ACCOUNTS in self._receiver.seen
        missing = "the next order id" if accounts else "the list of accounts"
        return TwsError(Trouble.NO_ACCOUNTS, f"{endpoint} did not send {missing} within {seconds}")

    def close(self) -> None:
        """Hang up. What is still asked fails; nothing is told any more."""
        self._receiver.tell = lambda told: None
        try:
            self._client.disconnect()
        except OSError:  # what the other side has cut off cannot be ended in good order
            self._client.conn.transport.abort()
            self._client.reset()
        self._lose(TwsError(Trouble.LOST, "the connection was closed"))

    def _on_disconnected(self, text: str) -> None:
        endpoint = self.endpoint
        if not self._receiver.handshaken:
            error = TwsError(Trouble.CLOSED, f"{endpoint} hung up before it said anything")
        else:
            error = TwsError(Trouble.LOST, f"{endpoint} hung up" + (f" ({text})" if text else ""))
        self._lose(error)

    def _on_api_error(self, text: str) -> None:
        if "version must be" in text:
            self._lose(TwsError(Trouble.OLD_VERSION, f"{self.endpoint} is too old for the protocol"))

    def _lose(self, error: TwsError) -> None:
        self._requests.fail_all(error)
        self.pnl.end()
        if not self.lost.done():
            self.lost.set_result(error)

    # Requests.

    async def current_time(self) -> datetime:
        """The clock of TWS, whole seconds."""
        times: list[datetime] = await self._requests.ask(
            "time", "the current time", lambda: self._send("reqCurrentTime")
        )
        return times[0]

    async def positions(self) -> None:
        """Make `newest.positions` all positions of all accounts; later changes are told."""
        self.newest.hold_only(
            await self._requests.ask("positions", "the positions", lambda: self._send("reqPositions"))
        )

    async def executions(self) -> None:
        """Make `newest.fills` the fills that TWS still knows (as a rule today's), of all accounts and clients.

        Later ones are told. Commissions are told one by one and may come after the end.
        """
        request = self._request_id()
        before = self.newest.known()
        fills = await self._requests.ask(
            request,
            "the executions",
            lambda: self._send("reqExecutions", request, library.ExecutionFilter()),
        )
        self.newest.fill_only(fills, before)

    async def account(self, account: str) -> tuple[tuple[AccountValue, ...], tuple[Holding, ...]]:
        """The values and the portfolio of one account; TWS has one such subscription at a time."""
        try:
            items = await self._requests.ask(
                "account",
                f"the values of account {account}",
                lambda: self._send("reqAccountUpdates", True, account),
            )
        finally:
            if not self.lost.done():
                self._send("reqAccountUpdates", False, account)
        holdings = {h.contract.conid: h for h in items if isinstance(h, Holding)}
        return _complete(account, items), tuple(holdings.values())

    async def account_values(self, account: str) -> tuple[AccountValue, ...]:
        """The values of one account among several."""
        request = self._request_id()
        try:
            items = await self._requests.ask(
                request,
                f"the values of account {account}",
                lambda: self._send("reqAccountUpdatesMulti", request, account, "", False),
            )
        finally:
            if not self.lost.done():
                self._send("cancelAccountUpdatesMulti", request)
        return _complete(account, items)

    def _request_id(self) -> int:
        self._stand()
        return int(self._client.getReqId())

    def _send(self, request: str, *arguments: object) -> None:
        self._stand()
        self._pace.sent()
        getattr(self._client, request)(*arguments)

    def _stand(self) -> None:
        """Raise why the connection is gone, if it is: the library would say something of its own."""
        if self.lost.done():
            raise self.lost.result()


def _complete(account: str, items: Iterable[object]) -> tuple[AccountValue, ...]:
    """The newest of each value; while TWS says that the account is not ready, its values mean nothing."""
    values = {(v.tag, v.currency): v for v in items if isinstance(v, AccountValue)}
    ready = values.get(("AccountReady", None))
    if ready is not None and ready.value == "false":
        raise TwsError(Trouble.NOT_READY, f"TWS is still loading account {account}")
    return tuple(values.values())


def _connect_error(error: BaseException, endpoint: Endpoint) -> TwsError:
    if isinstance(error, socket.gaierror | UnicodeError):  # the latter: no name at all
        return TwsError(Trouble.UNKNOWN_HOST, f"the host {endpoint.host} is not known")
    # Several addresses of one host come as one error without a number of its own.
    if isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return TwsError(Trouble.REFUSED, f"nothing listens on {endpoint}")
    return TwsError(Trouble.UNREACHABLE, f"{endpoint} cannot be reached ({error})")
