"""Starting an update of market data for the page, and how far it is. The command does the work; nothing is asked here.

`tieout data … --progress` runs as a process of its own that writes its lines to a file: a page that is loaded again,
or closed, changes nothing. The process holds a lock by an inherited descriptor: the kernel frees it however it ends.
"""

import fcntl
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from config.data_folder import DataFolder

_ROOT: Final = Path(__file__).resolve().parents[2]
_COMMAND: Final = (sys.executable, "-m", "apps.cli.main")
_SYMBOL: Final = re.compile(r"[A-Z0-9^][A-Z0-9.^=:/_-]{0,39}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_ATTEMPTS: Final = 10
_LOCK, _STEPS, _SAID = "lock", "progress.jsonl", "said.txt"

_children: "list[subprocess.Popen[bytes]]" = []


class PullError(Exception):
    """The update cannot be started; one sentence says why and what to do."""


@dataclass(frozen=True)
class Pull:
    """The last update that a page started. `steps`: the last that is known of each series, in the order of the run.

    `problem`: why the run as a whole failed. `ended`: it said its last word; what neither runs nor ended was killed.
    """

    command: str
    started_at: datetime
    running: bool
    ended: bool
    problem: str | None
    steps: tuple[dict[str, Any], ...]

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Series that are done and were not answered or were refused."""
        return [one for one in self.steps if one["state"] == "done" and one["problem"]]

    @property
    def done(self) -> int:
        """Series of which the last word was said."""
        return sum(one["state"] == "done" for one in self.steps)


def symbols_of(text: str) -> list[str]:
    """Symbols that a person typed, with commas, spaces or lines between them. Raises PullError."""
    found = list(dict.fromkeys(one.upper() for one in re.split(r"[\s,;]+", text) if one))
    if not found:
        raise PullError("Name at least one symbol or series, like SPY, BRK.B or EURUSD.")
    strange = [one for one in found if not _SYMBOL.fullmatch(one)]
    if strange:
        raise PullError(f"{strange[0]} is no symbol: letters, digits and . - ^ = : / _ may stand in one.")
    return found


def pull_arguments(
    provider: str, symbols: Sequence[str], universe: str, frequency: str, first: date | None
) -> list[str]:
    """What follows `tieout` to want these symbols and fetch their history. Raises PullError."""
    if not _NAME.fullmatch(universe):
        raise PullError("The universe is a name of letters, digits, - and _, like main.")
    since = ["--from", first.isoformat()] if first else []
    return [
        *("data", "pull", "--progress", "--universe", universe, "--frequency", frequency, *since),
        *("--", provider, *symbols),
    ]


UPDATE_ALL: Final = ("data", "update", "--progress")


def start(data: DataFolder, arguments: Sequence[str]) -> None:
    """Run `tieout` with these arguments on the data folder, beside this page. Raises PullError if an update runs."""
    folder = data.market_pull
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise PullError(f"{folder} cannot be written ({error.strerror}): run the command instead.") from error
    try:
        if not _taken(lock):
            raise PullError("An update that this page started is running: wait until it has ended.")
        shown = " ".join(["tieout", *(one for one in arguments if one not in ("--progress", "--"))])
        first = {"state": "started", "command": shown, "at": datetime.now(UTC).isoformat()}
        (folder / _STEPS).write_text(json.dumps(first) + "\n")
        with (folder / _STEPS).open("ab") as steps, (folder / _SAID).open("wb") as said:
            child = subprocess.Popen(
                [*_COMMAND, *arguments],
                cwd=_ROOT,
                env=os.environ | {"TIEOUT_DATA_DIR": str(data.root)},
                stdin=subprocess.DEVNULL,
                stdout=steps,
                stderr=said,
                start_new_session=True,
                pass_fds=(lock,),
            )
        _children.append(child)
    finally:
        os.close(lock)


def last_pull(data: DataFolder) -> Pull | None:
    """How far the last update is that a page started; None if there was none."""
    _children[:] = [child for child in _children if child.poll() is None]
    folder = data.market_pull
    running = _is_held(
        folder / _LOCK
    )  # before the lines are read: what ends meanwhile is seen to end next time
    try:
        lines = (folder / _STEPS).read_bytes().split(b"\n")
    except FileNotFoundError:
        return None
    told = [json.loads(line) for line in lines[:-1] if line.startswith(b"{")]
    if not told:
        return None
    latest = {(one["dataset"], one["symbol"]): one for one in told if "symbol" in one}
    end = next((one for one in told if one["state"] == "ended"), None)
    return Pull(
        told[0]["command"],
        datetime.fromisoformat(told[0]["at"]),
        running,
        end is not None,
        end["problem"] if end else None,
        tuple(latest.values()),
    )


def what_was_said(data: DataFolder, most: int = 2000) -> str:
    """The end of what the command said beside its steps: why it died, if it could say."""
    try:
        return (data.market_pull / _SAID).read_text(errors="replace")[-most:].strip()
    except FileNotFoundError:
        return ""


def why_not(data: DataFolder) -> str | None:
    """Why this page cannot start an update at all, and what to do; None if it can."""
    if not os.access(data.root, os.W_OK):
        return (
            f"This page cannot write to {data.root}, as in the containers. Run the command where the data folder can "
            "be written: docker compose exec code-server tieout data pull stooq SPY"
        )
    try:
        plan = tomllib.loads(data.market_plan.read_text(encoding="utf-8"))
    except (FileNotFoundError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None  # the command says what is wrong with it
    if plan.get("simulated"):
        return (
            "The market here is the demo's, and invented: no vendor is asked for it. For real prices run "
            "tieout demo --clear first, or set TIEOUT_DATA_DIR to another folder."
        )
    return None


def _taken(lock: int) -> bool:
    """Take the lock for the child; false if another update holds it. Who looks holds it for an instant: try again."""
    for attempt in range(_ATTEMPTS):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if attempt + 1 < _ATTEMPTS:
                time.sleep(0.02)
    return False


def _is_held(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
