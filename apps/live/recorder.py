"""One round of writing: changes into the state store, fills to the inbox, files of changes. It blocks; no events."""

import logging
from collections.abc import Callable
from datetime import datetime

from apps.live.changes import ChangeFiles
from apps.live.handover import Handover
from state_store.database import StateError, StateStore
from state_store.live import Changes, write

log = logging.getLogger("tieout")

HEARTBEAT_SECONDS = 2.0
"""So often the state store is told that the feed lives, also when nothing moves."""

Clock = Callable[[], datetime]


class Recorder:
    """Writes rounds, one at a time, and counts them."""

    def __init__(self, store: StateStore, handover: Handover, changes: ChangeFiles, now: Clock) -> None:
        self._store, self._files, self._now = store, changes, now
        self.handover = handover
        self._look = True  # a feed that died may have left fills
        self.last_write: datetime | None = None
        self.writes = 0
        self.problem: str | None = None
        """Why the last round was not written whole; None when it was."""

    def write(self, changes: Changes, *, last: bool = False) -> str | None:
        """One round; the last one waits for nothing.

        Returns why the changes are not in the state store; None if they are: then they must not come again.
        """
        now = self._now()
        beat = self.last_write is None or (now - self.last_write).total_seconds() >= HEARTBEAT_SECONDS
        if beat or last or changes != Changes():
            try:
                write(self._store, changes, now, ended=last, problem=self.problem)
            except StateError as error:
                self._trouble(str(error))
                return str(error)
            self.last_write, self.writes = now, self.writes + 1
            self._files.add(changes)
            self._look = self._look or bool(changes.executions or changes.commissions or changes.snapshot)
        self._trouble(self._write_files(now, at_once=last))
        return None

    def finish(self, changes: Changes) -> bool:
        """The last round, and that the feed has ended. Whether everything was written."""
        self.write(changes, last=True)
        return self.problem is None

    def _write_files(self, now: datetime, *, at_once: bool) -> str | None:
        """Fills to the inbox and changes to their files. Why not; what fails is tried again in the next round."""
        try:
            if self._look or self.handover.waits or at_once:
                self.handover.look(now, at_once=at_once)
                self._look = False
            self.handover.prune(now)
            self._files.flush(now, at_once=at_once)
        except StateError as error:
            return str(error)
        except OSError as error:
            return f"{error.filename or 'the system says'}: {error.strerror}"
        return None

    def _trouble(self, problem: str | None) -> None:
        """Say once what is wrong, and once that it is over."""
        if problem != self.problem:
            if problem is not None:
                log.warning("not written, tried again: %s", problem)
            else:
                log.info("everything is written again")
        self.problem = problem
