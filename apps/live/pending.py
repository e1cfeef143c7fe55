"""What the feed told and nobody has written yet: the newest of each key, so that its size does not grow with time.

Fills are never conflated; a correction that comes before its fill was written stands beside it. No clock, no writing.
"""

from datetime import datetime

from state_store.live import Changes
from tws.values import (
    AccountPnl,
    Commission,
    Event,
    Execution,
    Link,
    Position,
    PositionPnl,
    Reconciled,
    Snapshot,
)

Executions = dict[str, tuple[Execution, datetime]]
Commissions = dict[str, tuple[Commission, datetime]]


class Pending:
    """Events in, `Changes` out. `link` waits from the beginning: how the connection stands before any event."""

    def __init__(self, link: Link | None = None) -> None:
        self._changes = Changes(link=link)
        self._oldest: datetime | None = None
        self.events = 0
        """How many events were told since the start."""

    @property
    def oldest(self) -> datetime | None:
        """When the first of what waits was told; None when nothing waits."""
        return self._oldest

    @property
    def keys(self) -> int:
        """How many values wait: what memory grows with."""
        waits = self._changes
        return sum(map(len, (waits.positions, waits.position_pnl, waits.account_pnl, waits.executions,
                             waits.commissions)))  # fmt: skip

    def add(self, event: Event, at: datetime) -> None:
        """Keep an event; an older one of the same key is forgotten."""
        self.events += 1
        if self._oldest is None:
            self._oldest = at
        changes = self._changes
        match event:
            case PositionPnl():
                changes.position_pnl[event.account_id, event.conid] = (event, at)
            case AccountPnl():
                changes.account_pnl[event.account_id] = (event, at)
            case Position():
                changes.positions[event.account_id, event.contract.conid] = (event, at)
            case Execution():
                changes.executions[event.execution_id] = (event, at)
            case Commission():
                changes.commissions[event.execution_id] = (event, at)
            case Link():
                changes.link = event
            case Reconciled(snapshot):
                self._start_from(snapshot, at)

    def _start_from(self, snapshot: Snapshot, at: datetime) -> None:
        """What was told before a complete snapshot is no longer so, but for fills: those have happened."""
        before = self._changes
        executions, commissions = _fills(before)
        self._changes = Changes((snapshot, at), before.link, executions=executions, commissions=commissions)

    def take(self) -> tuple[Changes, datetime | None]:
        """All that waits and since when the first of it does; nothing waits after it."""
        taken = self._changes, self._oldest
        self._changes, self._oldest = Changes(), None
        return taken

    def put_back(self, changes: Changes, oldest: datetime | None) -> None:
        """What could not be written waits again, behind what was told since."""
        since = self._changes
        if since.snapshot is None:
            since.snapshot = changes.snapshot
            since.positions = changes.positions | since.positions
            since.position_pnl = changes.position_pnl | since.position_pnl
            since.account_pnl = changes.account_pnl | since.account_pnl
        since.link = since.link or changes.link
        executions, commissions = _fills(changes)
        since.executions = executions | since.executions
        since.commissions = commissions | since.commissions
        self._oldest = oldest or self._oldest


def _fills(changes: Changes) -> tuple[Executions, Commissions]:
    """Every fill that is told, also in the snapshot."""
    executions, commissions = changes.executions, changes.commissions
    if changes.snapshot is not None:
        snapshot, at = changes.snapshot
        executions = {told.execution_id: (told, at) for told in snapshot.executions} | executions
        commissions = {told.execution_id: (told, at) for told in snapshot.commissions} | commissions
    return executions, commissions
