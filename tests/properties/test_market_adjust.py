"""A total-return close earns what holding the share earned, whatever splits and dividends there were."""

from datetime import date, timedelta
from itertools import pairwise

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.support.market_rows import bars, dividend, split, weekdays
from transforms.market.adjust import ADJUSTED, SERIES_KEY, adjusted, factors
from transforms.market.adjust_sql import adjusted_sql, factors_sql
from transforms.schemas.market import CORPORATE_ACTION

DAYS = weekdays(12)
RATIOS = [2.0, 3.0, 0.1, 1.5, 7.0]

Actions = dict[tuple[date, str], float]


@st.composite
def lives(draw: st.DrawFn) -> tuple[dict[date, float], Actions]:
    """Closes as traded on some weekdays, and actions on any day about them."""
    days = draw(st.lists(st.sampled_from(DAYS), min_size=2, max_size=12, unique=True).map(sorted))
    closes = {day: draw(st.integers(500, 20_000)) / 100 for day in days}
    span = [DAYS[0] + timedelta(days=n) for n in range(-2, 20)]
    found: Actions = {}
    for day in draw(st.lists(st.sampled_from(span), max_size=6)):
        kind = draw(st.sampled_from(["split", "dividend"]))
        size = st.sampled_from(RATIOS) if kind == "split" else st.integers(0, 400).map(lambda n: n / 100)
        found[day, kind] = draw(size)
    return closes, found


def table(actions: Actions) -> pl.DataFrame:
    made = [split(day, v) if kind == "split" else dividend(day, v) for (day, kind), v in actions.items()]
    return pl.concat([CORPORATE_ACTION.empty(), *made])


def held(closes: dict[date, float], actions: Actions) -> list[float]:
    """The return from each close to the next of one who holds the share, counted share by share and day by day."""
    days = sorted(closes)
    returns = []
    for before, after in pairwise(days):
        shares, cash_per_share_now = 1.0, 0.0
        for n in range(1, (after - before).days + 1):
            day = before + timedelta(days=n)
            ratio = actions.get((day, "split"), 1.0)
            shares *= ratio
            cash_per_share_now = cash_per_share_now / ratio + actions.get((day, "dividend"), 0.0)
        returns.append(shares * (closes[after] + cash_per_share_now) / closes[before] - 1)
    return returns


@given(lives(), st.sampled_from(["raw", "splits"]))
@settings(max_examples=100, deadline=None)
def test_the_total_return_is_what_holding_the_share_earned(
    life: tuple[dict[date, float], Actions], told: str
) -> None:
    closes, actions = life
    days = sorted(closes)
    traded = [closes[day] for day in days]
    if told == "splits":
        later = [
            [ratio for (day, kind), ratio in actions.items() if kind == "split" and start < day <= days[-1]]
            for start in days
        ]
        traded = [close / _product(ratios) for close, ratios in zip(traded, later, strict=True)]
    frame = bars(traded, days, adjustment=told)
    result = adjusted(frame, factors(frame, table(actions)))
    levels = result["total_return_close"].to_list()
    returns = [after / before - 1 for before, after in pairwise(levels)]
    assert returns == pytest.approx(held(closes, actions), rel=1e-9, abs=1e-9)
    assert result["raw_close"].to_list() == pytest.approx([closes[day] for day in days], rel=1e-9)
    assert levels[-1] == pytest.approx(traded[-1])


def _product(ratios: list[float]) -> float:
    product = 1.0
    for ratio in ratios:
        product *= ratio
    return product


@given(st.lists(lives(), min_size=1, max_size=3), st.sampled_from(["raw", "splits", "unknown"]))
@settings(max_examples=40, deadline=None)
def test_duckdb_gives_what_polars_gives(each: list[tuple[dict[date, float], Actions]], told: str) -> None:
    frame = pl.concat(
        bars([closes[day] for day in sorted(closes)], sorted(closes), symbol=f"S{n}", adjustment=told)
        for n, (closes, _) in enumerate(each)
    )
    actions = pl.concat(
        table(found).with_columns(symbol=pl.lit(f"S{n}"), instrument_id=pl.lit(f"XNAS:S{n}"))
        for n, (_, found) in enumerate(each)
    )
    mine = factors(frame, actions)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("bars", frame.to_arrow())
        connection.register("corporate_action", actions.to_arrow())
        connection.execute(f"create view adjustment_factor as {factors_sql()}")
        theirs = connection.sql(f"from adjustment_factor order by {', '.join(SERIES_KEY)}, from_date").pl()
        rows = connection.sql(f"from ({adjusted_sql()}) order by symbol, timestamp").pl()
    assert_frame_equal(theirs, mine, rel_tol=1e-12, abs_tol=0)
    assert_frame_equal(
        rows.select(ADJUSTED), adjusted(frame, mine).select(ADJUSTED), rel_tol=1e-12, abs_tol=0
    )
