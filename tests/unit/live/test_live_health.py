"""The verdict on the live feed: from its health file, from who holds its lock, and from the clock."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from apps.live.files import FeedRunningError, feed_runs, the_only_feed
from apps.live.health import RUNNING, STOPPED, Health, judge, read_health, write_health
from config.data_folder import DataFolder
from tests.support.told_by_tws import NOON, later

FINE = Health(
    RUNNING, 4711, NOON, later(60), "up", NOON, "connected to 127.0.0.1:7497", None, later(59), later(59.5), NOON, 0.2,
    3, 1000, 240, 2, 1, None,
)  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path)


def test_the_file_gives_back_what_was_written(data: DataFolder) -> None:
    for health in (FINE, replace(FINE, code=502, last_event_at=None, problem="the disk is full")):
        write_health(data.live_health, health)
        assert read_health(data.live_health) == health
    assert [path.name for path in data.state.iterdir()] == ["live.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", json.dumps({"pid": 1})])
def test_a_file_that_is_not_ours_says_nothing(data: DataFolder, content: str) -> None:
    data.state.mkdir()
    data.live_health.write_text(content)
    assert read_health(data.live_health) is None
    assert not judge(data, NOON).ok


def test_where_none_ever_ran_that_is_said_and_nothing_made(data: DataFolder) -> None:
    verdict = judge(data, NOON)
    assert not verdict.ok
    assert "`tieout live` starts it" in verdict.says
    assert not data.state.exists()


@pytest.mark.parametrize(
    ("health", "seconds", "ok", "says"),
    [
        (FINE, 61, True, "up: connected to 127.0.0.1:7497"),
        (FINE, 69.9, True, "up:"),
        (FINE, 71, False, "runs but last spoke 11 s ago"),
        (replace(FINE, link="down", reason="refused: start TWS"), 61, False, "down: refused: start TWS"),
        (replace(FINE, link="degraded"), 61, False, "degraded:"),
        (replace(FINE, link="stopped"), 61, False, "stopped:"),
        (replace(FINE, lag_seconds=31.4), 61, False, "31 s behind: the state store is too slow"),
        (replace(FINE, problem="disk full", lag_seconds=2), 61, False, "2 s behind: disk full"),
    ],
)
def test_of_a_feed_that_runs(data: DataFolder, health: Health, seconds: float, ok: bool, says: str) -> None:
    write_health(data.live_health, health)
    with the_only_feed(data.live_lock):
        verdict = judge(data, later(seconds))
    assert (verdict.ok, says in verdict.says) == (ok, True), verdict.says


def test_the_file_of_a_dead_process_is_known_for_one(data: DataFolder) -> None:
    write_health(data.live_health, FINE)
    verdict = judge(data, later(61))
    assert not verdict.ok
    assert "died (pid 4711), it last spoke 1 s ago" in verdict.says
    write_health(data.live_health, replace(FINE, process=STOPPED, reason="the live feed was ended"))
    assert "the live feed was ended 1 s ago" in judge(data, later(61)).says


def test_only_one_feed_holds_a_data_folder(data: DataFolder) -> None:
    assert not feed_runs(data.live_lock)
    with the_only_feed(data.live_lock):
        assert feed_runs(data.live_lock)
        with pytest.raises(FeedRunningError, match="running already"), the_only_feed(data.live_lock):
            pass
    assert not feed_runs(data.live_lock)
    with the_only_feed(data.live_lock):
        pass
