"""Partitions on a folder and on an object store of fsspec: what is written is what is read, and nothing else."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import fsspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from orchestration.resources.market_lake import MarketLake, UnreadableError, by_year
from orchestration.resources.market_lake.parquet import encode
from orchestration.resources.market_lake.stores import Version
from orchestration.resources.remote import UnreachableError
from tests.support.lake_rows import BARS_OF, RATES_OF, bars, observations, weekdays
from transforms.features.bars import FEATURES, NAMING
from transforms.market.series import DatasetId
from transforms.schemas.bar_features import BAR_FEATURES
from transforms.schemas.contract import ContractError
from transforms.schemas.market import BARS

DAYS = weekdays(date(2024, 1, 2), 30)
SYMBOLS = ("0700", "AAPL", "BRK.B", "NULL", "ZZ")
YEAR = 2024


@pytest.fixture(params=["folder", "memory"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MarketLake]:
    """A lake on a disk, and one that only fsspec knows."""
    if request.param == "folder":
        yield MarketLake(str(tmp_path / "lake"))
        return
    folder = f"lake-{uuid4().hex}"
    yield MarketLake(f"memory://{folder}")
    if (memory := fsspec.filesystem("memory")).exists(f"/{folder}"):
        memory.rm(f"/{folder}", recursive=True)


def write(lake: MarketLake, frame: pl.DataFrame, dataset: DatasetId = BARS_OF) -> None:
    for year, rows in by_year(dataset.kind, frame).items():
        with lake.writing("clean", dataset, year) as partition:
            partition.replace(rows)


def test_what_is_written_is_read_sorted_by_symbol_and_time(lake: MarketLake) -> None:
    rows = bars(SYMBOLS, DAYS)
    write(lake, rows.sample(fraction=1, shuffle=True, seed=1))

    assert_frame_equal(lake.read("clean", BARS_OF), rows.sort("symbol", "timestamp"))
    assert lake.datasets("clean") == [BARS_OF]
    assert lake.years("clean", BARS_OF) == [YEAR]


def test_years_columns_and_symbols_are_chosen(lake: MarketLake) -> None:
    rows = bars(SYMBOLS, weekdays(date(2023, 12, 20), 20))
    write(lake, rows)

    assert lake.years("clean", BARS_OF) == [2023, 2024]
    chosen = lake.read("clean", BARS_OF, years=[2024, 2030], columns=["close"], symbols=["0700", "NULL"])
    expected = rows.filter(
        pl.col("symbol").is_in(["0700", "NULL"]), pl.col("session_date") >= date(2024, 1, 1)
    )
    assert_frame_equal(chosen, expected.sort("symbol", "timestamp").select("close"))
    assert lake.read("clean", BARS_OF, years=iter((2023, 2024))).height == rows.height
    assert lake.read("clean", BARS_OF, symbols=[]).is_empty()
    assert lake.read("clean", BARS_OF, symbols=["none"]).schema == BARS.polars_schema
    both = lake.read("clean", BARS_OF)
    assert_frame_equal(both, rows.sort("symbol", "timestamp"))


def test_nothing_stored_is_typed_and_empty(lake: MarketLake) -> None:
    assert lake.read("clean", BARS_OF).schema == BARS.polars_schema
    assert lake.read("clean", BARS_OF, columns=["close", "symbol"]).schema == {
        "close": pl.Float64,
        "symbol": pl.String,
    }
    assert (lake.datasets("clean"), lake.years("clean", BARS_OF)) == ([], [])
    facts = lake.facts("clean", BARS_OF)
    assert (facts.rows, facts.bytes, facts.first, facts.last, facts.symbols) == (0, 0, None, None, ())
    with lake.writing("clean", BARS_OF, YEAR) as partition:
        assert partition.stored.schema == BARS.polars_schema
        assert not partition.replace(BARS.empty())
    assert lake.years("clean", BARS_OF) == []


def test_facts_are_those_of_the_rows(lake: MarketLake) -> None:
    rows = bars(SYMBOLS, weekdays(date(2023, 12, 20), 20))
    write(lake, rows)
    write(lake, observations("DGS10", [(date(2020, 1, 2), 1.5), (date(2021, 3, 4), None)]), RATES_OF)

    facts = lake.facts("clean", BARS_OF)
    assert facts.rows == rows.height
    assert (facts.first, facts.last) == (rows["timestamp"].min(), rows["timestamp"].max())
    assert facts.symbols == SYMBOLS
    assert facts.bytes > 1_000
    rates = lake.facts("clean", RATES_OF)
    assert (rates.rows, rates.first, rates.last) == (2, date(2020, 1, 2), date(2021, 3, 4))


def test_equal_rows_are_not_written_again(tmp_path: Path) -> None:
    lake = MarketLake(str(tmp_path))
    rows = bars(SYMBOLS, DAYS)
    write(lake, rows)
    part = tmp_path / BARS_OF.partition("clean", YEAR)
    before = (part.stat().st_ino, part.stat().st_mtime_ns)

    with lake.writing("clean", BARS_OF, YEAR) as partition:
        assert not partition.replace(partition.stored.reverse())
    assert (part.stat().st_ino, part.stat().st_mtime_ns) == before

    changed = rows.with_columns(close=pl.col("close") + (pl.col("symbol") == "ZZ").cast(pl.Float64))
    with lake.writing("clean", BARS_OF, YEAR) as partition:
        assert partition.replace(changed)
        assert not partition.replace(changed)
    assert_frame_equal(lake.read("clean", BARS_OF), changed.sort("symbol", "timestamp"))


def test_nothing_is_written_after_the_lock_is_given_back(lake: MarketLake) -> None:
    with lake.writing("clean", BARS_OF, YEAR) as partition:
        pass
    with pytest.raises(RuntimeError, match=r"inside `with lake.writing"):
        partition.replace(bars(SYMBOLS, DAYS))
    assert lake.datasets("clean") == []


def test_a_year_that_has_no_rows_any_more(lake: MarketLake) -> None:
    write(lake, bars(SYMBOLS, DAYS))
    with lake.writing("clean", BARS_OF, YEAR) as partition:
        assert partition.replace(BARS.empty())
        assert not partition.replace(BARS.empty())
    assert_frame_equal(lake.read("clean", BARS_OF), BARS.empty())
    facts = lake.facts("clean", BARS_OF)
    assert (facts.rows, facts.first, facts.symbols) == (0, None, ())


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = bars(SYMBOLS, DAYS)
    contents = set()
    for number in range(3):
        write(MarketLake(str(tmp_path / str(number))), rows.sample(fraction=1, shuffle=True, seed=number))
        contents.add((tmp_path / str(number) / BARS_OF.partition("clean", YEAR)).read_bytes())
    assert len(contents) == 1


BREAKS = {
    "a double key": (lambda r: pl.concat([r, r.head(1)]), "two rows have the same symbol"),
    "another year": (
        lambda r: r.with_columns(session_date=pl.col("session_date").dt.offset_by("1y")),
        "another year",
    ),
    "another provider": (lambda r: r.with_columns(provider=pl.lit("massive")), "provider is not stooq"),
    "another frequency": (lambda r: r.with_columns(frequency=pl.lit("1h")), "frequency is not 1d"),
    "an empty price": (lambda r: r.with_columns(open=pl.lit(None, pl.Float64)), "open is empty"),
    "no number": (lambda r: r.with_columns(vwap=pl.lit(float("nan"))), "vwap"),
    "an unknown word": (lambda r: r.with_columns(adjustment=pl.lit("some")), "adjustment is none of raw"),
    "a missing column": (lambda r: r.drop("close"), "column close: Float64 is needed, found none"),
    "another type": (lambda r: r.with_columns(pl.col("volume").cast(pl.Int64)), "volume: Float64 is needed"),
    "a strange column": (lambda r: r.with_columns(x=pl.lit(1)), "column x: it is not of this table"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_rows_that_break_the_contract_leave_what_is_stored(lake: MarketLake, name: str) -> None:
    rows = bars(SYMBOLS, DAYS)
    write(lake, rows)
    change, told = BREAKS[name]

    with (
        lake.writing("clean", BARS_OF, YEAR) as partition,
        pytest.raises(ContractError, match=told) as broken,
    ):
        partition.replace(change(rows))
    assert "stooq/bars/us/1d, year 2024" in str(broken.value)
    assert_frame_equal(lake.read("clean", BARS_OF), rows.sort("symbol", "timestamp"))


def test_the_check_at_this_place_is_the_contract(lake: MarketLake) -> None:
    """What the lake's quick check lets through is what pandera lets through."""
    write(lake, bars(SYMBOLS, DAYS))
    BARS.validate(lake.read("clean", BARS_OF))


def test_a_column_that_is_not_there_is_named(lake: MarketLake) -> None:
    write(lake, bars(SYMBOLS, DAYS))
    with pytest.raises(ValueError, match="has no column clsoe"):
        lake.read("clean", BARS_OF, columns=["clsoe"])


def test_there_are_no_tables_in_the_raw_layer(lake: MarketLake) -> None:
    with pytest.raises(ValueError, match="no table of raw/bars"):
        lake.read("raw", BARS_OF)


def test_a_file_of_an_earlier_contract_is_read_with_the_new_column_empty(lake: MarketLake) -> None:
    """The column is allowed to be empty, so that old years stand as they are until they are written again."""
    old = bars(SYMBOLS, DAYS).drop("trades")
    store = lake._store
    name = BARS_OF.partition("clean", YEAR)
    store.write(name, encode(old.sort("symbol", "timestamp")), Version(False))
    read = lake.read("clean", BARS_OF)
    assert read.schema == BARS.polars_schema
    assert read["trades"].null_count() == read.height
    assert lake.read("clean", BARS_OF, columns=["trades"]).height == read.height


def test_features_keep_what_was_computed(lake: MarketLake) -> None:
    computed = {name: pl.lit(None, pl.Float64) for name in FEATURES} | {"sma_20": "close", "ema_20": "open"}
    rows = bars(SYMBOLS, DAYS).select(*NAMING, **computed).select(BAR_FEATURES.columns)
    with lake.writing("features", BARS_OF, YEAR) as partition:
        assert partition.replace(rows)
    assert_frame_equal(lake.read("features", BARS_OF), rows.sort("symbol", "session_date"))
    assert_frame_equal(
        lake.read("features", BARS_OF, columns=["ema_20"], symbols=["ZZ"]),
        rows.filter(pl.col("symbol") == "ZZ").sort("session_date").select("ema_20"),
    )
    assert lake.facts("features", BARS_OF).last == DAYS[-1]


def test_a_fingerprint_is_of_what_is_stored(lake: MarketLake) -> None:
    assert lake.fingerprint("clean", BARS_OF, YEAR) == "absent"
    told = []
    for seed in (1, 1, 2):
        with lake.writing("clean", BARS_OF, YEAR) as partition:
            partition.replace(bars(SYMBOLS, DAYS, seed=seed))
        told.append(lake.fingerprint("clean", BARS_OF, YEAR))
    assert told[0] == told[1] != told[2]


def test_leftovers_of_a_killed_writer_are_no_partition_and_go_away(tmp_path: Path) -> None:
    lake = MarketLake(str(tmp_path))
    leftover = tmp_path / f"{BARS_OF.partition('clean', YEAR)}.tmp"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    assert lake.years("clean", BARS_OF) == []
    with lake.writing("clean", BARS_OF, YEAR) as partition:
        partition.replace(partition.stored)
    assert not leftover.exists()


@pytest.mark.parametrize("kept", [0, 3, 400, -7])
def test_a_broken_file_is_named(lake: MarketLake, kept: int) -> None:
    """Whoever comes upon it says which file it is and what to do; the other years are read."""
    write(lake, bars(SYMBOLS, weekdays(date(2023, 12, 20), 20)))
    store, name = lake._store, BARS_OF.partition("clean", YEAR)
    content, version = store.read(name)
    assert content is not None
    store.write(name, content[:kept], version)

    told = rf"{YEAR}/part.parquet cannot be read as Parquet .*pull its year again"
    with pytest.raises(UnreadableError, match=told):
        lake.read("clean", BARS_OF)
    with pytest.raises(UnreadableError, match=told):
        lake.facts("clean", BARS_OF)
    with pytest.raises(UnreadableError, match=told), lake.writing("clean", BARS_OF, YEAR):
        pytest.fail("what is broken is never written over")
    assert lake.read("clean", BARS_OF, years=[2023]).height


def test_a_store_whose_package_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("orchestration.resources.market_lake.stores.url_to_fs", missing)
    with pytest.raises(UnreachableError, match=r"s3://bucket/x needs a package: .*pip install tieout\[s3\]"):
        MarketLake("s3://bucket/x")
