"""Publishing: whole versions only, readers never disturbed, old versions pruned."""

import multiprocessing
import time
from multiprocessing.synchronize import Event, Semaphore
from pathlib import Path

import duckdb
import pytest

from orchestration.resources.publisher import Publisher

PUBLISHES = 5
READERS = 10


def warehouse(folder: Path, generation: int, rows: int = 2000) -> Path:
    path = folder / f"warehouse-{generation}.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for table in ("first", "second"):
            connection.execute(
                f"create table marts.{table} as select {generation} as generation from range({rows})"
            )
            connection.execute(f"comment on table marts.{table} is 'it''s {table}'")
            connection.execute(f"comment on column marts.{table}.generation is 'which build'")
        connection.execute("create view marts.not_published as select 1")
        connection.execute("create schema staging")
        connection.execute("create table staging.inner_matter as select 1")
    return path


def test_publishes_the_marts_with_their_comments_and_nothing_else(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "published", keep=3)

    rows = publisher.publish(warehouse(tmp_path, 1), "000001-aaaaaaaa")

    assert rows == {"first": 2000, "second": 2000}
    with duckdb.connect(str(tmp_path / "published" / "current.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name, comment from duckdb_tables() order by 2"
        ).fetchall()
        assert tables == [("marts", "first", "it's first"), ("marts", "second", "it's second")]
        assert connection.execute(
            "select distinct comment from duckdb_columns() where schema_name='marts'"
        ).fetchall() == [("which build",)]


def test_keeps_the_last_versions_only(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "published", keep=2)
    for number in range(1, 5):
        publisher.publish(warehouse(tmp_path, number, rows=1), publisher.next_version("deadbeef00"))
    assert publisher.versions() == ["000003-deadbeef", "000004-deadbeef"]
    assert publisher.current() == "000004-deadbeef"


def test_what_a_killed_publish_left_is_replaced(tmp_path: Path) -> None:
    published = tmp_path / "published"
    publisher = Publisher(published, keep=2)
    (published / "000001-aaaaaaaa").mkdir(parents=True)
    (published / "000001-aaaaaaaa" / "tieout.duckdb").write_bytes(b"half a file")
    (published / "000001-bbbbbbbb.tmp").mkdir()

    publisher.publish(warehouse(tmp_path, 1, rows=1), "000001-aaaaaaaa")

    with duckdb.connect(str(published / "current.duckdb"), read_only=True) as connection:
        assert connection.execute("select generation from marts.first").fetchone() == (1,)
    assert not list(published.glob("*.tmp"))


def read_until(
    published: Path,
    started: Semaphore,
    stop: Event,
    results: "multiprocessing.Queue[tuple[int, set[int], str]]",
) -> None:
    """Open the current version again and again; report how often, which generations, and any mixture or error."""
    seen: set[int] = set()
    reads = 0
    problem = ""
    while not stop.is_set() and not problem:
        try:
            path = published / (published / "CURRENT").readlink() / "tieout.duckdb"
            with duckdb.connect(str(path), read_only=True) as connection:
                found = connection.execute(
                    "select distinct generation from (from marts.first union all from marts.second)"
                ).fetchall()
        except duckdb.Error as error:
            problem = f"{type(error).__name__}: {error}"
            continue
        if len(found) != 1:
            problem = f"mixed: {found}"
        seen |= {row[0] for row in found}
        reads += 1
        if reads == 1:
            started.release()
    results.put((reads, seen, problem))


@pytest.mark.slow
def test_ten_readers_during_five_publishes_see_whole_versions_and_no_error(tmp_path: Path) -> None:
    published = tmp_path / "published"
    publisher = Publisher(published, keep=PUBLISHES + 1)
    publisher.publish(warehouse(tmp_path, 0), publisher.next_version("00000000"))
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    started = context.Semaphore(0)
    results: multiprocessing.Queue[tuple[int, set[int], str]] = context.Queue()
    readers = [
        context.Process(target=read_until, args=(published, started, stop, results)) for _ in range(READERS)
    ]
    for reader in readers:
        reader.start()
    try:
        for _ in readers:
            assert started.acquire(timeout=120), "a reader never read"
        for generation in range(1, PUBLISHES + 1):
            source = warehouse(tmp_path, generation)
            time.sleep(0.3)
            publisher.publish(source, publisher.next_version("00000000"))
        time.sleep(0.5)
    finally:
        stop.set()
        reports = [results.get(timeout=60) for _ in readers]
        for reader in readers:
            reader.join(60)

    assert [problem for _, _, problem in reports if problem] == []
    assert all(reads > 0 for reads, _, _ in reports)
    assert set().union(*(seen for _, seen, _ in reports)) >= {PUBLISHES}
