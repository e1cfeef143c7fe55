"""`python -m orchestration.validate`: the definitions load and bind, and the dbt project parses. For `make check`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from config.settings import NO_STATISTICS
from orchestration.resources.dbt import Dbt


def main() -> int:
    """Run both checks in a data folder of their own, so that no real one is touched; returns an exit code."""
    with tempfile.TemporaryDirectory() as folder:
        Dbt(Path(folder) / "warehouse.duckdb").parse()
        print("dbt parse: ok")
        import os

        environment = {**os.environ, **NO_STATISTICS, "TIEOUT_DATA_DIR": folder, "DAGSTER_HOME": folder}
        command = [
            sys.executable,
            "-m",
            "dagster",
            "definitions",
            "validate",
            "--workspace",
            "workspace.yaml",
        ]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
