"""Running the `tieout` command as a user does: a process of its own, with its own data folder."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def environment(data: Path, **more: str) -> dict[str, str]:
    """The environment of a user who has set nothing but the data folder."""
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT"}}
    return kept | {"TIEOUT_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)} | more


def command(*arguments: str) -> list[str]:
    """The command line of a `tieout` call."""
    return [sys.executable, "-m", "apps.cli.main", *arguments]


def tieout(
    data: Path, *arguments: str, expect: int | None = 0, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; `expect` is the exit code it must have (None: any)."""
    done = subprocess.run(
        command(*arguments),
        env=environment(data, **(settings or {})),
        cwd=data if data.is_dir() else ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if expect is not None and done.returncode != expect:
        raise AssertionError(f"exit {done.returncode}, not {expect}\n{done.stdout}\n{done.stderr}")
    return done


def version(data: Path) -> str:
    """The version that readers open."""
    return str((data / "published" / "CURRENT").readlink())


def runs(data: Path) -> list[tuple[str, str]]:
    """Job and status of every run that Dagster knows, oldest first."""
    path = data / "dagster" / "history" / "runs.db"
    if not path.exists():
        return []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return connection.execute("select pipeline_name, status from runs order by id").fetchall()


def query(data: Path, sql: str) -> list[dict[str, Any]]:
    """What `tieout query` finds, amounts exact."""
    done = tieout(data, "query", sql, "--json")
    return list(json.loads(done.stdout, parse_float=Decimal))


def without_a_traceback(done: subprocess.CompletedProcess[str]) -> None:
    """Assert that neither stream shows the inside of the program."""
    assert "Traceback" not in done.stdout + done.stderr
    assert "Stack Trace" not in done.stdout + done.stderr
    assert 'File "' not in done.stdout + done.stderr
