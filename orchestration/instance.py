"""Dagster's instance in the data folder: its `dagster.yaml`, its SQLite files, runs of the command that were killed."""

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
storage:
  custom:
    module: orchestration.history
    class: History
    config:
      base_dir:
        env: DAGSTER_HOME
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
    """Make the folder that DAGSTER_HOME names; one that is made elsewhere stays as it is."""
    if data.instance is not None:
        return
    path = data.dagster_home / "dagster.yaml"
    if not path.exists():
        write_atomically(path, DAGSTER_YAML.encode())


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
