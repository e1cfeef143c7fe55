"""A process that adds one symbol after the other to a partition of a lake, and prints the number of each stored one."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from orchestration.resources.market_lake import MarketLake
from tests.support.lake_rows import BARS_OF, bars

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2024, 2, 1)


@contextmanager
def writer(root: str, options: Mapping[str, Any], name: str, count: int) -> Iterator[subprocess.Popen[str]]:
    """The process; it is gone afterwards. It waits for a line before it begins to write."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.lake_writer", root, json.dumps(options), name, str(count)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def begin(process: subprocess.Popen[str]) -> None:
    """Let it write."""
    assert process.stdin is not None
    process.stdin.write("begin\n")
    process.stdin.flush()


def main(root: str, options: str, name: str, count: str) -> None:
    """Add `{name}0`, `{name}1`, …, each in an update of its own."""
    lake = MarketLake(root, json.loads(options))
    lake.read("clean", BARS_OF)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(count)):
        added = bars((f"{name}{number}",), [DAY])
        lake.update("clean", BARS_OF, DAY.year, lambda rows, added=added: pl.concat([rows, added]))
        print(number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
