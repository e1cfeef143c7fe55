"""The streamed changes of positions and PnL as small files of JSON lines: the last value of each key in each interval.

They are kept to look at, up to an age and a size; no document, and no book is made of them. Amounts are text.
"""

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

from apps.exact_text import scalar
from apps.live.files import write_atomically
from state_store.live import Changes
from tws.values import AccountPnl, Position, PositionPnl

COLUMNS = (
    "told_at", "kind", "account_id", "conid", "symbol", "quantity", "average_cost", "daily", "unrealized",
    "realized", "market_value",
)  # fmt: skip

INTERVAL_SECONDS = 60.0

Value = Position | PositionPnl | AccountPnl


class ChangeFiles:
    """Collects changes and writes a file for each interval: `<day>/<time>.jsonl.gz`, when it began, in UTC."""

    def __init__(self, folder: Path, keep_days: int, keep_bytes: int) -> None:
        self._folder, self._keep_days, self._keep_bytes = folder, keep_days, keep_bytes
        self._newest: dict[tuple[str, str, int | None], tuple[Value, datetime]] = {}
        self._since: datetime | None = None

    def add(self, changes: Changes) -> None:
        """Remember what changed; of each key only the newest."""
        if changes.snapshot is not None:
            snapshot, at = changes.snapshot
            for position in snapshot.positions:
                self._remember("position", position.contract.conid, position, at)
            for pnl in snapshot.position_pnl:
                self._remember("position_pnl", pnl.conid, pnl, at)
            for whole in snapshot.account_pnl:
                self._remember("account_pnl", None, whole, at)
        for (_, conid), (position, at) in changes.positions.items():
            self._remember("position", conid, position, at)
        for (_, conid), (pnl, at) in changes.position_pnl.items():
            self._remember("position_pnl", conid, pnl, at)
        for whole, at in changes.account_pnl.values():
            self._remember("account_pnl", None, whole, at)

    def _remember(self, kind: str, conid: int | None, value: Value, at: datetime) -> None:
        self._newest[kind, value.account_id, conid] = (value, at)
        self._since = self._since or at

    def flush(self, now: datetime, *, at_once: bool = False) -> Path | None:
        """Write what was collected once its interval is over, and remove what is too old or too much."""
        if self._since is None or not (at_once or (now - self._since).total_seconds() >= INTERVAL_SECONDS):
            return None
        since = self._since
        path = self._folder / f"{since:%Y-%m-%d}" / f"{since:%H%M%S}.{since.microsecond // 1000:03}.jsonl.gz"
        rows = (_row(kind, conid, *told) for (kind, _, conid), told in self._newest.items())
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        write_atomically(path, gzip.compress(lines.encode(), compresslevel=5), durable=False)
        self._newest, self._since = {}, None
        self._prune(now)
        return path

    def _prune(self, now: datetime) -> None:
        """Whole days that are too old go, then the oldest files until the rest is small enough, and half ones."""
        for half in self._folder.glob("*/.*.part"):
            half.unlink()
        oldest_day = f"{now - timedelta(self._keep_days):%Y-%m-%d}"
        files = sorted(self._folder.glob("*/*.jsonl.gz"))
        sizes = {path: path.stat().st_size for path in files}
        total = sum(sizes.values())
        for path in files:
            if path.parent.name > oldest_day and total <= self._keep_bytes:
                break
            path.unlink()
            total -= sizes[path]
        for day in self._folder.iterdir():
            if day.is_dir() and not any(day.iterdir()):
                day.rmdir()


def _row(kind: str, conid: int | None, value: Value, at: datetime) -> dict[str, str | None]:
    symbol = value.contract.symbol if isinstance(value, Position) else None
    given = {**vars(value), "told_at": at, "kind": kind, "conid": conid, "symbol": symbol}
    return {name: None if given.get(name) is None else scalar(given[name]) for name in COLUMNS}
