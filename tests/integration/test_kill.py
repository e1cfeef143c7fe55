"""A run killed at any moment, then run again, ends where a run that nobody touched ends."""

import hashlib
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.command import command, environment, tieout
from transforms.broker_simulator import simulate

FOLDERS, KILLS_EACH = 5, 4
TABLES_THAT_NAME_THE_BUILD = {"build_info"}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first document, and a later one that overlaps it."""
    folder = tmp_path_factory.mktemp("documents")
    life = simulate(seed=3, years=1)
    first = life.document(["U1000001"], date(2023, 1, 2), date(2023, 2, 28), datetime(2023, 3, 1, 2))
    second = life.document(["U1000001"], date(2023, 2, 1), date(2023, 3, 31), datetime(2023, 4, 1, 2))
    for name, document in (("first.xml", first), ("second.xml", second)):
        (folder / name).write_bytes(b"".join(document.chunks()))
    return folder


@pytest.fixture(scope="module")
def before(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the first document published and the second one waiting in the inbox."""
    data = tmp_path_factory.mktemp("before")
    tieout(data, "ingest", str(documents / "first.xml"))
    tieout(data, "run")
    shutil.copy(documents / "second.xml", data / "inbox" / "second.xml")
    return data


def copy_of(data: Path, target: Path) -> Path:
    """A copy of a data folder that shares nothing with it."""
    shutil.copytree(data, target, symlinks=True)
    return target


def clean_bytes(data: Path) -> dict[str, str]:
    """The hash of every clean table. `documents` is left out: it holds the time of arrival."""
    files = sorted((data / "clean").rglob("*.parquet"))
    return {
        str(f.relative_to(data)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in files
        if f.stem != "documents"
    }


def mart_rows(data: Path) -> dict[str, list[Any]]:
    """All rows of all marts, but for the columns that hold the time of arrival or of the build."""
    with duckdb.connect(str(data / "published" / "current.duckdb"), read_only=True) as connection:
        tables = [
            t for (t,) in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()
        ]
        return {
            t: connection.execute(
                f"select columns(c -> c not in ('received_at', 'built_at', 'version_id')) from marts.{t} order by all"
            ).fetchall()
            for t in tables
            if t not in TABLES_THAT_NAME_THE_BUILD
        }


def published_is_whole(data: Path) -> None:
    """What a reader opens now is one finished version: all marts, of the version that it names."""
    version = str((data / "published" / "CURRENT").readlink())
    with duckdb.connect(str(data / "published" / "current.duckdb"), read_only=True) as connection:
        assert connection.execute("select version_id from marts.build_info").fetchall() == [(version,)]
        assert connection.execute("select count(*) from marts.fct_nav_daily").fetchone() != (0,)


@pytest.mark.slow
def test_killed_at_twenty_random_moments_and_run_again(before: Path, tmp_path: Path) -> None:
    """In each folder a run is killed, the runs that should recover are killed too, and the last one ends."""
    untouched = copy_of(before, tmp_path / "untouched")
    began = time.monotonic()
    tieout(untouched, "run")
    duration = time.monotonic() - began
    expected_bytes, expected_rows = clean_bytes(untouched), mart_rows(untouched)
    moments = random.Random(20)
    for attempt in range(FOLDERS):
        data = tmp_path / str(attempt)
        copy_of(before, data)
        kills = 0
        while kills < KILLS_EACH:
            if kill_run_after(data, moments.uniform(0.15, 0.95) * duration):
                kills += 1
                published_is_whole(data)
            else:  # the machine is faster than when the duration was taken: nothing is left to kill here
                duration *= 0.8
                shutil.rmtree(data)
                copy_of(before, data)
                kills = 0

        tieout(data, "run")

        assert clean_bytes(data) == expected_bytes
        assert mart_rows(data) == expected_rows
        published_is_whole(data)
        shutil.rmtree(data)


def kill_run_after(data: Path, seconds: float) -> bool:
    """Start a run and kill it; False if it had ended before."""
    process = subprocess.Popen(
        command("run"), env=environment(data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def test_a_killed_run_is_shown_as_failed_and_gives_its_place_back(before: Path, tmp_path: Path) -> None:
    """In the middle of the marts the run holds a place in the pool: the next run must not wait for it for ever."""
    data = copy_of(before, tmp_path / "data")
    earlier = event_files(data)
    process = subprocess.Popen(command("run"), env=environment(data), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while "STEP_START dbt_models" not in run_events(event_files(data) - earlier):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()

    tieout(data, "run")

    with sqlite3.connect(data / "dagster" / "history" / "runs.db") as connection:
        statuses = [s for (s,) in connection.execute("select status from runs order by id").fetchall()]
    assert statuses[-2:] == ["FAILURE", "SUCCESS"]


def event_files(data: Path) -> set[Path]:
    """Dagster keeps the events of each run in a file of its own, named by the run's id."""
    return {path for path in (data / "dagster" / "history" / "runs").glob("*.db") if len(path.stem) == 36}


def run_events(files: set[Path]) -> list[str]:
    """The events in these files, as text."""
    events: list[str] = []
    for path in files:
        try:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
                rows = connection.execute("select dagster_event_type, step_key from event_logs").fetchall()
        except sqlite3.OperationalError:  # the run is just making the file
            continue
        events += [f"{kind} {step}" for kind, step in rows]
    return events
