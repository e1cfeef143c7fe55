"""What happens between connect and drop: reconcile, pass on, heartbeat, and what codes ask for. One connection."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tws.adapter import Connection
from tws.causes import Causes
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
NEVER = float("inf")


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
        self._causes = Causes()
        self._told: dict[str, int] = {}  # fills that were told: root → revision
        self._early: dict[str, Commission] = {}  # commissions whose fill was not told yet, by execution id
        self._wake = asyncio.Event()
        self._reconcile_wanted = True
        self._executions_wanted = False
        self._unknown_answered_at = -keepalive_seconds
        self._unknown_due = NEVER  # when a code that we do not know is answered

    @property
    def seconds_up(self) -> float | None:
        """How long the connection was up."""
        return None if self._up_since is None else self._loop.time() - self._up_since

    async def run(self) -> None:
        """Work until the connection is lost; raises the `TwsError` that says why. Hangs up in any case."""
        try:
            self._connection.listen(self._on_told)
            await self._reconcile_if_wanted()
            self._up_since = self._loop.time()
            await self._work()
        finally:
            self._connection.close()

    async def _work(self) -> None:
        beat = self._loop.time() + self._keepalive_seconds
        asked = self._loop.time()
        while True:
            seconds = LEAST_EXECUTIONS_SECONDS if self._executions_wanted else EXECUTIONS_SECONDS
            await self._rest(min(beat, asked + seconds, self._unknown_due) - self._loop.time())
            if self._loop.time() >= self._unknown_due:
                self._unknown_answered_at, self._unknown_due = self._loop.time(), NEVER
                self._reconcile_wanted = True
            await self._reconcile_if_wanted()
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

    async def _reconcile_if_wanted(self) -> None:
        """Ask for everything, tell it, and follow the positions that there are now.

        Without the broker TWS answers with what it happens to hold: then nothing is asked, and what was asked before
        it was lost or had again is not told; it is asked again once TWS has the broker.
        """
        if not self._reconcile_wanted or self._causes.broker_is_lost:
            return
        self._reconcile_wanted = False
        changes = self._causes.broker_changes
        snapshot = await read_snapshot(self._connection, self._now, patient=False)
        if self._causes.broker_changes != changes:
            self._want_reconcile()
            return
        self._told = {execution.root: execution.revision for execution in snapshot.executions}
        self._early = {key: told for key, told in self._early.items() if told.root not in self._told}
        self._outbox.put(Reconciled(snapshot))
        keys = [(position.account_id, position.contract.conid) for position in snapshot.positions]
        self._connection.pnl.leave_positions(self._connection.pnl.positions.difference(keys))
        self._connection.pnl.follow_positions(keys)
        self._tell_state()

    def _tell_state(self) -> None:
        cause = self._causes.first
        if cause is not None:
            self._say(self._outbox, LinkState.DEGRADED, cause.text, cause.code)
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
            case Commission() if told.root not in self._told:
                self._early[told.execution_id] = told
            case PositionPnl():
                self._outbox.put(told)
                if self._causes.value(told, lambda: self._connection.pnl.positions):
                    self._want_reconcile()
            case AccountPnl() | Commission():
                self._outbox.put(told)

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
        code, cause = notice.code, self._causes.first
        if self._causes.hear(notice):
            self._want_reconcile()
        elif self._causes.first != cause:
            self._tell_state()
        match code.effect:
            case Effect.FORGOTTEN:
                self._connection.pnl.forget()
            case Effect.UNKNOWN | Effect.FAILS_REQUEST:
                self._on_unknown(notice)

    def _on_unknown(self, notice: Notice) -> None:
        """Nothing is assumed of a code that we do not know, or of a request that is not open: all is asked again.

        But once a heartbeat at most.
        """
        log.warning("TWS sent code %d (%s): %s", notice.code.number, notice.code.meaning, notice.text)
        self._unknown_due = min(self._unknown_due, self._unknown_answered_at + self._keepalive_seconds)
        self._wake.set()

    def _want_reconcile(self) -> None:
        self._reconcile_wanted = True
        self._wake.set()
