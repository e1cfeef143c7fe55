"""Fills as documents in the inbox, each once: what waits, when a document is made of it, and how it gets there.

Nothing of the books is made here. A document is first kept in the state store, then laid into the inbox, so that a
process that dies between the two lays the same bytes there again.
"""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from apps.live.files import write_atomically
from state_store.database import StateStore
from state_store.live_handover import Waiting, delivered, prune, stage, staged, waiting
from tws.document import document_of_executions

GATHER_SECONDS = 3.0
"""A document is made this long after the first fill: those of one order stand in one document."""

COMMISSION_SECONDS = 20.0
"""So long a document waits for commissions; one that comes later gets a document of its own."""

_REMEMBER = timedelta(days=8)
"""TWS can tell the fills of up to seven days: so long it is known that they were handed over."""


_BROKERS_DAY = ZoneInfo("America/New_York")


class Handover:
    """The way of fills from the state store to the inbox."""

    def __init__(self, store: StateStore, inbox: Path) -> None:
        self._store, self._inbox = store, inbox
        self._since: datetime | None = None
        self._pruned: datetime | None = None
        self._under_way = True  # a feed that died may have left a document on its way
        self.documents = 0
        """How many documents were laid into the inbox since the start."""
        self.fills = 0
        """How many fills stand in them."""

    def look(self, now: datetime, *, at_once: bool = False) -> None:
        """Make a document of what waits, if it is time; `at_once` waits for nothing. Raises `StateError`, `OSError`."""
        if self._under_way:
            self._deliver()
        found = waiting(self._store)
        if not (found.fills or found.late):
            self._since = None
            return
        self._since = self._since or now
        waited = (now - self._since).total_seconds()
        complete = all(fill.complete for fill in found.fills)
        if at_once or waited >= (GATHER_SECONDS if complete else COMMISSION_SECONDS):
            self._make(found, now)
            self._since = None

    @property
    def waits(self) -> bool:
        """Whether fills wait for their document, or a document for its place, since the last look."""
        return self._since is not None or self._under_way

    def _make(self, found: Waiting, now: datetime) -> None:
        commissions = [fill.commission for fill in found.fills if fill.complete and fill.commission]
        executions = [fill.execution for fill in found.fills]
        content = document_of_executions(now, executions, [*commissions, *found.late])
        name = f"tws-executions-{now:%Y%m%d-%H%M%S}-{hashlib.sha256(content).hexdigest()[:12]}.json"
        stage(self._store, name, content, found, now)
        self.fills += len(executions)
        self._under_way = True
        self._deliver()

    def _deliver(self) -> None:
        for name, content in staged(self._store):
            write_atomically(self._inbox / name, content)
            delivered(self._store, name)
            self.documents += 1
        self._under_way = False

    def prune(self, now: datetime) -> None:
        """Once a day: forget the fills of past days that were handed over."""
        today = now.astimezone(_BROKERS_DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        if self._pruned != today:
            prune(self._store, today, now - _REMEMBER)
            self._pruned = today
