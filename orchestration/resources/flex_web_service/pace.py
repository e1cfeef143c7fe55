"""How often a token may ask: one request a second, ten a minute, kept in a file so that a restart forgets nothing.

The file also holds what must not be asked again yet. It names tokens by a hash of theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from config.flex_token import token_name
from orchestration.resources.pace_file import Hold, PaceFile

A_SECOND: Final = 1.0
A_MINUTE: Final = 60.0
PER_MINUTE: Final = 10
LONGEST_ROW: Final = 10 * A_MINUTE


@dataclass(frozen=True)
class Pace:
    """The pace of one token. `now` gives seconds since 1970, `sleep` waits for seconds."""

    file: Path
    token: str = field(repr=False)
    now: Callable[[], float]
    sleep: Callable[[float], None]

    def wait_for_turn(self) -> None:
        """Take the next place in the row and wait for it; processes that share the token share the row."""
        with self._file.changing() as kept:
            now = self.now()  # a turn after the longest row was taken before the clock was set back
            turns = [turn for turn in kept.get("turns", []) if now - A_MINUTE < turn <= now + LONGEST_ROW]
            turn = now
            if turns:
                turn = max(turn, turns[-1] + A_SECOND)
            if len(turns) >= PER_MINUTE:
                turn = max(turn, turns[-PER_MINUTE] + A_MINUTE)
            kept["turns"] = [*turns, turn][-PER_MINUTE:]
        wait = turn - self.now()
        if wait > 0:
            self.sleep(wait)

    def hold(self, what: str, hold: Hold) -> None:
        """Remember not to ask for `what` (a query, or `*`: anything) while the hold lasts; older ones are forgotten."""
        self._file.hold(what, hold)

    def held(self, *names: str) -> Hold | None:
        """The first hold that lasts on one of these names; None if there is none."""
        return self._file.held(*names)

    def remember(self, what: str, reference: dict[str, Any] | None) -> None:
        """Keep the reference of a statement that is being generated, or forget it (None)."""
        with self._file.changing() as kept:
            references = {name: found for name, found in kept.get("references", {}).items() if name != what}
            kept["references"] = references | ({what: reference} if reference else {})

    def remembered(self, what: str) -> dict[str, Any] | None:
        """The reference that is kept for a query, if any."""
        with self._file.changing() as kept:
            found: dict[str, Any] | None = kept.get("references", {}).get(what)
        return found

    @property
    def _file(self) -> PaceFile:
        return PaceFile(self.file, token_name(self.token), self.now)
