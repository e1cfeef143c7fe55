"""The files of streamed changes: the last value of each key in each interval, up to an age and a size."""

import errno
import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest

from apps.live.changes import COLUMNS, INTERVAL_SECONDS, ChangeFiles
from state_store.live import Changes
from tests.support.told_by_tws import (
    EUR_ACCOUNT,
    NOON,
    OPTION,
    SHARE,
    account_pnl,
    later,
    position,
    position_pnl,
    snapshot,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "live"


def rows_of(path: Path | None) -> list[dict[str, str | None]]:
    assert path is not None
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def moved(unrealized: str, second: float) -> Changes:
    return Changes(position_pnl={(EUR_ACCOUNT, SHARE.conid): (position_pnl(unrealized), later(second))})


def test_an_interval_is_a_file_with_the_last_value_of_each_key(folder: Path) -> None:
    files = ChangeFiles(folder, keep_days=7, keep_bytes=10**6)
    files.add(Changes(snapshot=(snapshot(position(), pnl=(position_pnl("1"),)), NOON)))
    files.add(moved("2", 1))
    files.add(Changes(account_pnl={EUR_ACCOUNT: (account_pnl(None), later(2))}))
    assert files.flush(later(INTERVAL_SECONDS - 1)) is None
    path = files.flush(later(INTERVAL_SECONDS))
    assert path == folder / "2026-03-12" / "160000.000.jsonl.gz"
    rows = {row["kind"]: row for row in rows_of(path)}
    assert set(rows["position"]) == set(COLUMNS)
    assert rows["position"] | {"told_at": ""} == dict.fromkeys(COLUMNS) | {
        "told_at": "", "kind": "position", "account_id": EUR_ACCOUNT, "conid": "265598", "symbol": "AAPL",
        "quantity": "100", "average_cost": "190.1234567891",
    }  # fmt: skip
    pnl = rows["position_pnl"]
    assert (pnl["unrealized"], pnl["told_at"]) == ("2", "2026-03-12T16:00:01Z")
    assert rows["account_pnl"]["daily"] is None
    assert files.flush(later(500)) is None, "nothing changed since"


def test_the_end_waits_for_no_interval(folder: Path) -> None:
    files = ChangeFiles(folder, keep_days=7, keep_bytes=10**6)
    files.add(moved("1", 0))
    assert files.flush(later(1), at_once=True) is not None


def test_memory_grows_with_keys_and_not_with_changes(folder: Path) -> None:
    files = ChangeFiles(folder, keep_days=7, keep_bytes=10**6)
    for second in range(500):
        files.add(moved(str(second), 0))
        other = position_pnl(str(second), OPTION)
        files.add(Changes(position_pnl={(EUR_ACCOUNT, OPTION.conid): (other, NOON)}))
    path = files.flush(later(60))
    assert [row["unrealized"] for row in rows_of(path)] == ["499", "499"]


def test_a_disk_that_is_full_leaves_nothing_and_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ChangeFiles(folder, keep_days=7, keep_bytes=10**6)
    files.add(moved("1", 0))

    def full(_from: Path, _to: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        for second in (60, 61):
            with pytest.raises(OSError, match="No space left"):
                files.flush(later(second))
    assert list(folder.glob("*/*")) == []
    assert [row["unrealized"] for row in rows_of(files.flush(later(62)))] == ["1"]


def test_what_a_killed_feed_left_half_written_goes(folder: Path) -> None:
    files = ChangeFiles(folder, keep_days=7, keep_bytes=10**6)
    (folder / "2026-03-10").mkdir(parents=True)
    (folder / "2026-03-10" / ".160000.000.jsonl.gz.part").write_bytes(b"half")
    files.add(moved("1", 0))
    path = files.flush(later(60))
    assert list(folder.glob("*/*")) == [path]


def test_days_that_are_too_old_go(folder: Path) -> None:
    files = ChangeFiles(folder, keep_days=2, keep_bytes=10**6)
    for number in range(5):
        files.add(moved("1", 86_400 * number))
        files.flush(NOON + timedelta(number), at_once=True)
    assert sorted(day.name for day in folder.iterdir()) == ["2026-03-15", "2026-03-16"]


def test_what_is_too_much_goes_oldest_first(folder: Path) -> None:
    files = ChangeFiles(folder, keep_days=7, keep_bytes=10**9)
    files.add(moved("1", 0))
    first = files.flush(later(0), at_once=True)
    assert first is not None
    size = first.stat().st_size
    small = ChangeFiles(folder, keep_days=7, keep_bytes=int(size * 2.5))
    for minute in range(1, 5):
        small.add(moved("1", 60 * minute))
        small.flush(later(60 * minute), at_once=True)
    assert [path.name for path in sorted(folder.glob("*/*"))] == [
        "160300.000.jsonl.gz",
        "160400.000.jsonl.gz",
    ]
