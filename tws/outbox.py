"""Events between the connection and whoever reads them: figures are conflated, facts are not. It knows no socket."""

import asyncio
from collections.abc import Hashable

from tws.values import AccountPnl, Commission, Event, Execution, Position, PositionPnl, Reconciled


class Outbox:
    """A queue in which a newer figure takes the place of the older one of the same position or account.

    However slow the reader is, no more figures wait than there are positions and accounts; executions, commissions
    and links all wait. What waits when a `Reconciled` comes is settled by it: figures before it are dropped, and fills
    that it names are told by it. All calls are made on one event loop.
    """

    def __init__(self) -> None:
        self._waiting: dict[Hashable, Event] = {}
        self._serial = 0
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        """How many events wait."""
        return len(self._waiting)

    def put(self, event: Event) -> None:
        """Add an event, or replace the figure that waits in its place (it keeps its turn: none starves)."""
        if isinstance(event, Reconciled):
            self._settle(event)
        key = _figure(event)
        if key is None:
            self._serial += 1
            key = self._serial
        self._waiting[key] = event
        self._filled.set()

    def pop(self) -> Event:
        """The next event, in the order in which they came; raises `KeyError` if none waits."""
        if not self._waiting:
            raise KeyError("no event waits")
        event = self._waiting.pop(next(iter(self._waiting)))
        if not self._waiting:
            self._filled.clear()
        return event

    async def wait(self) -> None:
        """Return once an event waits."""
        await self._filled.wait()

    def _settle(self, newer: Reconciled) -> None:
        """Drop what the newer one settles; the fills that only an older one told are told by themselves."""
        known = {execution.execution_id for execution in newer.snapshot.executions}
        paid = {commission.execution_id for commission in newer.snapshot.commissions}
        left: dict[Hashable, Event] = {}
        for key, event in self._waiting.items():
            if isinstance(event, Reconciled):
                for execution in event.snapshot.executions:
                    if execution.execution_id not in known:
                        left[("execution", execution.execution_id)] = execution
                for commission in event.snapshot.commissions:
                    if commission.execution_id not in paid:
                        left[("commission", commission.execution_id)] = commission
            elif not (
                _figure(event)
                or (isinstance(event, Execution) and event.execution_id in known)
                or (isinstance(event, Commission) and event.execution_id in paid)
            ):
                left[key] = event
        self._waiting = left


def _figure(event: Event) -> Hashable | None:
    """The key under which a newer event replaces an older one; None for what is never replaced."""
    if isinstance(event, Position):
        return ("position", event.account_id, event.contract.conid)
    if isinstance(event, AccountPnl):
        return ("account_pnl", event.account_id)
    if isinstance(event, PositionPnl):
        return ("position_pnl", event.account_id, event.conid)
    return None
