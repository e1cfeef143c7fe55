"""What holds of every feature of bars in the registry: no look-ahead, no other symbol, a part as the whole."""

from datetime import timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.support.feature_rows import adjust, walk
from tests.support.market_rows import dividend, split
from transforms.features.bars import EVERY_DAY, FEATURES, RECURSIVE, WEEKDAYS, compute, lookback
from transforms.schemas.market import BARS

SESSIONS = 2 * lookback(WEEKDAYS)
BENCHMARK = "XNAS:SPY"
SEEDS = st.integers(0, 10_000)
CUTS = st.integers(lookback(WEEKDAYS) + 1, SESSIONS - 2)
"""How many sessions are of the past: enough for every window."""
HOLES = st.lists(st.integers(0, SESSIONS - 1), max_size=3)


def market(seed: int, holes: list[int] | None = None) -> pl.DataFrame:
    """Two symbols; the first lacks the prices of some sessions."""
    own = walk(SESSIONS, seed)
    missing = pl.int_range(pl.len()).is_in(holes or [])
    prices = [name for name in own.columns if own[name].dtype == pl.Float64]
    own = own.with_columns(pl.when(~missing).then(name).alias(name) for name in prices)
    return pl.concat([own, walk(SESSIONS, seed + 1, "SPY")])


def features(bars: pl.DataFrame, **more: object) -> pl.DataFrame:
    return compute(bars, benchmark=BENCHMARK, **more)  # type: ignore[arg-type]


def same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    """Equal but for rounding, and missing in the same places."""
    assert found.height > 0
    assert_frame_equal(found, expected, rel_tol=1e-8, abs_tol=1e-11)


@given(SEEDS, CUTS, HOLES, st.sampled_from(["removed", "changed", "scaled", "moved", "missing"]))
@settings(max_examples=25, deadline=None)
def test_the_future_changes_nothing_of_the_past(seed: int, cut: int, holes: list[int], change: str) -> None:
    bars = market(seed, holes)
    day = bars["session_date"].unique().sort()[cut]
    future = pl.col("session_date") >= day
    numbers = [name for name in bars.columns if bars[name].dtype == pl.Float64]
    chance = pl.Series("chance", np.random.default_rng(seed).uniform(0.1, 10, bars.height))
    instead: dict[str, dict[str, pl.Expr]] = {
        "removed": {},
        "changed": {name: pl.col(name) * chance for name in numbers},
        "scaled": {name: pl.col(name) * 1000 for name in numbers},
        "moved": {"session_date": pl.col("session_date") + timedelta(days=1)},
        "missing": {name: pl.lit(None, pl.Float64) for name in numbers},
    }
    later = bars.with_columns(
        pl.when(future).then(new).otherwise(name).alias(name) for name, new in instead[change].items()
    )
    if change == "removed":
        later = bars.filter(~future)

    past = features(bars).filter(~future)

    assert features(later).filter(pl.col("session_date") < day).equals(past)
    if not holes:
        rows = past.filter(pl.col("instrument_id") != BENCHMARK)
        assert not [name for name in FEATURES if rows[name][-1] is None]


@given(SEEDS, CUTS, st.floats(0.05, 20), st.floats(0, 5))
@settings(max_examples=15, deadline=None)
def test_a_later_split_or_dividend_changes_nothing_of_the_past(
    seed: int, cut: int, ratio: float, amount: float
) -> None:
    bars = market(seed).select(BARS.columns)
    day = bars["session_date"].unique().sort()[cut]
    actions = pl.concat([split(day, ratio), dividend(day + timedelta(days=1), amount)])
    past = pl.col("session_date") < day
    same(features(adjust(bars, actions)).filter(past), features(adjust(bars)).filter(past))


@given(SEEDS, HOLES)
@settings(max_examples=10, deadline=None)
def test_order_and_other_symbols_change_nothing(seed: int, holes: list[int]) -> None:
    bars = market(seed, holes)
    wild = walk(SESSIONS, seed + 2, "AAB").with_columns(pl.col("split_close", "total_return_close") * 1e9)
    more = pl.concat([bars, wild]).sample(fraction=1, shuffle=True, seed=seed)
    found = features(more).filter(pl.col("symbol") != "AAB")
    assert found.equals(features(bars))


@given(SEEDS, CUTS, HOLES, st.booleans(), st.integers(1, SESSIONS), st.floats(0.1, 10))
@settings(max_examples=25, deadline=None)
def test_the_last_sessions_give_what_all_of_them_give(
    seed: int, cut: int, holes: list[int], every_day: bool, split_at: int, ratio: float
) -> None:
    """A part: the sessions from `cut` on, with so many before them as the longest window takes; of the benchmark those
    of the same days.
    """
    bars = market(seed, holes).select(BARS.columns)
    days = bars["session_date"].unique().sort()
    actions = split(days[min(split_at, SESSIONS - 1)], ratio)
    daily = ["XNAS:AAA", BENCHMARK] if every_day else []
    bars = bars.filter(pl.all_horizontal(pl.col("open", "high", "low", "close").is_not_null()))
    whole = features(adjust(bars, actions), every_day=daily)
    reach = lookback(EVERY_DAY if every_day else WEEKDAYS)
    sessions = bars.with_columns(
        left=pl.col("session_date").rank("ordinal").over("instrument_id").cast(pl.Int64)
        - (pl.col("session_date") < days[cut]).sum().over("instrument_id")
    )
    reached = sessions.filter(pl.col("left") > -reach)["session_date"].min()
    needed = (pl.col("left") > -reach) | (
        (pl.col("instrument_id") == BENCHMARK) & (pl.col("session_date") >= reached)
    )
    part = adjust(sessions.filter(needed).drop("left"), actions)
    known = whole.filter(pl.col("session_date") < days[cut]).select(
        "instrument_id", "session_date", *RECURSIVE
    )

    found = features(part, every_day=daily, before=known)

    new = pl.col("session_date") >= days[cut]
    same(found.filter(new), whole.filter(new))


@given(SEEDS, CUTS, HOLES)
@settings(max_examples=15, deadline=None)
def test_a_missing_price_before_the_part_is_passed_over(seed: int, cut: int, holes: list[int]) -> None:
    bars = market(seed, [*holes, cut - 1])
    days = bars["session_date"].unique().sort()
    whole = features(bars)
    part = bars.filter(pl.col("session_date") >= days[cut - lookback(WEEKDAYS)])
    known = whole.filter(pl.col("session_date") < days[cut])
    new = pl.col("session_date") >= days[cut]
    same(features(part, before=known).filter(new), whole.filter(new))
