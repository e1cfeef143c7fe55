"""What must be remembered about asking somebody, in a file that processes share and a restart keeps. No pace itself.

The pace of the Flex Web Service is flex_web_service/pace.py, that of market data vendors/pace.py.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from orchestration.resources.files import exclusive, write_atomically

Result = TypeVar("Result")


@dataclass(frozen=True)
class Hold:
    """That something must not be asked for before `until` (seconds since 1970), because of what, and what to do."""

    until: float
    why: str
    reaction: str = "wait"
    fix: str = "Fetch again then."


@dataclass(frozen=True)
class PaceFile:
    """What is kept under one name in a file of several. `now` gives seconds since 1970."""

    file: Path
    name: str
    now: Callable[[], float]

    @contextmanager
    def changing(self) -> Iterator[dict[str, Any]]:
        """What is kept, to be changed in place; nobody else reads or writes meanwhile."""
        with exclusive(self.file.with_name(f".{self.file.name}.lock"), announce=False):
            names = self._all()
            kept = names.get(self.name, {})
            before = json.dumps(kept)
            yield kept
            if json.dumps(kept) != before:
                write_atomically(self.file, json.dumps({**names, self.name: kept}, indent=1).encode())

    def change(self, change: Callable[[dict[str, Any]], Result]) -> Result:
        """What `change` gives, which may change in place what is kept."""
        with self.changing() as kept:
            return change(kept)

    def hold(self, what: str, hold: Hold) -> None:
        """Remember not to ask for `what` (`*`: for anything) while the hold lasts; those that ended are forgotten."""

        def remember(kept: dict[str, Any]) -> None:
            lasting = {name: old for name, old in kept.get("holds", {}).items() if old["until"] > self.now()}
            kept["holds"] = {**lasting, what: asdict(hold)}

        self.change(remember)

    def held(self, *names: str) -> Hold | None:
        """The first hold that lasts on one of these names; None if there is none."""
        holds = self.change(lambda kept: kept.get("holds", {}))
        for name in names:
            if name in holds and holds[name]["until"] > self.now():
                return Hold(**holds[name])
        return None

    def _all(self) -> dict[str, dict[str, Any]]:
        """What is kept of all names. A file that cannot be read is as good as none: the pace begins anew."""
        try:
            return names_in(self.file.read_bytes())
        except FileNotFoundError:
            return {}


def names_in(content: bytes) -> dict[str, dict[str, Any]]:
    """What is kept of all names in a file with this content."""
    try:
        names = json.loads(content)
    except ValueError:
        return {}
    return names if isinstance(names, dict) else {}
