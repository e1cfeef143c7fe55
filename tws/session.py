"""What happens between connect and drop: reconcile, pass on, heartbeat, and what codes ask for. One connection."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tws.adapter import Connection
from tws.errors import Effect, Trouble, TwsError
from tws.newest import Notice, Told
from tws.outbox import Outbox
from tws.reading import read_snapshot
from tws.values import AccountPnl, Commission, Execution, LinkState, Position, PositionPnl, Reconciled

log = logging.getLogger("tieout.tws")

Say = Callable[[Outbox, LinkState, str, int | None], None]

# Fills of other clients and of TWS itself are not pushed to us: they are asked for when a position changes,
# and so often in any case.
EXECUTIONS_SECONDS = 30.0
LEAST_EXECUTIONS_SECONDS = 1.0  # a day of many fills is told whole each time
SERVER_LOST = 2110
_BROKER, _MARKET_DATA = "broker", "market data"


class Session:
    """One connection at work. `seconds_up` is how long it was up, None if it never was."""

    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        now: Callable[[], datetime],
        keepalive_seconds: float,
        say: Say,
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._now = now
        self._keepalive_seconds = keepalive_seconds
        self._say = say
        self._loop = asyncio.get_running_loop()
        self._up_since: float | None = None
        self._causes: dict[str, tuple[str, int]] = {}  # why figures are old: cause → text, code
        self._told: dict[str, int] = {}  # fills that were told: root → revision
        self._early: dict[str, Commission] = {}  # commissions whose fill was not told yet, by execution id
        self._wake = asyncio.Event()
        self._reconcile_wanted = False
        self._executions_wanted = False
        self._unknown_answered_at = -keepalive_seconds

    @property
    def broker_is_lost(self) -> bool:
        """Whether TWS said that it has lost the broker, and not yet that it has it again."""
        return _BROKER in self._causes

    @property
    def seconds_up(self) -> float | None:
        """How long the connection was up."""
        return None if self._up_since is None else self._loop.time() - self._up_since

    async def run(self) -> None:
        """Work until the connection is lost; raises the `TwsError` that says why. Hangs up in any case."""
        try:
            self._connection.listen(self._on_told)
            await self._reconcile()
            self._up_since = self._loop.time()
            await self._work()
        finally:
            self._connection.close()

    async def _work(self) -> None:
        beat = self._loop.time() + self._keepalive_seconds
        asked = self._loop.time()
        while True:
            seconds = LEAST_EXECUTIONS_SECONDS if self._executions_wanted else EXECUTIONS_SECONDS
            await self._rest(min(beat, asked + seconds) - self._loop.time())
            if self._reconcile_wanted:
                await self._reconcile()
            seconds = LEAST_EXECUTIONS_SECONDS if self._executions_wanted else EXECUTIONS_SECONDS
            if self._loop.time() >= asked + seconds:
                await self._ask_executions()
                asked = self._loop.time()
            if self._loop.time() >= beat:
                await self._beat()
                beat = self._loop.time() + self._keepalive_seconds

    async def _ask_executions(self) -> None:
        self._executions_wanted = False
        waited = set(self._early)
        await self._connection.executions()
        for execution in list(self._connection.newest.fills.values()):
            self._pass_on(execution)
        for execution_id in waited:  # of no fill that there is, such as a combination's own
            self._early.pop(execution_id, None)

    async def _rest(self, seconds: float) -> None:
        """Wait until something is to be done, at most so long; raises if the connection is lost."""
        waking = asyncio.create_task(self._wake.wait())
        either: set[asyncio.Future[Any]] = {waking, self._connection.lost}
        try:
            await asyncio.wait(
                either,
                timeout=max(seconds, 0),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            waking.cancel()
        self._wake.clear()
        if self._connection.lost.done():
            raise self._connection.lost.result()

    async def _beat(self) -> None:
        """A connection whose other end is gone looks like one that is quiet: only an answer tells them apart."""
        try:
            await self._connection.current_time()
        except TwsError as error:
            if error.trouble is not Trouble.NOT_ENDED:
                raise
            raise TwsError(
                Trouble.LOST, f"{self._connection.endpoint} no longer answers, though the connection stands"
            ) from error

    async def _reconcile(self) -> None:
        """Ask for everything, tell it, and follow the positions that there are now."""
        self._reconcile_wanted = False
        snapshot = await read_snapshot(self._connection, self._now, patient=False)
        self._told = {execution.root: execution.revision for execution in snapshot.executions}
        self._early = {key: told for key, told in self._early.items() if _root(key) not in self._told}
        self._outbox.put(Reconciled(snapshot))
        keys = [(position.account_id, position.contract.conid) for position in snapshot.positions]
        self._connection.pnl.leave_positions(self._connection.pnl.positions.difference(keys))
        self._connection.pnl.follow_positions(keys)
        self._tell_state()

    def _tell_state(self) -> None:
        if self._causes:
            text, code = next(iter(self._causes.values()))
            self._say(self._outbox, LinkState.DEGRADED, text, code)
        else:
            accounts = ", ".join(self._connection.accounts)
            self._say(
                self._outbox, LinkState.UP, f"connected to {self._connection.endpoint} ({accounts})", None
            )

    def _on_told(self, told: Told) -> None:
        """Called for each message as it comes: nothing here waits."""
        match told:
            case Notice():
                self._on_notice(told)
            case Execution():
                self._pass_on(told)
            case Position():
                self._on_position(told)
            case Commission() if _root(told.execution_id) not in self._told:
                self._early[told.execution_id] = told
            case PositionPnl() | AccountPnl() | Commission():
                self._outbox.put(told)
                if (
                    _MARKET_DATA in self._causes
                    and isinstance(told, PositionPnl)
                    and told.market_value is not None
                ):
                    self._restored(_MARKET_DATA)

    def _on_position(self, position: Position) -> None:
        key = (position.account_id, position.contract.conid)
        self._outbox.put(position)
        if position.quantity:
            self._connection.pnl.follow_positions([key])
        else:
            self._connection.pnl.leave_positions([key])
        self._executions_wanted = True
        self._wake.set()

    def _pass_on(self, execution: Execution) -> None:
        """A fill, or a correction of one, is told once, and before what it cost."""
        if self._told.get(execution.root, 0) < execution.revision:
            self._told[execution.root] = execution.revision
            self._outbox.put(execution)
        early = self._early.pop(execution.execution_id, None)
        if early is not None:
            self._outbox.put(early)

    def _on_notice(self, notice: Notice) -> None:
        code = notice.code
        text = f"{code.meaning}: {code.fix}" if code.fix else code.meaning
        farm = notice.text.rpartition(":")[2].strip()
        match code.effect:
            case Effect.DEGRADES:
                self._degraded(_BROKER, text, code.number)
            case Effect.FARM_LOST:
                self._degraded(f"farm {farm}", f"{text} ({farm})", code.number)
            case Effect.NO_MARKET_DATA:
                self._degraded(_MARKET_DATA, text, code.number)
            case Effect.FARM_BACK:
                self._restored(f"farm {farm}")
                # 2110 has no code that takes it back; a farm is only reached through the broker's server.
                if self._causes.get(_BROKER, ("", 0))[1] == SERVER_LOST:
                    self._restored(_BROKER)
            case Effect.FORGOTTEN:
                self._connection.pnl.forget()
                self._back()
            case Effect.KEPT:
                self._back()
            case Effect.UNKNOWN:
                self._on_unknown(notice)
            case Effect.FAILS_REQUEST:
                log.warning("TWS refused a request, code %d: %s", code.number, notice.text)

    def _on_unknown(self, notice: Notice) -> None:
        """Nothing is assumed about a code that we do not know: all is asked again, but not again and again."""
        log.warning("TWS sent code %d, which is not in our table: %s", notice.code.number, notice.text)
        if self._loop.time() - self._unknown_answered_at >= self._keepalive_seconds:
            self._unknown_answered_at = self._loop.time()
            self._want_reconcile()

    def _degraded(self, cause: str, text: str, code: int) -> None:
        self._causes[cause] = (text, code)
        self._tell_state()

    def _restored(self, cause: str) -> None:
        if self._causes.pop(cause, None) is not None:
            self._want_reconcile()

    def _back(self) -> None:
        self._causes.pop(_BROKER, None)
        self._want_reconcile()

    def _want_reconcile(self) -> None:
        self._reconcile_wanted = True
        self._wake.set()


def _root(execution_id: str) -> str:
    """What a fill and its corrections share."""
    return execution_id.rpartition(".")[0]
