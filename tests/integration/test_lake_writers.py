"""Several writers at one partition, and killed ones: nothing that was stored is lost, nothing is half there."""

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from orchestration.resources.market_lake import MarketLake
from tests.support.lake_rows import BARS_OF, bars, weekdays
from tests.support.lake_writer import DAY, begin, writer

YEAR = DAY.year
KILLS = 12
FIRST = bars([f"A{n:03}" for n in range(200)], weekdays(date(2024, 1, 2), 250))


@pytest.fixture
def lake(tmp_path: Path) -> MarketLake:
    """A lake with a year that takes a while to write."""
    lake = MarketLake(str(tmp_path))
    with lake.writing("clean", BARS_OF, YEAR) as partition:
        assert partition.replace(FIRST)
    return lake


def symbols(lake: MarketLake) -> set[str]:
    return set(lake.read("clean", BARS_OF, columns=["symbol"])["symbol"]) - set(FIRST["symbol"])


def test_threads_wait_for_each_other(lake: MarketLake) -> None:
    def add(number: int) -> bool:
        with lake.writing("clean", BARS_OF, YEAR) as partition:
            return partition.replace(pl.concat([partition.stored, bars((f"T{number}",), [DAY])]))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(add, range(12)))
    assert symbols(lake) == {f"T{n}" for n in range(12)}


def test_processes_wait_for_each_other(lake: MarketLake) -> None:
    with ExitStack() as stack:
        writers = [stack.enter_context(writer(lake.root, {}, name, 6)) for name in "PQR"]
        for one in writers:
            begin(one)
        for one in writers:
            assert one.wait(timeout=120) == 0
    assert symbols(lake) == {f"{name}{n}" for name in "PQR" for n in range(6)}


@pytest.mark.slow
def test_killed_at_random_moments_and_written_again(lake: MarketLake, tmp_path: Path) -> None:
    """What the writer said was stored is stored; what it was storing is there as a whole or not at all."""
    moments = random.Random(5)
    said: set[str] = set()
    for attempt in range(KILLS):
        with writer(lake.root, {}, f"K{attempt}-", 1_000) as process:
            begin(process)
            time.sleep(moments.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
            told, _ = process.communicate()
            assert process.returncode == -signal.SIGKILL
        numbers = [int(line) for line in told.split()]
        said |= {f"K{attempt}-{n}" for n in numbers}
        stored = symbols(lake)
        assert stored - said <= {f"K{attempt}-{len(numbers)}"}
        assert said <= stored
        said = stored
    assert len(said) >= KILLS / 2, "hardly anything was written: the kills came too early to say anything"

    expected = pl.concat([FIRST, *(bars((name,), [DAY]) for name in sorted(said))]).sort(
        "symbol", "timestamp"
    )
    with lake.writing("clean", BARS_OF, YEAR) as partition:
        assert_frame_equal(partition.stored, expected)
        assert not partition.replace(expected)
        assert partition.replace(FIRST)
    assert_frame_equal(lake.read("clean", BARS_OF), FIRST.sort("symbol", "timestamp"))
    assert sorted(path.name for path in tmp_path.rglob("*.parquet*")) == ["part.parquet"]


def test_a_reader_sees_one_version_while_it_is_replaced(lake: MarketLake) -> None:
    """Every version has one close for all its rows."""

    def version(close: float) -> pl.DataFrame:
        return FIRST.with_columns(close=pl.lit(close))

    with lake.writing("clean", BARS_OF, YEAR) as partition:
        partition.replace(version(0.5))
    with ThreadPoolExecutor(1) as reading:
        done = False

        def read() -> list[tuple[int, int]]:
            seen = []
            while not done:
                frame = lake.read("clean", BARS_OF, columns=["close"])
                seen.append((frame.height, frame["close"].n_unique()))
            return seen

        task = reading.submit(read)
        for number in range(8):
            with lake.writing("clean", BARS_OF, YEAR) as partition:
                partition.replace(version(float(number)))
        done = True
        seen = task.result()
    assert seen
    assert set(seen) == {(FIRST.height, 1)}
