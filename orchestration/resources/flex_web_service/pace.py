"""How often a token may ask: one request a second, ten a minute, kept in a file so that a restart forgets nothing.

The file also holds what must not be asked again yet. It names tokens by a hash of theirs.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from orchestration.resources.files import exclusive, write_atomically

A_SECOND: Final = 1.0
A_MINUTE: Final = 60.0
PER_MINUTE: Final = 10


@dataclass(frozen=True)
class Pace:
    """The pace of one token. `now` gives seconds since 1970, `sleep` waits for seconds."""

    file: Path
    token: str = field(repr=False)
    now: Callable[[], float]
    sleep: Callable[[float], None]

    def wait_for_turn(self) -> None:
        """Take the next place in the row and wait for it; processes that share the token share the row."""
        with exclusive(self._lock):
            kept = self._read()
            turns = [turn for turn in kept.get("turns", []) if turn > self.now() - A_MINUTE]
            turn = self.now()
            if turns:
                turn = max(turn, turns[-1] + A_SECOND)
            if len(turns) >= PER_MINUTE:
                turn = max(turn, turns[-PER_MINUTE] + A_MINUTE)
            self._write({**kept, "turns": [*turns, turn][-PER_MINUTE:]})
        wait = turn - self.now()
        if wait > 0:
            self.sleep(wait)

    def hold(self, what: str, until: float, why: str) -> None:
        """Remember not to ask for `what` (a query, or `*`: anything) before `until`."""
        with exclusive(self._lock):
            kept = self._read()
            self._write({**kept, "holds": {**kept.get("holds", {}), what: {"until": until, "why": why}}})

    def held(self, what: str) -> tuple[float, str] | None:
        """Until when `what` must not be asked for, and why; None if it may."""
        with exclusive(self._lock):
            holds = self._read().get("holds", {})
        for name in ("*", what):
            if name in holds and holds[name]["until"] > self.now():
                return holds[name]["until"], holds[name]["why"]
        return None

    def remember(self, what: str, reference: dict[str, Any] | None) -> None:
        """Keep the reference of a statement that is being generated, or forget it (None)."""
        with exclusive(self._lock):
            kept = self._read()
            references = {name: found for name, found in kept.get("references", {}).items() if name != what}
            self._write({**kept, "references": references | ({what: reference} if reference else {})})

    def remembered(self, what: str) -> dict[str, Any] | None:
        """The reference that is kept for a query, if any."""
        with exclusive(self._lock):
            found: dict[str, Any] | None = self._read().get("references", {}).get(what)
        return found

    @property
    def _lock(self) -> Path:
        return self.file.with_name(f".{self.file.name}.lock")

    @property
    def _name(self) -> str:
        return hashlib.sha256(self.token.encode()).hexdigest()[:16]

    def _read(self) -> dict[str, Any]:
        return self._all().get(self._name, {})

    def _all(self) -> dict[str, dict[str, Any]]:
        """What is kept of all tokens. A file that cannot be read is as good as none: the pace begins anew."""
        try:
            content = json.loads(self.file.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _write(self, kept: dict[str, Any]) -> None:
        write_atomically(self.file, json.dumps({**self._all(), self._name: kept}, indent=1).encode())
