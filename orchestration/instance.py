"""Dagster's instance in the data folder: its `dagster.yaml`, its SQLite files, runs of the command that were killed."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from config.data_folder import DataFolder
from orchestration.resources.files import write_atomically

if TYPE_CHECKING:
    import dagster as dg

# The runs that the command starts in its own process. It starts one at a time, under a lock.
BY_COMMAND = {"tieout/started_by": "command"}

DAGSTER_YAML = """\
# Written by Tieout. Runs, events and schedules are kept in SQLite beside this file.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  pools:
    default_limit: 1
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 5
"""


def prepare_instance(data: DataFolder) -> None:
    """Make the folder that DAGSTER_HOME names."""
    path = data.dagster_home / "dagster.yaml"
    if not path.exists():
        write_atomically(path, DAGSTER_YAML.encode())


@contextmanager
def history_held_open(data: DataFolder) -> Iterator[None]:
    """Keep Dagster's SQLite files open while a run writes to them, and let them reach the disk at checkpoints.

    Dagster opens a connection for every event and closes it again; the last one to close writes the log back into
    the file and deletes it, which is four thousand flushes to the disk in one run. A connection of ours beside them
    is never the last. With synchronous=NORMAL a power cut can lose the end of the history, never its order; the books
    do not depend on it.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    held: dict[str, sqlite3.Connection] = {}

    def connected(connection: object, _record: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        connection.execute("PRAGMA synchronous = NORMAL")
        (_, _, path) = connection.execute("PRAGMA database_list").fetchone()
        if path not in held and path.startswith(str(data.dagster_home)):
            held[path] = sqlite3.connect(path, check_same_thread=False)
            held[path].execute("PRAGMA journal_mode = WAL").fetchone()
            held[path].execute("SELECT count(*) FROM sqlite_master").fetchone()

    event.listen(Engine, "connect", connected)
    try:
        yield
    finally:
        event.remove(Engine, "connect", connected)
        for connection in held.values():
            connection.close()


def end_killed_runs(instance: "dg.DagsterInstance", by_command: bool) -> None:
    """Mark runs as failed whose process was killed, and free their places in the pools.

    `by_command` chooses the runs of the command or those of the services (`tieout up`). The caller holds the lock of
    the one or the other, so no such run is alive. Without this their places would stay taken, and the next run would
    wait for ever.
    """
    import dagster as dg

    unfinished = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=unfinished)):
        if (BY_COMMAND.items() <= run.tags.items()) == by_command:
            instance.report_run_failed(
                run, "The process of this run was killed. The next run begins where it is safe."
            )
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
