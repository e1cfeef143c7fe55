"""Dagster's instance: its SQLite files stay open while a run writes to them."""

from pathlib import Path

import dagster as dg
import pytest

from config.data_folder import DataFolder
from orchestration.instance import history_held_open, prepare_instance


def test_history_is_flushed_at_the_end_not_after_each_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = DataFolder(tmp_path)
    data.dagster_home.mkdir(parents=True)
    prepare_instance(data)
    monkeypatch.setenv("DAGSTER_HOME", str(data.dagster_home))
    log = data.dagster_home / "history" / "runs" / "index.db-wal"
    with dg.DagsterInstance.get() as instance:
        instance.event_log_storage.get_asset_records()
        assert not log.exists()
        with history_held_open(data):
            instance.event_log_storage.get_asset_records()
            assert log.exists()
        assert not log.exists()
