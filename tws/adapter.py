"""The client library in, our values out: one connection, its requests and subscriptions. No retries, no policy.

The only module that imports ib_insync or ib_async, and of them only the part that speaks the protocol: it asks for
what we name and tells each answer by itself. It must be imported while an event loop runs (the library wants one).
"""

import asyncio
import errno
import logging
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tws import conversions
from tws.endpoint import Endpoint
from tws.errors import Code, Effect, Trouble, TwsError, code_of
from tws.requests import Requests
from tws.values import (
    AccountPnl,
    AccountValue,
    Commission,
    Contract,
    Execution,
    Position,
    PositionPnl,
)

try:
    import ib_insync as library
except ModuleNotFoundError:
    import ib_async as library

log = logging.getLogger("tieout.tws")
for _name in (library.__name__, "eventkit"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # it would print every figure of the account

# TWS hangs up on a client that sends more than 50 messages a second. The library holds back what exceeds 45; we keep
# subscriptions below 40, so that a request never waits behind them.
SUBSCRIPTIONS_A_SECOND = 40

# The kinds of messages that we read (the first field of each); the others are skipped undecoded.
_ERROR, _ACCOUNT_VALUE, _PORTFOLIO, _NEXT_ID, _EXECUTION, _ACCOUNTS = 4, 6, 7, 9, 11, 15
_TIME, _ACCOUNT_END, _EXECUTION_END, _COMMISSION = 49, 54, 55, 59
_POSITION, _POSITION_END, _MULTI, _MULTI_END, _PNL, _PNL_SINGLE = 61, 62, 73, 74, 94, 95
_KINDS = {
    str(kind)
    for kind in (
        _ERROR, _ACCOUNT_VALUE, _PORTFOLIO, _EXECUTION, _TIME, _ACCOUNT_END, _EXECUTION_END, _COMMISSION,
        _POSITION, _POSITION_END, _MULTI, _MULTI_END, _PNL, _PNL_SINGLE,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Notice:
    """A code that TWS sent about the connection, with its text."""

    code: Code
    text: str


Told = Notice | Position | AccountPnl | PositionPnl | Execution | Commission


@dataclass(frozen=True)
class Holding:
    """A line of an account's portfolio: what it is worth, by the account's own subscription."""

    account_id: str
    contract: Contract
    market_value: Decimal | None
    unrealized: Decimal | None
    realized: Decimal | None


class Connection:
    """One connection to TWS, from `open` to `close`; it is not reused.

    `tell` is called with everything that comes by itself, `lost` is done (with the reason) once the connection is gone.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        self.endpoint = endpoint
        self.accounts: tuple[str, ...] = ()
        self.server_version = 0
        self.tell: Callable[[Told], None] = lambda told: None
        self.lost: asyncio.Future[TwsError] = loop.create_future()
        self.account_pnl: dict[str, AccountPnl] = {}
        self.position_pnl: dict[tuple[str, int], PositionPnl] = {}
        self.commissions: dict[str, Commission] = {}
        self._requests = Requests(endpoint.request_deadline)
        self._handshaken = False
        self._seen: set[str] = set()
        self._fields: list[str] = []
        self._pnl_ids: dict[int, str | tuple[str, int]] = {}
        self._unanswered: set[str | tuple[str, int]] = set()
        self._answered = asyncio.Event()
        self._waiting: deque[tuple[str, int]] = deque()
        self._sent_at: deque[float] = deque()
        self._subscriber: asyncio.Task[None] | None = None
        self._client = self._make_client()

    def _make_client(self) -> Any:
        client = library.Client(_Receiver(self))
        decode = client.decoder.interpret

        def interpret(fields: list[str]) -> None:
            if not fields or not fields[0].isdigit():
                self._lose(_unreadable("it has no kind"))
                return
            self._seen.add(fields[0])
            if fields[0] in _KINDS:
                self._fields = fields
                decode(fields)

        client.decoder.interpret = interpret
        client.decoder.logger = _Unreadable(self)
        client.conn.hasData.error_event += lambda _, error: self._lose(_unreadable(str(error)))
        client.conn.disconnected += self._on_disconnected
        client.apiError += self._on_api_error
        return client

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
        if not self._handshaken:
            return TwsError(
                Trouble.MUTE, f"{endpoint} takes the connection, but says nothing within {seconds}"
            )
        missing = "the next order id" if str(_ACCOUNTS) in self._seen else "the list of accounts"
        return TwsError(Trouble.NO_ACCOUNTS, f"{endpoint} did not send {missing} within {seconds}")

    def close(self) -> None:
        """Hang up. What is still asked fails; nothing is told any more."""
        self.tell = lambda told: None
        if self._subscriber is not None:
            self._subscriber.cancel()
        self._client.disconnect()
        self._lose(TwsError(Trouble.LOST, "the connection was closed"))

    def _on_disconnected(self, text: str) -> None:
        endpoint = self.endpoint
        if not self._handshaken:
            error = TwsError(Trouble.CLOSED, f"{endpoint} hung up before it said anything")
        else:
            error = TwsError(Trouble.LOST, f"{endpoint} hung up" + (f" ({text})" if text else ""))
        self._lose(error)

    def _on_api_error(self, text: str) -> None:
        if "version must be" in text:
            self._lose(TwsError(Trouble.OLD_VERSION, f"{self.endpoint} is too old for the protocol"))

    def _lose(self, error: TwsError) -> None:
        self._requests.fail_all(error)
        self._answered.set()
        if not self.lost.done():
            self.lost.set_result(error)

    # Requests.

    async def current_time(self) -> datetime:
        """The clock of TWS, whole seconds."""
        (time,) = await self._requests.ask("time", "the current time", lambda: self._send("reqCurrentTime"))
        return time

    async def positions(self) -> tuple[Position, ...]:
        """All positions of all accounts; later changes are told."""
        items = await self._requests.ask("positions", "the positions", lambda: self._send("reqPositions"))
        newest = {(position.account_id, position.contract.conid): position for position in items}
        return tuple(position for position in newest.values() if position.quantity)

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
        values = {(v.tag, v.currency): v for v in items if isinstance(v, AccountValue)}
        holdings = {h.contract.conid: h for h in items if isinstance(h, Holding)}
        ready = values.get(("AccountReady", None))
        if ready is not None and ready.value == "false":
            raise TwsError(Trouble.NOT_READY, f"TWS is still loading account {account}")
        return tuple(values.values()), tuple(holdings.values())

    async def account_values(self, account: str) -> tuple[AccountValue, ...]:
        """The values of one account among several."""
        request = self._client.getReqId()
        try:
            items = await self._requests.ask(
                request,
                f"the values of account {account}",
                lambda: self._send("reqAccountUpdatesMulti", request, account, "", False),
            )
        finally:
            if not self.lost.done():
                self._send("cancelAccountUpdatesMulti", request)
        return tuple({(v.tag, v.currency): v for v in items}.values())

    async def executions(self) -> tuple[Execution, ...]:
        """The fills that TWS still knows (of today, as a rule), of all accounts and all clients.

        Their commissions are told one by one, stay in `commissions`, and may come later than the end.
        """
        request = self._client.getReqId()
        items = await self._requests.ask(
            request,
            "the executions",
            lambda: self._send("reqExecutions", request, library.ExecutionFilter()),
        )
        executions = newest_revisions(items)
        known = {execution.execution_id for execution in executions}
        self.commissions = {key: told for key, told in self.commissions.items() if key in known}
        return executions

    # Subscriptions to profit and loss.

    def watch_account(self, account: str) -> None:
        """Subscribe to an account's profit and loss; the newest is in `account_pnl` and is told."""
        if account not in self._pnl_ids.values():
            request = self._client.getReqId()
            self._pnl_ids[request] = account
            self._unanswered.add(account)
            self._send("reqPnL", request, account, "")

    def watch_positions(self, keys: Iterable[tuple[str, int]]) -> None:
        """Subscribe to positions (account, conid), as fast as TWS allows; the newest is in `position_pnl`."""
        known = {*self._pnl_ids.values(), *self._waiting}
        new = [key for key in keys if key not in known]
        self._waiting.extend(new)
        self._unanswered.update(new)
        if self._waiting and (self._subscriber is None or self._subscriber.done()):
            self._subscriber = asyncio.create_task(self._subscribe())

    async def _subscribe(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and not self.lost.done():
            if len(self._sent_at) >= SUBSCRIPTIONS_A_SECOND:
                wait = self._sent_at[-SUBSCRIPTIONS_A_SECOND] + 1.01 - loop.time()
                if wait > 0:
                    await asyncio.sleep(wait)
                    continue
            account, conid = self._waiting.popleft()
            request = self._client.getReqId()
            self._pnl_ids[request] = (account, conid)
            self._send("reqPnLSingle", request, account, "", conid)

    def unwatch_positions(self, keys: Iterable[tuple[str, int]]) -> None:
        """End the subscriptions to these positions."""
        gone = set(keys)
        self._waiting = deque(key for key in self._waiting if key not in gone)
        for request, key in list(self._pnl_ids.items()):
            if key in gone:
                del self._pnl_ids[request]
                self._send("cancelPnLSingle", request)
        for key in gone:
            self.position_pnl.pop(key, None)
            self._unanswered.discard(key)

    @property
    def watched_positions(self) -> set[tuple[str, int]]:
        """The positions (account, conid) whose profit and loss is followed."""
        return {*self._waiting, *(key for key in self._pnl_ids.values() if isinstance(key, tuple))}

    def forget_subscriptions(self) -> None:
        """TWS has lost them all: they can be made anew."""
        self._pnl_ids.clear()
        self._waiting.clear()
        self._unanswered.clear()
        self._answered.set()

    async def first_pnl(self, seconds: float) -> None:
        """Wait until each subscription was answered once, at most so long."""
        if not self._unanswered:
            return
        self._answered.clear()
        try:
            await asyncio.wait_for(self._answered.wait(), seconds)
        except TimeoutError:
            log.info("no PnL yet for %d subscription(s)", len(self._unanswered))
        if self.lost.done():
            raise self.lost.result()

    def _answer(self, key: str | tuple[str, int]) -> None:
        self._unanswered.discard(key)
        if not self._unanswered:
            self._answered.set()

    def _send(self, request: str, *arguments: object) -> None:
        now = asyncio.get_running_loop().time()
        while self._sent_at and now - self._sent_at[0] > 1.0:
            self._sent_at.popleft()
        self._sent_at.append(now)
        getattr(self._client, request)(*arguments)


def newest_revisions(executions: Iterable[Execution]) -> tuple[Execution, ...]:
    """Each fill once, as its last correction tells it, in the order in which the fills came."""
    newest: dict[str, Execution] = {}
    for execution in executions:
        known = newest.get(execution.root)
        if known is None or known.revision <= execution.revision:
            newest[execution.root] = execution
    return tuple(newest.values())


class _Receiver:
    """What the library calls for each message; the names of the methods are its own."""

    TimezoneTWS = "UTC"  # for the library's own reading of times, which we do not use
    defaultTimezone = UTC  # noqa: N815

    def __init__(self, connection: Connection) -> None:
        self._c = connection
        self.ib = self

    def connectAck(self) -> None:  # noqa: N802
        self._c._handshaken = True

    def setEventsDone(self) -> None:  # noqa: N802
        """We have none of the library's events."""

    def connectionClosed(self) -> None:  # noqa: N802
        """Told by the socket already."""

    def error(self, request: int, number: int, text: str, *_: object) -> None:
        """A code about a request, or about the connection."""
        code = code_of(number)
        if code.effect is Effect.REFUSES:
            problem = f"{self._c.endpoint}: {code.meaning}"
            self._c._lose(TwsError(code.trouble, problem, number, code.fix or None))
            return
        failing = code.effect in {Effect.FAILS_REQUEST, Effect.UNKNOWN}
        error = TwsError(Trouble.REJECTED, f"TWS refused a request, code {number} ({text})", number)
        if failing and self._c._requests.fail(request, error):
            return
        key = self._c._pnl_ids.get(request)
        if key is not None:
            self._c._answer(key)
        log.debug("TWS says %d: %s", number, text)
        self._c.tell(Notice(code, text))

    def currentTime(self, epoch: int) -> None:  # noqa: N802
        self._c._requests.collect("time", datetime.fromtimestamp(epoch, UTC))
        self._c._requests.end("time")

    def position(self, account: str, contract: Any, quantity: float, average_cost: float) -> None:
        position = conversions.position_of(account, contract, quantity, average_cost)
        if not self._c._requests.collect("positions", position):
            self._c.tell(position)

    def positionEnd(self) -> None:  # noqa: N802
        self._c._requests.end("positions")

    def updateAccountValue(self, tag: str, value: str, currency: str, account: str) -> None:  # noqa: N802
        told = conversions.account_value_of(account, tag, value, currency)
        self._c._requests.collect("account", told)

    def updatePortfolio(  # noqa: N802
        self,
        contract: Any,
        quantity: float,
        price: float,
        market_value: float,
        average_cost: float,
        unrealized: float,
        realized: float,
        account: str,
    ) -> None:
        # Where there is no price, TWS writes zeros here; they are no figures.
        told = Holding(
            account,
            conversions.contract_of(contract),
            conversions.exact(market_value) if price else None,
            conversions.exact(unrealized) if price else None,
            conversions.exact(realized),
        )
        self._c._requests.collect("account", told)

    def accountDownloadEnd(self, account: str) -> None:  # noqa: N802
        self._c._requests.end("account")

    def accountUpdateMulti(  # noqa: N802
        self, request: int, account: str, model: str, tag: str, value: str, currency: str
    ) -> None:
        told = conversions.account_value_of(account, tag, value, currency)
        self._c._requests.collect(request, told)

    def accountUpdateMultiEnd(self, request: int) -> None:  # noqa: N802
        self._c._requests.end(request)

    def execDetails(self, request: int, contract: Any, execution: Any) -> None:  # noqa: N802
        told = conversions.execution_of(contract, execution, _time_text(self._c._fields))
        if not self._c._requests.collect(request, told):
            self._c.tell(told)

    def execDetailsEnd(self, request: int) -> None:  # noqa: N802
        self._c._requests.end(request)

    def commissionReport(self, report: Any) -> None:  # noqa: N802
        told = conversions.commission_of(report, self._figures(3, 4)[0], self._figures(5, 6)[0])
        if told is not None and self._c.commissions.get(told.execution_id) != told:
            self._c.commissions[told.execution_id] = told
            self._c.tell(told)

    def pnl(self, request: int, *_: object) -> None:
        account = self._c._pnl_ids.get(request)
        if isinstance(account, str):
            daily, unrealized, realized = self._figures(2, 5)
            told = AccountPnl(account, daily, unrealized, realized)
            self._c.account_pnl[account] = told
            self._c._answer(account)
            self._c.tell(told)

    def pnlSingle(self, request: int, quantity: float, *_: object) -> None:  # noqa: N802
        key = self._c._pnl_ids.get(request)
        if isinstance(key, tuple):
            held = conversions.amount(quantity, "the quantity of a position")
            told = PositionPnl(*key, held, *self._figures(3, 7))
            self._c.position_pnl[key] = told
            self._c._answer(key)
            self._c.tell(told)

    def _figures(self, start: int, end: int) -> list[Decimal | None]:
        """Figures of the message as it was sent: the library makes an empty one 0, and 0 is a figure."""
        return [conversions.exact(float(text)) if text else None for text in self._c._fields[start:end]]


class _Unreadable:
    """Stands in for the decoder's logger: a message of ours that it could not read ends the connection.

    The library would log it and go on without it: a fill or a position would be missing and nobody would know.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def exception(self, *_: object) -> None:
        """Called by the library from within its `except`."""
        kind = self._connection._fields[0] if self._connection._fields else "?"
        self._connection._lose(_unreadable(f"kind {kind}: {sys.exc_info()[1]}"))

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


def _time_text(fields: list[str]) -> str:
    """The time of an execution as TWS sent it: the field behind the execution id and its contract."""
    return fields[15]


def _unreadable(what: str) -> TwsError:
    return TwsError(Trouble.UNREADABLE, f"TWS sent a message that cannot be read ({what})")


def _connect_error(error: BaseException, endpoint: Endpoint) -> TwsError:
    if isinstance(error, socket.gaierror | UnicodeError):  # the latter: no name at all
        return TwsError(Trouble.UNKNOWN_HOST, f"the host {endpoint.host} is not known")
    # Several addresses of one host come as one error without a number of its own.
    if isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return TwsError(Trouble.REFUSED, f"nothing listens on {endpoint}")
    return TwsError(Trouble.UNREACHABLE, f"{endpoint} cannot be reached ({error})")
