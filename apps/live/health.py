"""How the live feed does: the file that it writes, and the verdict on it. What it streams is in the state store."""

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from apps.exact_text import instant
from apps.live.files import feed_runs, write_atomically
from config.data_folder import DataFolder
from tws.values import LinkState

STALE_AFTER_SECONDS = 10.0
"""A feed that runs says how it does every second: after this long its word is no longer believed."""

RUNNING, STOPPED = "running", "stopped"


@dataclass(frozen=True)
class Health:
    """What the feed last said of itself. Instants are UTC; None for what has not happened yet."""

    process: str
    """`running`, or `stopped` after an orderly end."""
    pid: int
    started_at: datetime
    said_at: datetime
    link: str
    link_since: datetime
    reason: str
    code: int | None
    last_event_at: datetime | None
    last_write_at: datetime | None
    reconciled_at: datetime | None
    lag_seconds: float
    """Age of the oldest event that is not in the state store yet."""
    waiting: int
    """Values that are not in the state store yet."""
    events: int
    writes: int
    fills: int
    documents: int
    problem: str | None
    """Why the last write did not succeed; None when it did."""


@dataclass(frozen=True)
class Verdict:
    """Whether live figures can be believed now, and why not in one sentence with the fix."""

    ok: bool
    says: str
    health: Health | None
    ended: bool = False
    """Whether the feed came to an orderly end."""


def write_health(path: Path, health: Health) -> None:
    """Replace the file. It is of this moment only: it need not survive a power failure."""
    text = {name: instant(v) if isinstance(v, datetime) else v for name, v in asdict(health).items()}
    write_atomically(path, json.dumps(text, indent=1, ensure_ascii=False).encode(), durable=False)


def read_health(path: Path) -> Health | None:
    """What the feed last said; None if none ever ran, or another version of Tieout wrote the file."""
    try:
        content = json.loads(path.read_bytes())
        return Health(**{part.name: _value(part.type, content[part.name]) for part in fields(Health)})
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _value(kind: Any, value: Any) -> Any:
    wants_instant = kind is datetime or kind == (datetime | None)
    return datetime.fromisoformat(value) if wants_instant and value is not None else value


def judge(data: DataFolder, now: datetime) -> Verdict:
    """The verdict on the feed of a data folder."""
    health, runs = read_health(data.live_health), feed_runs(data.live_lock)
    if health is None:
        says = (
            "the live feed is just starting"
            if runs
            else "no live feed ever ran here: `tieout live` starts it"
        )
        return Verdict(False, says, None)
    age = (now - health.said_at).total_seconds()
    if not runs:
        if health.process == STOPPED:
            return Verdict(False, f"{health.reason} {ago(age)}: `tieout live` starts it", health, ended=True)
        says = f"the live feed died (pid {health.pid}), it last spoke {ago(age)}: `tieout live` starts it"
        return Verdict(False, says, health)
    if age > STALE_AFTER_SECONDS:
        return Verdict(
            False,
            f"the live feed (pid {health.pid}) runs but last spoke {ago(age)}: end it and start it again",
            health,
        )
    if health.link != LinkState.UP:
        return Verdict(False, f"{health.link}: {health.reason}", health)
    if health.problem is not None or health.lag_seconds > STALE_AFTER_SECONDS:
        why = health.problem or "the state store is too slow"
        return Verdict(False, f"connected, but {health.lag_seconds:.0f} s behind: {why}", health)
    return Verdict(True, f"up: {health.reason}", health)


def ago(seconds: float) -> str:
    """12 s ago, 5 min ago, 3 h ago."""
    if seconds < 120:
        return f"{seconds:.0f} s ago"
    return f"{seconds / 60:.0f} min ago" if seconds < 7200 else f"{seconds / 3600:.0f} h ago"
