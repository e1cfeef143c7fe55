"""Dagster's instance in the data folder: its `dagster.yaml`, written once. No usage statistics, one writer."""

from config.data_folder import DataFolder
from orchestration.resources.files import write_atomically

DAGSTER_YAML = """\
# Written by Tieout. Runs, events and schedules are kept in SQLite beside this file.
telemetry:
  enabled: false
concurrency:
  pools:
    default_limit: 1
  runs:
    max_concurrent_runs: 1
"""


def prepare_instance(data: DataFolder) -> None:
    """Make the folder that DAGSTER_HOME names."""
    path = data.dagster_home / "dagster.yaml"
    if not path.exists():
        write_atomically(path, DAGSTER_YAML.encode())
