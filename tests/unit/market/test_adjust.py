"""Adjusted prices against cases worked by hand, against the return they stand for, and DuckDB's against polars'."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.support.market_rows import bars, dividend, midnight, split, weekdays
from transforms.market.adjust import ADJUSTED, FACTORS, SERIES_KEY, adjusted, factors
from transforms.market.adjust_sql import adjusted_sql, factors_sql
from transforms.schemas.market import CORPORATE_ACTION

DAYS = weekdays(6)
# A share of 100 pays 2 on the third day and splits two for one on the fifth.
RAW = [100.0, 104.0, 102.0, 103.0, 53.0, 52.0]
ACTIONS = pl.concat([dividend(DAYS[2], 2.0), split(DAYS[4], 2.0)])


def both(
    frame: pl.DataFrame, actions: pl.DataFrame, assume: str = "unknown"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Factors and adjusted bars by polars, after holding DuckDB's against them."""
    table = factors(frame, actions, assume)  # type: ignore[arg-type]
    result = adjusted(frame, table, assume)  # type: ignore[arg-type]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("bars", frame.with_row_index("place").to_arrow())
        connection.register("corporate_action", actions.to_arrow())
        connection.execute(f"create table adjustment_factor as {factors_sql(assume=assume)}")  # type: ignore[arg-type]
        sql_factors = connection.sql(
            f"from adjustment_factor order by {', '.join(SERIES_KEY)}, from_date"
        ).pl()
        query = adjusted_sql(assume=assume)  # type: ignore[arg-type]
        sql_bars = connection.sql(f"select * exclude (place) from ({query}) order by place").pl()
    assert_frame_equal(sql_factors, table, rel_tol=1e-12, abs_tol=0)
    assert_frame_equal(sql_bars.select(ADJUSTED), result.select(ADJUSTED), rel_tol=1e-12, abs_tol=0)
    assert table.schema == FACTORS
    assert result.columns == [*frame.columns, *ADJUSTED]
    assert result.select(frame.columns).equals(frame)
    return table, result


def test_a_dividend_and_a_split_by_hand() -> None:
    table, result = both(bars(RAW, DAYS), ACTIONS)
    # Half the price before the split; and before the dividend what 102 was of 104, the price with the right.
    assert table.select("from_date", "to_date", "split_factor", "dividend_factor").rows() == [
        (DAYS[0], DAYS[1], 0.5, pytest.approx(102 / 104)),
        (DAYS[2], DAYS[4] - timedelta(days=1), 0.5, 1.0),
        (DAYS[4], None, 1.0, 1.0),
    ]
    assert result["raw_close"].to_list() == RAW
    assert result["split_close"].to_list() == [50.0, 52.0, 51.0, 51.5, 53.0, 52.0]
    assert result["split_high"].to_list() == [50.5, 52.5, 51.5, 52.0, 54.0, 53.0]
    assert result["split_volume"].to_list() == [2000.0] * 4 + [1000.0] * 2
    assert result["total_return_close"].to_list() == pytest.approx(
        [50 * 102 / 104, 52 * 102 / 104, 51.0, 51.5, 53.0, 52.0]
    )


def test_prices_that_the_vendor_adjusted_for_splits_come_to_the_same() -> None:
    told = [50.0, 52.0, 51.0, 51.5, 53.0, 52.0]
    _, raw = both(bars(RAW, DAYS), ACTIONS)
    _, result = both(bars(told, DAYS, adjustment="splits", volume=[2000.0] * 4 + [1000.0] * 2), ACTIONS)
    for column in ("raw_close", "split_close", "split_volume", "total_return_close"):
        assert result[column].to_list() == pytest.approx(raw[column].to_list(), rel=1e-15), column


def test_prices_that_are_adjusted_for_everything_give_their_returns_alone() -> None:
    _, result = both(bars(RAW, DAYS, adjustment="splits_dividends"), ACTIONS)
    assert result["total_return_close"].to_list() == RAW
    assert result["split_close"].null_count() == 6
    assert result["raw_close"].null_count() == 6


def test_prices_of_unknown_adjustment_are_withheld_unless_one_is_assumed() -> None:
    frame = bars(RAW, DAYS, adjustment="unknown")
    _, withheld = both(frame, ACTIONS)
    for column in ("raw_close", "split_close", "total_return_close", "split_volume"):
        assert withheld[column].null_count() == 6, column
    _, assumed = both(frame, ACTIONS, "raw")
    _, raw = both(bars(RAW, DAYS), ACTIONS)
    assert assumed.select(ADJUSTED).equals(raw.select(ADJUSTED))


def test_a_series_without_actions_is_what_it_was() -> None:
    table, result = both(bars(RAW, DAYS), CORPORATE_ACTION.empty())
    assert table.rows() == [("massive", "XNAS:AAA", "1d", DAYS[0], None, 1.0, 1.0)]
    for column in ("raw_close", "split_close", "total_return_close"):
        assert result[column].to_list() == RAW


def test_actions_before_the_first_and_after_the_last_bar_change_nothing() -> None:
    outside = pl.concat(
        [split(DAYS[0], 3.0), dividend(DAYS[0] - timedelta(days=9), 9.0), split(DAYS[5] + timedelta(days=1), 7.0),
         dividend(DAYS[5] + timedelta(days=1), 1.0)]
    )  # fmt: skip
    table, result = both(bars(RAW, DAYS), outside)
    assert table.height == 1
    assert result["total_return_close"].to_list() == RAW


def test_actions_on_days_without_a_bar_take_effect_on_the_next() -> None:
    """Saturday's split and Sunday's dividend of 1 for a new share; Monday closes at 49: 100 → (49 + 1) × 2."""
    friday, monday = weekdays(2, date(2026, 1, 9))
    actions = pl.concat([split(friday + timedelta(days=1), 2.0), dividend(friday + timedelta(days=2), 1.0)])
    _, result = both(bars([100.0, 49.0], [friday, monday]), actions)
    first, last = result["total_return_close"]
    assert last / first - 1 == pytest.approx((49 + 1) * 2 / 100 - 1)
    swapped = pl.concat([dividend(friday + timedelta(days=1), 2.0), split(friday + timedelta(days=2), 2.0)])
    _, other = both(bars([100.0, 49.0], [friday, monday]), swapped)
    assert other["total_return_close"].to_list() == pytest.approx([first, last])


def test_two_dividends_of_one_day_add_up() -> None:
    frame, special = bars([100.0, 95.0], DAYS[:2]), dividend(DAYS[1], 3.0)
    twice = pl.concat([dividend(DAYS[1], 2.0), special])
    _, result = both(frame, twice)
    first, last = result["total_return_close"]
    assert last / first - 1 == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("action", "lost"),
    [
        (dividend(DAYS[3], 2.0, currency="EUR"), "total_return_close"),
        (dividend(DAYS[3], None), "total_return_close"),  # type: ignore[arg-type]
        (dividend(DAYS[3], -2.0), "total_return_close"),
        (split(DAYS[3], 0.0), "split_close"),
        (split(DAYS[3], None), "split_close"),  # type: ignore[arg-type]
    ],
)
def test_an_action_that_cannot_be_applied_withholds_what_it_would_change(
    action: pl.DataFrame, lost: str
) -> None:
    _, result = both(bars(RAW, DAYS), pl.concat([action, dividend(DAYS[1], 1.0)]))
    assert result[lost].is_null().to_list() == [True] * 3 + [False] * 3
    assert result["raw_close"].to_list() == RAW


def test_a_split_without_a_ratio_withholds_the_dividends_before_it_too() -> None:
    _, result = both(bars(RAW, DAYS), pl.concat([dividend(DAYS[1], 1.0), split(DAYS[3], None)]))  # type: ignore[arg-type]
    assert result["total_return_close"].is_null().to_list() == [True] * 3 + [False] * 3


def test_a_dividend_without_a_currency_is_in_that_of_the_bars() -> None:
    _, result = both(bars(RAW, DAYS), dividend(DAYS[3], 2.0, currency=None))
    assert result["total_return_close"].null_count() == 0


def test_actions_that_two_providers_tell_are_applied_once() -> None:
    twice = pl.concat(
        [
            ACTIONS,
            ACTIONS.with_columns(provider=pl.lit("yahoo"), ex_date=pl.col("ex_date").dt.offset_by("1d")),
        ]
    )
    _, alone = both(bars(RAW, DAYS), ACTIONS)
    _, result = both(bars(RAW, DAYS), twice)
    assert result.equals(alone)
    other = bars(RAW, DAYS, provider="stooq")
    _, foreign = both(other, twice)
    assert foreign.select(ADJUSTED).equals(alone.select(ADJUSTED))


def test_the_bars_own_provider_is_believed_before_others() -> None:
    told = pl.concat([split(DAYS[4], 2.0), split(DAYS[4], 4.0, provider="yahoo")])
    _, own = both(bars(RAW, DAYS, provider="yahoo"), told)
    assert own["split_factor"].to_list() == [0.25] * 4 + [1.0] * 2
    _, foreign = both(bars(RAW, DAYS, provider="stooq"), told)
    assert foreign["split_factor"].to_list() == [0.5] * 4 + [1.0] * 2


def test_series_are_adjusted_each_by_its_own_actions() -> None:
    frame = pl.concat([bars(RAW, DAYS), bars(RAW, DAYS, symbol="BBB")])
    _, result = both(frame, pl.concat([ACTIONS, split(DAYS[1], 10.0, "BBB")]))
    _, alone = both(bars(RAW, DAYS), ACTIONS)
    assert result.filter(pl.col("symbol") == "AAA").equals(alone)
    assert result.filter(pl.col("symbol") == "BBB")["split_close"].to_list() == [10.0, *RAW[1:]]


def test_hours_are_adjusted_by_the_close_of_the_ex_date() -> None:
    times = [midnight(day) + timedelta(hours=hour) for day in DAYS[:2] for hour in (14, 15)]
    frame = bars([100.0, 101.0, 97.0, 98.0], [DAYS[0]] * 2 + [DAYS[1]] * 2, timestamp=times, frequency="1h")
    _, result = both(frame, dividend(DAYS[1], 2.0))
    assert result["total_return_close"].to_list() == pytest.approx([98.0, 101 * 0.98, 97.0, 98.0])


def test_the_order_of_rows_is_kept() -> None:
    frame = bars(RAW, DAYS)[::-1]
    _, result = both(frame, ACTIONS)
    assert result["raw_close"].to_list() == RAW[::-1]


@pytest.mark.parametrize("name", ["bars; drop table x", "a b", "", "'bars'"])
def test_only_plain_names_come_into_the_sql(name: str) -> None:
    with pytest.raises(ValueError, match="no plain name"):
        factors_sql(name)
    with pytest.raises(ValueError, match="no plain name"):
        adjusted_sql(factors=name)
