"""A connection that is held for ever: connect, reconcile, stream, heartbeat, reconnect; told as events. No storing."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TYPE_CHECKING

from tws.backoff import Backoff
from tws.endpoint import Endpoint
from tws.errors import PORT_CHANGED, TwsError
from tws.outages import planned_outage
from tws.outbox import Outbox
from tws.values import Event, Link, LinkState

if TYPE_CHECKING:
    from tws.session import Session

log = logging.getLogger("tieout.tws")


class Feed:
    """The events of one endpoint. The delays and `keepalive_seconds` are in seconds, `now` is the clock (UTC)."""

    def __init__(
        self,
        endpoint: Endpoint,
        now: Callable[[], datetime],
        *,
        reconnect_min_delay: float = 3.0,
        reconnect_max_delay: float = 60.0,
        keepalive_seconds: float = 15.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._endpoint = endpoint
        self._now = now
        self._keepalive_seconds = keepalive_seconds
        self._backoff = Backoff(reconnect_min_delay, reconnect_max_delay, chance)
        self._link: Link | None = None
        self._was_up = False
        self._port_was_changed = False

    async def events(self) -> AsyncIterator[Event]:
        """What TWS tells, for ever; each change of the connection is a `Link`. Ends only when it is cancelled.

        Close it (`contextlib.aclosing`) to hang up. A reader that is slower than TWS gets the newest figure of
        each position and account, and every execution, commission and link.
        """
        outbox = Outbox()
        holding = asyncio.create_task(self._hold(outbox))
        try:
            while True:
                while len(outbox):
                    yield outbox.pop()
                filled = asyncio.create_task(outbox.wait())
                try:
                    await asyncio.wait({filled, holding}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    filled.cancel()
                if holding.done():
                    holding.result()
        finally:
            holding.cancel()
            await asyncio.wait({holding})

    async def _hold(self, outbox: Outbox) -> None:
        """Connect, stay, and connect again."""
        # The library can only be imported while an event loop runs.
        from tws.adapter import Connection
        from tws.session import Session

        self._say(outbox, LinkState.DOWN, f"connecting to {self._endpoint}")
        while True:
            session: Session | None = None
            try:
                connection = await Connection.open(self._endpoint)
                session = Session(connection, outbox, self._now, self._keepalive_seconds, self._say)
                await session.run()
            except TwsError as error:
                await self._wait(outbox, error, session)

    async def _wait(self, outbox: Outbox, error: TwsError, session: "Session | None") -> None:
        """Say why there is no connection, and wait for the next attempt."""
        if session is not None and session.seconds_up is not None:
            self._was_up, self._port_was_changed = True, False
            self._backoff.lasted(session.seconds_up)
        self._port_was_changed |= error.code == PORT_CHANGED
        wait = self._backoff.failed(error.trouble, self._was_up)
        outage = None
        if not self._port_was_changed:
            outage = planned_outage(self._now(), error.trouble, self._was_up)
        reason = f"{error.problem}: {outage}" if outage else str(error)
        if wait.stopped:
            reason += f" (tried again about every {wait.seconds:.0f} s)"
        log.warning("no connection to TWS: %s", reason)
        self._say(outbox, LinkState.STOPPED if wait.stopped else LinkState.DOWN, reason, error.code)
        await asyncio.sleep(wait.seconds)

    def _say(self, outbox: Outbox, state: LinkState, reason: str, code: int | None = None) -> None:
        """Tell how the connection stands, if that is news."""
        last = self._link
        if last is not None and (last.state, last.reason, last.code) == (state, reason, code):
            return
        since = last.since if last is not None and last.state is state else self._now()
        self._link = Link(state, since, reason, code)
        outbox.put(self._link)
