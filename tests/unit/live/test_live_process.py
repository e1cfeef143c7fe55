"""The live process on a scripted feed: what is told is written, also when the store is locked, late or broken."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from apps.cli.services import GRACE_SECONDS
from apps.live import process as live_process
from apps.live.changes import ChangeFiles
from apps.live.handover import Handover
from apps.live.health import RUNNING, STOPPED, read_health
from apps.live.process import LiveProcess
from apps.live.recorder import Recorder
from config.data_folder import DataFolder
from state_store.database import Component, StateError, StateStore
from state_store.live import Changes, fills, positions, read, write
from tests.support.told_by_tws import NOON, UP, commission, execution, position, position_pnl, snapshot
from tws.values import Event, LinkState, Reconciled

Script = Callable[[], AsyncGenerator[Event, None]]
DEADLINE = 30.0


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path)


@pytest.fixture
def store(data: DataFolder) -> StateStore:
    return StateStore(data.state_url, keep_open=True)


def now() -> datetime:
    return datetime.now(UTC)


async def until(happened: Callable[[], bool]) -> None:
    async def wait() -> None:
        while not happened():
            await asyncio.sleep(0.02)

    await asyncio.wait_for(wait(), DEADLINE)


def run(
    data: DataFolder,
    store: StateStore,
    script: Script,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> int:
    """Run the process on a script until `meanwhile` is over; the exit code."""

    async def both() -> int:
        stop = asyncio.Event()
        changes = ChangeFiles(data.live_changes, 7, 10**6)
        recorder = Recorder(store, Handover(store, data.inbox), changes, now)
        running = asyncio.create_task(LiveProcess(recorder, data.live_health, now).run(script, stop))
        if meanwhile is not None:
            await meanwhile()
            stop.set()
        return await asyncio.wait_for(running, DEADLINE)

    try:
        return asyncio.run(both())
    finally:
        store.close()


async def told(*events: Event) -> AsyncGenerator[Event, None]:
    """These events, and then nothing more."""
    for event in events:
        yield event
    await asyncio.Event().wait()


def test_what_is_told_is_in_the_store_within_a_moment_and_the_end_leaves_nothing_behind(
    data: DataFolder, store: StateStore
) -> None:
    fill = "0000e0d5.00000001.01.01"
    events = (UP, Reconciled(snapshot(position("1"))), position("2"), execution(fill), commission(fill))

    async def meanwhile() -> None:
        await until(lambda: len(positions(store)) == 1 and len(fills(store)) == 1)
        assert read(store).link == UP
        await until(lambda: (h := read_health(data.live_health)) is not None and h.events == len(events))
        assert read_health(data.live_health).process == RUNNING
        assert not data.inbox.exists(), "fills are gathered first"

    assert run(data, store, lambda: told(*events), meanwhile) == 0
    assert [h.position for h in positions(store)] == [position("2")]
    state = read(store)
    assert (state.ended, state.link.state) == (True, LinkState.STOPPED)
    assert len(list(data.inbox.iterdir())) == 1
    assert len(list(data.live_changes.glob("*/*.jsonl.gz"))) == 1
    health = read_health(data.live_health)
    assert (health.process, health.waiting, health.documents, health.fills) == (STOPPED, 0, 1, 1)


def test_the_first_round_takes_down_the_link_that_a_dead_process_left(
    data: DataFolder, store: StateStore
) -> None:
    write(store, Changes(link=UP, snapshot=(snapshot(position()), NOON)), NOON)

    async def meanwhile() -> None:
        await until(lambda: read(store).written_at > NOON)
        link = read(store).link
        assert (link.state, link.reason) == (LinkState.DOWN, "the live feed starts")
        assert len(positions(store)) == 1

    assert run(data, store, told, meanwhile) == 0


def test_events_of_the_last_moment_are_written(data: DataFolder, store: StateStore) -> None:
    seen = asyncio.Event()

    async def script() -> AsyncGenerator[Event, None]:
        yield Reconciled(snapshot(position("1")))
        yield execution("1.01")
        seen.set()
        await asyncio.Event().wait()

    assert run(data, store, script, seen.wait) == 0
    assert len(fills(store)) == 1
    assert len(list(data.inbox.iterdir())) == 1


def test_a_store_that_is_locked_loses_nothing_and_memory_does_not_grow(
    data: DataFolder, store: StateStore
) -> None:
    rounds = 0

    async def script() -> AsyncGenerator[Event, None]:
        nonlocal rounds
        yield UP
        yield Reconciled(snapshot(position("1")))
        while True:
            rounds += 1
            for number in range(20):
                yield position_pnl(str(rounds * 100 + number))
            yield execution(f"{rounds}.01")
            await asyncio.sleep(0.01)

    async def meanwhile() -> None:
        await until(lambda: len(fills(store)) > 0)
        with closing(sqlite3.connect(data.state / "tieout.sqlite", isolation_level=None)) as other:
            other.execute("begin immediate")
            await until(lambda: read_health(data.live_health).lag_seconds > 2)
            health = read_health(data.live_health)
            assert health.waiting < health.events / 10, "conflated but for the fills"
            assert health.process == RUNNING
            other.execute("commit")
        await until(lambda: read_health(data.live_health).lag_seconds < 1)

    assert run(data, store, script, meanwhile) == 0
    assert [fill.execution.execution_id for fill in fills(store)] == sorted(
        f"{n + 1}.01" for n in range(rounds)
    )


class FailingStore(StateStore):
    """Its next writes fail, as many as are told."""

    failures = 0

    @contextmanager
    def write(self, component: Component) -> Iterator[Connection]:
        if self.failures:
            self.failures -= 1
            raise StateError("the server is gone")
        with super().write(component) as connection:
            yield connection


def test_what_a_store_refuses_is_written_once_it_is_back(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_process, "RETRY_SECONDS", 0.02)
    store = FailingStore(data.state_url, keep_open=True)
    refused = asyncio.Event()

    async def script() -> AsyncGenerator[Event, None]:
        yield Reconciled(snapshot(position("1"), executions=(execution("1.01"),)))
        yield position_pnl("1")
        await until(lambda: read(store) is not None and read(store).reconciled_at is not None)
        store.failures = 5
        yield UP
        yield position("2")
        yield execution("2.01")
        await until(lambda: store.failures < 5)
        yield Reconciled(snapshot(position("3"), executions=(execution("3.01"),)))
        await until(lambda: store.failures < 3)
        yield Reconciled(snapshot(position("4"), executions=(execution("4.01"),)))
        await until(lambda: store.failures == 0)
        yield position_pnl("4")
        refused.set()
        await asyncio.Event().wait()

    async def meanwhile() -> None:
        await refused.wait()
        await until(lambda: any(held.pnl == position_pnl("4") for held in positions(store)))

    assert run(data, store, script, meanwhile) == 0
    assert [held.position for held in positions(store)] == [position("4")]
    assert [fill.execution.execution_id for fill in fills(store)] == [f"{n}.01" for n in (1, 2, 3, 4)]
    assert len(list(data.inbox.iterdir())) == 1


def test_the_last_rounds_end_before_the_services_lose_patience() -> None:
    """One under way and the last one; each may wait for two locks, the second time for its documents."""
    assert 3 * live_process.STORE_SECONDS < GRACE_SECONDS


def test_a_write_that_fails_is_said_and_tried_again(
    data: DataFolder, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_process, "RETRY_SECONDS", 0.05)

    async def meanwhile() -> None:
        await until(lambda: read(store) is not None)
        data.inbox.parent.mkdir(exist_ok=True)
        data.inbox.write_text("a file where the folder should be")
        await until(lambda: (read_health(data.live_health).problem or "").startswith(str(data.inbox)))
        await until(lambda: (read(store).problem or "").startswith(str(data.inbox)))
        assert len(fills(store)) == 1, "the state is written all the same"
        data.inbox.unlink()
        await until(lambda: data.inbox.is_dir() and read_health(data.live_health).problem is None)
        await until(lambda: read(store).problem is None)

    monkeypatch.setattr("apps.live.recorder.HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr("apps.live.handover.GATHER_SECONDS", 0.3)
    events = (Reconciled(snapshot(position())), execution("1.01"), commission("1.01"))
    assert run(data, store, lambda: told(*events), meanwhile) == 0
    assert len(list(data.inbox.iterdir())) == 1


def test_a_feed_that_breaks_is_begun_anew(
    data: DataFolder, store: StateStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live_process, "BEGIN_ANEW_SECONDS", 0.6)
    begun = 0

    async def script() -> AsyncGenerator[Event, None]:
        nonlocal begun
        begun += 1
        yield UP
        yield Reconciled(snapshot(position(str(begun))))
        if begun < 8:
            raise RuntimeError(f"break number {begun}")
        await asyncio.Event().wait()

    async def meanwhile() -> None:
        await until(lambda: (state := read(store)) is not None and "break number" in state.link.reason)
        assert read(store).link.state == LinkState.DOWN
        await until(lambda: begun == 8 and read(store).link == UP)

    monkeypatch.setattr(logging.getLogger("tieout"), "propagate", True)
    assert run(data, store, script, meanwhile) == 0
    assert positions(store)[0].position == position("8")
    assert "break number 1" in caplog.text, "with its traceback"


def test_a_feed_that_only_breaks_ends_the_process_in_order_with_exit_code_1(
    data: DataFolder, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_process, "BEGIN_ANEW_SECONDS", 0.05)
    begun = 0

    async def script() -> AsyncGenerator[Event, None]:
        nonlocal begun
        begun += 1
        if begun == 1:
            yield Reconciled(snapshot(position("5")))
            yield execution("1.01")
        raise RuntimeError("the reader met a frame that it does not know")

    assert run(data, store, script) == 1
    assert begun == live_process.BREAKS_IN_A_ROW
    assert positions(store)[0].position == position("5")
    assert len(list(data.inbox.iterdir())) == 1
    assert "a frame that it does not know" in read(store).link.reason
    assert read_health(data.live_health).process == STOPPED


def test_the_heartbeat_moves_while_nothing_is_told(
    data: DataFolder, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.live.recorder.HEARTBEAT_SECONDS", 0.3)
    beats: set[datetime] = set()

    async def meanwhile() -> None:
        def several() -> bool:
            state = read(store)
            beats.update([state.written_at] if state else [])
            return len(beats) >= 3

        await until(several)

    assert run(data, store, lambda: told(UP), meanwhile) == 0


def test_a_health_file_that_cannot_be_written_ends_nothing(data: DataFolder, store: StateStore) -> None:
    async def meanwhile() -> None:
        await until(data.live_health.exists)
        data.live_health.unlink()
        data.live_health.mkdir()
        await until(lambda: read(store) is not None)
        await asyncio.sleep(1.5)
        data.live_health.rmdir()
        await until(lambda: read_health(data.live_health) is not None)

    assert run(data, store, lambda: told(UP), meanwhile) == 0
