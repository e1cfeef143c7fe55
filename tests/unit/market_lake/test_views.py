"""What DuckDB reads of the lake through its views is what was written, on a folder and through fsspec."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from orchestration.resources.market_lake import MarketLake, by_year
from tests.support.lake_rows import (
    ACTIONS_OF,
    BARS_OF,
    RATES_OF,
    action,
    bars,
    observations,
    weekdays,
)
from transforms.features.bars import FEATURES, NAMING
from transforms.market.adjust import ADJUSTED, adjusted, factors
from transforms.market.series import DatasetId
from transforms.schemas.bar_features import BAR_FEATURES
from transforms.schemas.market import BARS

DAYS = weekdays(date(2023, 12, 20), 20)
ROWS = bars(("0700", "BRK.B", "NULL"), DAYS)


@pytest.fixture(params=["folder", "memory"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> MarketLake:
    """A lake on a disk, in a folder whose name has to be quoted, and one that only fsspec knows."""
    return MarketLake(
        str(tmp_path / "it's a lake") if request.param == "folder" else f"memory://{uuid4().hex}"
    )


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    """A connection that may load no extension."""
    config = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    return duckdb.connect(config=config)


def write(lake: MarketLake, dataset: DatasetId, frame: object, layer: str = "clean") -> None:
    for year, rows in by_year(dataset.kind, frame, layer).items():
        with lake.writing(layer, dataset, year) as partition:
            partition.replace(rows)


def test_bars_are_those_of_all_datasets(lake: MarketLake, connection: duckdb.DuckDBPyConnection) -> None:
    other = DatasetId("massive", "bars", "small", "1d")
    few = bars(("0700",), DAYS[:3], other)
    write(lake, BARS_OF, ROWS)
    write(lake, other, few)
    lake.views(connection)

    seen = connection.sql(
        "select * exclude (universe) from bars where universe = 'us' order by symbol, timestamp"
    ).pl()
    assert_frame_equal(seen.select(BARS.columns), ROWS.sort("symbol", "timestamp"))
    counted = connection.sql(
        "select provider, universe, count(*) from bars group by all order by all"
    ).fetchall()
    assert counted == [("massive", "small", few.height), ("stooq", "us", ROWS.height)]
    assert connection.sql("select distinct symbol from bars order by 1").fetchall() == [
        ("0700",),
        ("BRK.B",),
        ("NULL",),
    ]


def test_instants_are_utc(lake: MarketLake, connection: duckdb.DuckDBPyConnection) -> None:
    write(lake, BARS_OF, ROWS)
    connection.execute("set TimeZone = 'America/New_York'")
    lake.views(connection)
    (first,) = connection.sql("select min(timestamp) from bars").fetchall()[0:1][0]
    assert first == datetime(2023, 12, 20, 14, 30, tzinfo=UTC)
    assert first.utcoffset().total_seconds() == 0


def test_what_has_no_rows_has_a_typed_view(lake: MarketLake, connection: duckdb.DuckDBPyConnection) -> None:
    lake.views(connection)
    for view in ("bars", "bars_adjusted", "observations", "corporate_action", "features", "symbol_map"):
        assert connection.sql(f"select count(*) from {view}").fetchone() == (0,)
    empty = connection.sql("describe bars").fetchall()
    write(lake, BARS_OF, ROWS)
    lake.views(connection)
    assert connection.sql("describe bars").fetchall() == empty
    assert connection.sql("select count(*) from bars").fetchone() == (ROWS.height,)


def test_observations_actions_and_features(lake: MarketLake, connection: duckdb.DuckDBPyConnection) -> None:
    write(lake, RATES_OF, observations("DGS10", [(DAYS[0], 1.5), (DAYS[1], None)]))
    write(lake, ACTIONS_OF, action("BRK.B", DAYS[3], ratio=0.1))
    computed = {name: pl.lit(None, pl.Float64) for name in FEATURES} | {"sma_20": "close"}
    features = ROWS.select(*NAMING, **computed).select(BAR_FEATURES.columns)
    write(lake, BARS_OF, features, "features")
    lake.views(connection)

    assert connection.sql("select universe, value from observations").fetchall() == [
        ("rates", 1.5),
        ("rates", None),
    ]
    assert connection.sql("select symbol, ratio, amount from corporate_action").fetchall() == [
        ("BRK.B", 0.1, None)
    ]
    assert connection.sql("select sum(sma_20), any_value(universe) from features").fetchall() == [
        (pytest.approx(ROWS["close"].sum()), "us")
    ]


def test_years_that_come_later_are_seen(lake: MarketLake, connection: duckdb.DuckDBPyConnection) -> None:
    write(lake, BARS_OF, bars(("A",), weekdays(date(2022, 3, 1), 5)))
    lake.views(connection)
    write(lake, BARS_OF, bars(("A",), weekdays(date(2025, 3, 3), 5)))
    assert connection.sql("select count(distinct year(session_date)) from bars").fetchone() == (2,)


def test_views_in_a_file_are_read_by_who_may_not_write(lake: MarketLake, tmp_path: Path) -> None:
    write(lake, BARS_OF, ROWS)
    path = tmp_path / "published.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create schema market; use market")
        lake.views(connection)
    with duckdb.connect(path, read_only=True) as connection:
        lake.prepare(connection)
        for view in ("market.bars", "market.bars_adjusted"):
            assert connection.sql(f"select count(*), min(timestamp) from {view}").fetchone() == (
                ROWS.height,
                ROWS["timestamp"].min(),
            )
        assert len(connection.sql("from market.bars_adjusted_of('0700')").fetchall()) == len(DAYS)


def test_the_guide_s_example_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = MarketLake(str(tmp_path))
    write(lake, BARS_OF, bars(("AAPL", "ZZ"), DAYS))
    guide = (Path(__file__).parents[3] / "docs/guides/market-lake.md").read_text(encoding="utf-8")
    example = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)[0]
    assert '"data/lake"' in example
    exec(compile(example.replace('"data/lake"', repr(str(tmp_path))), "guide", "exec"), {})
    told = capsys.readouterr().out
    assert "total_return_close" in told
    assert "ZZ" in told


def test_rows_that_were_replaced_are_seen(lake: MarketLake, connection: duckdb.DuckDBPyConnection) -> None:
    """Remembered blocks of a file do not stand for newer bytes, even of the same size and second."""
    write(lake, BARS_OF, ROWS)
    lake.views(connection)
    for close in range(10, 16):
        told = float(close)
        write(lake, BARS_OF, ROWS.with_columns(close=pl.lit(told)))
        assert connection.sql("select distinct close from bars").fetchall() == [(told,)]


def test_adjusted_bars_are_those_of_the_pure_adjustment(
    lake: MarketLake, connection: duckdb.DuckDBPyConnection
) -> None:
    """Also where two universes tell the same split: it is one split."""
    small = DatasetId("stooq", "bars", "small", "1d")
    split, paid = action("BRK.B", DAYS[9], ratio=2.0), action("0700", DAYS[4], amount=1.5)
    write(lake, BARS_OF, ROWS)
    write(lake, small, ROWS.filter(pl.col("symbol") == "BRK.B"))
    write(lake, ACTIONS_OF, pl.concat([split, paid]))
    write(lake, DatasetId("stooq", "actions", "small", "1d"), split)
    lake.views(connection)

    rows, actions = ROWS.sort("symbol", "timestamp"), pl.concat([split, paid])
    expected = adjusted(rows, factors(rows, actions))
    assert expected["split_close"].to_list() != rows["close"].to_list()
    assert expected["total_return_close"].to_list() != expected["split_close"].to_list()
    seen = connection.sql("from bars_adjusted where universe = 'us' order by symbol, timestamp").pl()
    assert_frame_equal(seen.drop("universe"), expected)
    one = connection.sql("from bars_adjusted_of('BRK.B') order by universe desc, timestamp").pl()
    of_one = expected.filter(pl.col("symbol") == "BRK.B")
    assert_frame_equal(one.drop("universe"), pl.concat([of_one, of_one]))
    assert one["universe"].unique(maintain_order=True).to_list() == ["us", "small"]


def test_every_column_is_described(lake: MarketLake, connection: duckdb.DuckDBPyConnection) -> None:
    write(lake, BARS_OF, ROWS)
    lake.views(connection)
    comments = connection.sql(
        "select table_name || '.' || column_name, comment from duckdb_columns() where not internal"
    ).fetchall()
    told = dict(comments)
    assert {name for name, text in told.items() if not text} == set()
    for view in ("bars", "bars_adjusted"):
        assert {told[f"{view}.{f.name}"] == f.description for f in BARS.fields} == {True}
    assert {f"bars_adjusted.{name}" for name in ADJUSTED} <= set(told)
