"""How often a token may ask: one request a second, ten a minute, kept in a file so that a restart forgets nothing.

The file also holds what must not be asked again yet. It names tokens by a hash of theirs.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from config.flex_token import token_name
from orchestration.resources.files import exclusive, write_atomically

A_SECOND: Final = 1.0
A_MINUTE: Final = 60.0
PER_MINUTE: Final = 10
LONGEST_ROW: Final = 10 * A_MINUTE


@dataclass(frozen=True)
class Hold:
    """That something must not be asked for before `until` (seconds since 1970), because of what, and what to do."""

    until: float
    why: str
    reaction: str = "wait"
    fix: str = "Fetch again then."


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
            now = self.now()  # a turn after the longest row was taken before the clock was set back
            turns = [turn for turn in kept.get("turns", []) if now - A_MINUTE < turn <= now + LONGEST_ROW]
            turn = now
            if turns:
                turn = max(turn, turns[-1] + A_SECOND)
            if len(turns) >= PER_MINUTE:
                turn = max(turn, turns[-PER_MINUTE] + A_MINUTE)
            self._write({**kept, "turns": [*turns, turn][-PER_MINUTE:]})
        wait = turn - self.now()
        if wait > 0:
            self.sleep(wait)

    def hold(self, what: str, hold: Hold) -> None:
        """Remember not to ask for `what` (a query, or `*`: anything) while the hold lasts; older ones are forgotten."""
        with exclusive(self._lock):
            kept = self._read()
            lasting = {name: old for name, old in kept.get("holds", {}).items() if old["until"] > self.now()}
            self._write({**kept, "holds": {**lasting, what: asdict(hold)}})

    def held(self, *names: str) -> Hold | None:
        """The first hold that lasts on one of these names; None if there is none."""
        with exclusive(self._lock):
            holds = self._read().get("holds", {})
        for name in names:
            if name in holds and holds[name]["until"] > self.now():
                return Hold(**holds[name])
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
        return token_name(self.token)

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
