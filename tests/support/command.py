"""Running the `tieout` command as a user does: a process of its own, with its own data folder."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

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
