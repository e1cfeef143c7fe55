"""The lake on S3: written and read as on a disk, DuckDB reads through fsspec, no rows are lost between writers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from deploy.check.postgres import free_port
from orchestration.resources.market_lake import LostRaceError, MarketLake, by_year
from orchestration.resources.remote import UnreachableError
from tests.scale.conftest import Bucket
from tests.support.lake_rows import ACTIONS_OF, BARS_OF, action, bars, weekdays
from tests.support.lake_writer import begin, writer

DAYS = weekdays(date(2023, 12, 20), 20)
ROWS = bars(("0700", "AAPL", "BRK.B"), DAYS)
YEAR = 2024


@pytest.fixture
def lake(bucket: Bucket) -> MarketLake:
    """A lake in the bucket with rows of two years."""
    lake = MarketLake(bucket.root, bucket.options)
    for year, rows in by_year("bars", ROWS).items():
        with lake.writing("clean", BARS_OF, year) as partition:
            assert partition.replace(rows)
    return lake


def test_what_is_written_is_read(lake: MarketLake) -> None:
    assert lake.datasets("clean") == [BARS_OF]
    assert lake.years("clean", BARS_OF) == [2023, YEAR]
    assert_frame_equal(lake.read("clean", BARS_OF), ROWS.sort("symbol", "timestamp"))
    chosen = lake.read("clean", BARS_OF, years=[YEAR], columns=["close"], symbols=["0700"])
    expected = ROWS.filter(pl.col("symbol") == "0700", pl.col("session_date").dt.year() == YEAR)
    assert_frame_equal(chosen, expected.select("close"))
    facts = lake.facts("clean", BARS_OF)
    assert (facts.rows, facts.symbols) == (ROWS.height, ("0700", "AAPL", "BRK.B"))
    assert (facts.first, facts.last) == (ROWS["timestamp"].min(), ROWS["timestamp"].max())


def test_the_bytes_are_those_of_a_disk(lake: MarketLake, bucket: Bucket, tmp_path: Path) -> None:
    local = MarketLake(str(tmp_path))
    name = BARS_OF.partition("clean", YEAR)
    with local.writing("clean", BARS_OF, YEAR) as partition:
        partition.replace(by_year("bars", ROWS)[YEAR])
    assert lake._store.read(name)[0] == (tmp_path / name).read_bytes()


def test_duckdb_reads_it_without_an_extension(lake: MarketLake) -> None:
    with lake.writing("clean", ACTIONS_OF, YEAR) as partition:
        partition.replace(action("AAPL", date(2024, 1, 3), ratio=2.0))
    config = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    with duckdb.connect(config=config) as connection:
        lake.views(connection)
        seen = connection.sql("select * exclude (universe) from bars order by symbol, timestamp").pl()
        assert_frame_equal(seen, ROWS.sort("symbol", "timestamp"))
        assert connection.sql("select symbol, ratio from corporate_action").fetchall() == [("AAPL", 2.0)]
        loaded = connection.sql("select extension_name from duckdb_extensions() where loaded").fetchall()
        assert ("httpfs",) not in loaded


def test_duckdb_sees_what_another_process_replaced(lake: MarketLake, bucket: Bucket) -> None:
    """Neither a remembered listing nor remembered blocks stand for newer bytes, even of the same size and second."""
    other = another_process(bucket)
    with duckdb.connect() as connection:
        lake.views(connection)
        for close in range(10, 16):
            told = float(close)
            other.update(
                "clean", BARS_OF, YEAR, lambda rows, told=told: rows.with_columns(close=pl.lit(told))
            )
            seen = connection.sql(f"select distinct close from bars where year(session_date) = {YEAR}")
            assert seen.fetchall() == [(told,)]


def test_what_is_replaced_while_it_is_read_is_read_again(
    lake: MarketLake, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = another_process(bucket)
    filesystem = lake._store.filesystem
    assert filesystem is not None
    opened, opens = filesystem.open, []

    def slow(*given: object, **named: object) -> object:
        """Another writer comes between the opening, which asks for the version, and the first read."""
        file = opened(*given, **named)
        opens.append(given)
        if len(opens) == 1:
            other.update("clean", BARS_OF, YEAR, lambda rows: rows.with_columns(close=pl.lit(1.0)))
        return file

    monkeypatch.setattr(filesystem, "open", slow)
    assert set(lake.read("clean", BARS_OF, years=[YEAR])["close"]) == {1.0}
    assert len(opens) == 2


def test_a_write_is_one_request_and_equal_rows_are_none(lake: MarketLake, bucket: Bucket) -> None:
    bucket.asked.clear()
    with lake.writing("clean", BARS_OF, YEAR) as partition:
        assert not partition.replace(partition.stored.reverse())
    assert not [asked for asked in bucket.asked if asked[0] in ("PUT", "POST", "DELETE")]
    with lake.writing("clean", BARS_OF, YEAR) as partition:
        assert partition.replace(partition.stored.with_columns(close=pl.col("close") * 2))
    assert len([asked for asked in bucket.asked if asked[0] in ("PUT", "POST", "DELETE")]) == 1


def another_process(bucket: Bucket) -> MarketLake:
    """The same lake by another spelling and another client, which shares neither our lock nor what ours remembers."""
    return MarketLake(bucket.root.replace("s3://", "s3a://"), {**bucket.options, "skip_instance_cache": True})


def first_bar(symbol: str) -> pl.DataFrame:
    return bars((symbol,), [date(2024, 2, 1)])


@pytest.mark.parametrize("new", [False, True], ids=["a year that is there", "a new year"])
def test_who_comes_second_loses_the_race_and_writes_nothing(
    lake: MarketLake, bucket: Bucket, new: bool
) -> None:
    year = 2025 if new else YEAR
    ours, theirs = (bars((s,), [date(year, 3, 3)]) for s in ("OURS", "THEIRS"))
    other = another_process(bucket)
    with lake.writing("clean", BARS_OF, year) as partition:
        with other.writing("clean", BARS_OF, year) as faster:
            assert faster.replace(pl.concat([faster.stored, theirs]))
        with pytest.raises(LostRaceError, match="another writer replaced s3://"):
            partition.replace(pl.concat([partition.stored, ours]))
    assert "OURS" not in lake.read("clean", BARS_OF)["symbol"]
    assert "THEIRS" in lake.read("clean", BARS_OF)["symbol"]


def test_an_update_that_lost_goes_on_with_the_newer_rows(lake: MarketLake, bucket: Bucket) -> None:
    other = another_process(bucket)
    seen: list[int] = []

    def change(stored: pl.DataFrame) -> pl.DataFrame:
        seen.append(stored.height)
        if len(seen) <= 2:
            other.update("clean", BARS_OF, YEAR, lambda rows: pl.concat([rows, first_bar(f"T{len(seen)}")]))
        return pl.concat([stored, first_bar("OURS")])

    assert lake.update("clean", BARS_OF, YEAR, change)
    assert seen == [seen[0], seen[0] + 1, seen[0] + 2]
    assert {"T1", "T2", "OURS"} <= set(lake.read("clean", BARS_OF, years=[YEAR])["symbol"])


def test_the_catalogue_that_lost_a_race_is_written_again(
    lake: MarketLake, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, read, reads = another_process(bucket), lake._store.read, []

    def slow(name: str) -> object:
        found = read(name)
        reads.append(name)
        if len(reads) == 1:
            other.keep_catalog(pl.DataFrame({"dataset": ["theirs"]}))
        return found

    monkeypatch.setattr(lake._store, "read", slow)
    lake.keep_catalog(pl.DataFrame({"dataset": ["ours"]}))
    assert len(reads) == 2
    with duckdb.connect() as connection:
        lake.views(connection)
        assert connection.sql("select dataset from dataset_catalog").fetchall() == [("ours",)]


def test_threads_lose_nothing(lake: MarketLake) -> None:
    def add(number: int) -> bool:
        return lake.update("clean", BARS_OF, YEAR, lambda rows: pl.concat([rows, first_bar(f"T{number:02}")]))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(add, range(12)))
    symbols = set(lake.read("clean", BARS_OF, years=[YEAR])["symbol"])
    assert symbols == {"0700", "AAPL", "BRK.B", *(f"T{n:02}" for n in range(12))}


def test_processes_lose_nothing(lake: MarketLake, bucket: Bucket) -> None:
    with ExitStack() as stack:
        writers = [stack.enter_context(writer(bucket.root, bucket.options, name, 5)) for name in "PQR"]
        for one in writers:
            begin(one)
        for one in writers:
            assert one.wait(timeout=120) == 0
    symbols = set(lake.read("clean", BARS_OF, years=[YEAR])["symbol"])
    assert symbols == {"0700", "AAPL", "BRK.B", *(f"{p}{n}" for p in "PQR" for n in range(5))}


def test_a_store_that_ignores_conditions_is_refused(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a store would let the second writer overwrite the first."""
    lake = MarketLake(bucket.root, bucket.options)
    put: Callable[..., object] = lake._store.filesystem.pipe_file  # type: ignore[union-attr]

    def ignoring(path: str, content: bytes, **given: object) -> object:
        given.pop("IfMatch", None)
        given.pop("IfNoneMatch", None)
        return put(path, content, **given)

    monkeypatch.setattr(lake._store.filesystem, "pipe_file", ignoring)
    with (
        lake.writing("clean", BARS_OF, YEAR) as partition,
        pytest.raises(ValueError, match=r"ignores conditions of a write \(If-Match\)"),
    ):
        partition.replace(by_year("bars", ROWS)[YEAR])
    assert lake.datasets("clean") == []


def test_other_errors_of_the_store_are_not_races(bucket: Bucket) -> None:
    lake = MarketLake(bucket.root.replace("lake-", "none-"), bucket.options)
    with lake.writing("clean", BARS_OF, YEAR) as partition, pytest.raises(OSError, match="bucket") as refused:
        partition.replace(by_year("bars", ROWS)[YEAR])
    assert not isinstance(refused.value, LostRaceError)


def test_a_server_that_is_not_there_is_one_clear_error(bucket: Bucket) -> None:
    away = {**bucket.options, "endpoint_url": f"http://127.0.0.1:{free_port()}"}
    lake = MarketLake("s3://bucket/lake", away)
    with pytest.raises(UnreachableError, match=r"s3://bucket/lake cannot be reached .*Check TIEOUT_LAKE_URL"):
        lake.datasets("clean")


def test_address_and_credentials_of_the_environment(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.options["endpoint_url"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    lake = MarketLake(bucket.root, {"skip_instance_cache": True})
    assert lake.update("clean", BARS_OF, YEAR, lambda _: by_year("bars", ROWS)[YEAR])
    assert MarketLake(bucket.root, bucket.options).years("clean", BARS_OF) == [YEAR]
