"""The lake against a dictionary: whatever is written in whatever order, it reads what the dictionary holds."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from orchestration.resources.market_lake import MarketLake, by_year
from orchestration.resources.market_lake.tables import arranged, table_of
from tests.support.lake_rows import BARS_OF, bars
from transforms.schemas.contract import ContractError
from transforms.schemas.market import BARS

SYMBOLS = ("0700", "A", "BRK.B", "null", "ÅB", "01")
DAYS = tuple(date(2023, 12, 28) + timedelta(days=n) for n in range(8))
KEYS = st.tuples(st.sampled_from(SYMBOLS), st.sampled_from(DAYS))
PRICES = st.floats(0.01, 1e6, allow_nan=False, width=64)
WRITES = st.lists(st.dictionaries(KEYS, PRICES, max_size=8), max_size=5)
ONE = bars(SYMBOLS, DAYS)


def rows_of(closes: dict[tuple[str, date], float]) -> pl.DataFrame:
    """The bars with these closes."""
    wanted = pl.DataFrame(
        [(symbol, day, close) for (symbol, day), close in closes.items()],
        schema={"symbol": pl.String, "session_date": pl.Date, "price": pl.Float64},
        orient="row",
    )
    joined = ONE.join(wanted, on=["symbol", "session_date"]).with_columns(close=pl.col("price"))
    return joined.select(BARS.columns)


def in_order(closes: dict[tuple[str, date], float]) -> list[tuple[str, date, float]]:
    return [(symbol, day, closes[symbol, day]) for symbol, day in sorted(closes)]


def told(frame: pl.DataFrame) -> list[tuple[str, date, float]]:
    return list(frame.select("symbol", "session_date", "close").iter_rows())


@settings(max_examples=40, deadline=None)
@given(writes=WRITES, symbols=st.sets(st.sampled_from(SYMBOLS)), years=st.sets(st.sampled_from((2023, 2024))))
def test_it_reads_what_was_written(
    writes: list[dict[tuple[str, date], float]], symbols: set[str], years: set[int]
) -> None:
    model: dict[tuple[str, date], float] = {}
    with TemporaryDirectory() as folder:
        lake = MarketLake(folder)
        for write in writes:
            model |= write
            for year, rows in by_year("bars", rows_of(write)).items():
                changed = lake.update(
                    "clean", BARS_OF, year, lambda stored, rows=rows: upserted(stored, rows)
                )
                again = lake.update("clean", BARS_OF, year, lambda stored, rows=rows: upserted(stored, rows))
                assert not again
                assert isinstance(changed, bool)
        assert told(lake.read("clean", BARS_OF)) == in_order(model)
        chosen = {k: v for k, v in model.items() if k[0] in symbols and k[1].year in years}
        assert told(lake.read("clean", BARS_OF, years=years, symbols=symbols)) == in_order(chosen)
        facts = lake.facts("clean", BARS_OF)
        assert facts.rows == len(model)
        assert facts.symbols == tuple(sorted({symbol for symbol, _ in model}))
        days = [day for _, day in model]
        assert (facts.first and facts.first.date()) == min(days, default=None)  # type: ignore[union-attr]
        assert (facts.last and facts.last.date()) == max(days, default=None)  # type: ignore[union-attr]


def upserted(stored: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([stored.join(rows, on=["symbol", "timestamp"], how="anti"), rows])


@settings(max_examples=25, deadline=None)
@given(closes=st.dictionaries(KEYS, PRICES, min_size=1, max_size=20), seed=st.integers(0, 99))
def test_the_order_of_the_rows_changes_no_byte(closes: dict[tuple[str, date], float], seed: int) -> None:
    rows = rows_of(closes)
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        for folder, frame in ((one, rows), (two, rows.sample(fraction=1, shuffle=True, seed=seed))):
            for year, part in by_year("bars", frame).items():
                MarketLake(folder).update("clean", BARS_OF, year, lambda _, part=part: part)
        assert files(one) == files(two)


def files(folder: str) -> dict[str, bytes]:
    parts: Iterable[Path] = Path(folder).rglob("*.parquet")
    return {str(path.relative_to(folder)): path.read_bytes() for path in parts}


NULLED = st.sampled_from(BARS.columns)


@settings(max_examples=60, deadline=None)
@given(
    column=NULLED,
    row=st.integers(0, 4),
    doubled=st.booleans(),
    word=st.sampled_from((None, "raw", "shares", "x")),
)
def test_the_quick_check_is_as_strict_as_the_contract(
    column: str, row: int, doubled: bool, word: str | None
) -> None:
    """A value that is emptied or replaced, or a row that is there twice: both find it, or neither does."""
    whole = ONE.filter(pl.col("session_date").dt.year() == 2024).head(5)
    value = word if whole.schema[column] == pl.String else None
    at = pl.int_range(pl.len()) == row
    changed = whole.with_columns(
        pl.when(at).then(pl.lit(value, whole.schema[column])).otherwise(column).alias(column)
    )
    frame = pl.concat([changed, changed.slice(row, 1)]) if doubled else changed
    try:
        BARS.validate(frame)
    except ContractError:
        with pytest.raises(ContractError):
            arranged(table_of("clean", "bars"), BARS_OF, 2024, frame)
        return
    if column in ("provider", "frequency"):  # the contract knows no dataset
        return
    assert_frame_equal(
        arranged(table_of("clean", "bars"), BARS_OF, 2024, frame),
        frame.sort("symbol", "instrument_id", "timestamp"),
    )
