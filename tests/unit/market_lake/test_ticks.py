"""Trades and quotes in the lake: what is written is read, typed and in order; what breaks the contract is refused."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from orchestration.resources.market_lake import MarketLake, by_year
from orchestration.resources.market_lake.tables import arranged, table_of
from tests.support.lake_rows import QUOTES_OF, TRADES_OF, quotes, trades
from transforms.market.series import DatasetId
from transforms.schemas.contract import ContractError
from transforms.schemas.market import MARKET_TABLES, QUOTES, TRADES

LATE = datetime(2024, 12, 31, 23, 59, 59, 999_999, UTC)
STEP = timedelta(microseconds=1)
TRADED = trades("BTCUSDT", [(LATE + n * STEP, str(1000 + n), 97_000.5 + n) for n in (3, 0, 2, 1)])
QUOTED = quotes("BTCUSDT", [(LATE, 2, 97_000.0), (LATE, 1, None), (LATE + STEP, 3, 97_001.0)])
BOTH = [(TRADES_OF, TRADED), (QUOTES_OF, QUOTED)]


def write(lake: MarketLake, dataset: DatasetId, rows: pl.DataFrame) -> None:
    for year, part in by_year(dataset.kind, rows).items():
        lake.update("clean", dataset, year, lambda stored, part=part: pl.concat([stored, part]))


@pytest.mark.parametrize(("dataset", "rows"), BOTH, ids=["trades", "quotes"])
def test_what_is_written_is_read_to_the_microsecond(
    tmp_path: Path, dataset: DatasetId, rows: pl.DataFrame
) -> None:
    lake = MarketLake(str(tmp_path))
    write(lake, dataset, rows)
    assert lake.years("clean", dataset) == [2024, 2025]
    table = table_of("clean", dataset.kind)
    MARKET_TABLES[table.name].validate(lake.read("clean", dataset))
    assert_frame_equal(lake.read("clean", dataset), rows.sort(table.order))
    assert lake.facts("clean", dataset).symbols == ("BTCUSDT",)
    assert lake.facts("clean", dataset).first == LATE
    assert lake.datasets("clean") == [dataset]


@pytest.mark.parametrize(("dataset", "rows"), BOTH, ids=["trades", "quotes"])
def test_a_row_that_is_stored_already_is_refused_and_what_is_stored_stays(
    tmp_path: Path, dataset: DatasetId, rows: pl.DataFrame
) -> None:
    lake = MarketLake(str(tmp_path))
    write(lake, dataset, rows)
    with pytest.raises(ContractError, match="two rows have the same symbol, instrument_id, timestamp"):
        write(lake, dataset, rows[:1])
    assert_frame_equal(lake.read("clean", dataset), rows.sort(table_of("clean", dataset.kind).order))


@pytest.mark.parametrize(
    ("dataset", "rows", "said"),
    [
        (TRADES_OF, TRADED.with_columns(price=pl.lit(None, pl.Float64)), "column price is empty"),
        (TRADES_OF, TRADED.with_columns(size=pl.lit(float("nan"))), "column size: 1 values are not finite"),
        (TRADES_OF, TRADED.with_columns(aggressor=pl.lit("both")), "aggressor is none of buyer, seller"),
        (QUOTES_OF, QUOTED.with_columns(sequence=pl.lit(None, pl.Int64)), "column sequence is empty"),
        (QUOTES_OF, QUOTED.with_columns(provider=pl.lit("nobody")), "column provider is not binance"),
    ],
)
def test_a_row_that_breaks_the_contract_is_refused(dataset: DatasetId, rows: pl.DataFrame, said: str) -> None:
    (part,) = (part for year, part in by_year(dataset.kind, rows).items() if year == 2024)
    with pytest.raises(ContractError, match=re.escape(said)):
        arranged(table_of("clean", dataset.kind), dataset, 2024, part[:1])


def test_the_views_show_both_and_are_empty_before(tmp_path: Path) -> None:
    lake = MarketLake(str(tmp_path))
    with duckdb.connect() as connection:
        lake.views(connection)
        for view, contract in (("trades", TRADES), ("quotes", QUOTES)):
            told = [row[0] for row in connection.sql(f"describe {view}").fetchall()]
            assert told == ["universe", *contract.columns]
            assert connection.sql(f"select count(*) from {view}").fetchone() == (0,)
        for dataset, rows in BOTH:
            write(lake, dataset, rows)
        told = connection.sql("select sum(price * size), max(timestamp), any_value(universe) from trades")
        assert told.fetchone() == ((TRADED["price"] * TRADED["size"]).sum(), LATE + 3 * STEP, "coins")
        assert connection.sql("select count(*), count(bid) from quotes").fetchone() == (3, 2)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(4)), st.integers(0, 4))
def test_the_order_in_which_trades_come_makes_no_difference(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cut: int
) -> None:
    lake = MarketLake(str(tmp_path_factory.mktemp("lake")))
    for part in (order[:cut], order[cut:]):
        if part:
            write(lake, TRADES_OF, TRADED[part])
    assert_frame_equal(lake.read("clean", TRADES_OF), TRADED.sort("timestamp"))


def test_the_guides_example_runs(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs/guides/market-lake.md").read_text(encoding="utf-8")
    (example,) = (e for e in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "TRADES" in e)
    mine = TRADED.with_columns(provider=pl.lit("mine")).to_dicts()
    exec(compile(example.replace('"data/lake"', repr(str(tmp_path))), "guide", "exec"), {"rows": mine})
    assert MarketLake(str(tmp_path)).read(
        "clean", DatasetId("mine", "trades", "coins", "tick")
    ).height == len(mine)
