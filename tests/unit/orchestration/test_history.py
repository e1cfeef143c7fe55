"""Dagster's history: its files stay open while a run writes to them, and are whole when it ends."""

import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from config.data_folder import DataFolder
from orchestration.history import HELD, HeldEventLog
from orchestration.instance import prepare_instance


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = DataFolder(tmp_path)
    data.dagster_home.mkdir(parents=True)
    prepare_instance(data)
    monkeypatch.setenv("DAGSTER_HOME", str(data.dagster_home))
    return data.dagster_home


@dg.asset
def twelve() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 12})


def test_history_is_flushed_at_the_end_not_after_each_event(home: Path) -> None:
    log = home / "history" / "runs" / "index.db-wal"
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, HeldEventLog)
        assert dg.materialize([twelve], instance=instance).success
        assert log.exists()
    assert not log.exists()


def test_what_it_wrote_dagsters_own_storage_reads(home: Path) -> None:
    with dg.DagsterInstance.get() as instance:
        run_id = dg.materialize([twelve], instance=instance).run_id
        written = [record.event_log_entry for record in instance.get_records_for_run(run_id).records]

    own = SqliteEventLogStorage(str(home / "history" / "runs"))
    read = [record.event_log_entry for record in own.get_records_for_run(run_id).records]
    assert read == written
    (record,) = own.get_asset_records([dg.AssetKey("twelve")])
    assert record.asset_entry.last_run_id == run_id


def test_no_more_files_are_held_than_a_reader_needs(home: Path) -> None:
    with dg.DagsterInstance.get() as instance:
        runs = [dg.materialize([twelve], instance=instance).run_id for _ in range(HELD + 2)]
        logs = list((home / "history" / "runs").glob("*.db-wal"))
        assert len(logs) == HELD
        for run_id in runs:  # the files that were closed are opened again
            assert instance.get_records_for_run(run_id).records


def test_a_follower_of_a_run_is_told_of_each_event(home: Path) -> None:
    told: list[str] = []
    with dg.DagsterInstance.get() as instance, dg.DagsterInstance.get() as follower:
        run_id = dg.materialize([twelve], instance=instance).run_id
        cursor = instance.get_records_for_run(run_id).cursor
        follower.watch_event_logs(
            run_id, cursor, lambda event, _: told.append(event.get_dagster_event().message)
        )
        (run,) = instance.get_runs(dg.RunsFilter(run_ids=[run_id]))
        instance.report_engine_event("still here", run)
        deadline = time.monotonic() + 20
        while not told:
            assert time.monotonic() < deadline, "the follower was never told"
            time.sleep(0.05)
    assert told == ["still here"]
