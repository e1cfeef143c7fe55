"""Bars of the synthetic market as properties: prices inside their range, hours and minutes that add up, splits."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.market_simulator import bars as made
from transforms.market_simulator.bars import Bar
from transforms.market_simulator.listings import LISTINGS, Listing
from transforms.market_simulator.market import Market
from transforms.market_simulator.prices import Prices, prices

LISTED = sorted(LISTINGS)


@cache
def days(seed: int, symbol: str) -> list[Bar]:
    return made.daily(prices(seed, 2026), LISTINGS[symbol])


def is_consistent(bar: Bar) -> bool:
    return 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


@pytest.mark.parametrize("seed", [1, 7])
def test_every_bar_is_consistent_and_sessions_follow_each_other(seed: int) -> None:
    for symbol, listing in LISTINGS.items():
        told = days(seed, symbol)
        assert all(is_consistent(bar) and bar.low <= bar.typical <= bar.high for bar in told), symbol
        assert all(bar.volume > 0 and bar.trades > 0 for bar in told) is bool(listing.turnover), symbol
        assert all(before.end <= after.start for before, after in pairwise(told)), symbol
        assert all(listing.calendar.is_session(bar.day) for bar in told), symbol
        assert listing.first <= told[0].day <= told[-1].day <= (listing.last or date.max)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(LISTED), st.integers(0, 10_000))
def test_hours_make_the_day_and_minutes_the_hours(symbol: str, place: int) -> None:
    listing, market = LISTINGS[symbol], prices(7, 2026)
    told = days(7, symbol)
    bar = told[place % len(told)]
    hours, minutes = made.hours(market, listing, bar), made.minutes(market, listing, bar)
    assert made.together(hours) == bar == made.together(minutes)
    assert all(map(is_consistent, [*hours, *minutes]))
    for hour in hours:
        assert made.together(m for m in minutes if hour.start <= m.start < hour.end) == hour
    assert len(minutes) == listing.calendar.minutes(bar.day)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["SPY", "RHN", "BTCUSDT"]), st.integers(0, 23 * 60), st.integers(0, 40))
def test_a_session_that_runs_is_part_of_the_day_that_it_becomes(symbol: str, minute: int, back: int) -> None:
    listing = LISTINGS[symbol]
    now = datetime(2026, 11, 20, tzinfo=UTC) - timedelta(back) + timedelta(minutes=minute)
    open_now = Market(7, now, True).running(listing)
    final = {bar.day: bar for bar in days(7, symbol)}
    if open_now is None:
        assert not any(bar.start + timedelta(minutes=1) <= now < bar.end for bar in final.values())
        return
    day = final[open_now.day]
    assert day.start <= now < day.end
    assert is_consistent(open_now)
    assert (open_now.open, open_now.volume <= day.volume) == (day.open, True)
    assert day.low <= open_now.low <= open_now.high <= day.high


def test_a_longer_market_begins_like_a_shorter_one() -> None:
    for symbol, listing in LISTINGS.items():
        shorter, longer = (made.daily(prices(7, year), listing) for year in (2025, 2027))
        assert longer[: len(shorter)] == shorter, symbol


def test_splits_scale_what_lies_before_them() -> None:
    """Adjusted, the returns over a split are those of the market; unadjusted, the split is in them."""
    for symbol in ("NWD", "ORBT", "HALV"):
        listing, told = LISTINGS[symbol], days(7, symbol)
        (split,) = listing.splits
        place = next(n for n, bar in enumerate(told) if bar.day == split.ex_date)
        market = Market(7, datetime(2026, 11, 20, tzinfo=UTC), True)
        raw = told[place].close / told[place - 1].close
        before, after = (market.adjusted(listing, bar) for bar in told[place - 1 : place + 1])
        assert raw * split.new / split.old == pytest.approx(after.close / before.close, rel=1e-3)
        assert abs(after.close / before.close - 1) < 0.1
        assert (after.close, after.volume) == (told[place].close * 100, told[place].volume)
        assert before.volume == told[place - 1].volume * split.new // split.old
        early = Market(7, datetime(2023, 6, 1, tzinfo=UTC), True)
        assert early.adjusted(listing, told[0]).close == told[0].close * 100


def correlation(of: Listing, to: Listing, market: Prices) -> float:
    """Pearson's correlation of the daily returns of two listings on their common sessions."""
    closes = market.closes(of), market.closes(to)
    common = sorted(set(closes[0]) & set(closes[1]))
    returns = [[each[b] / each[a] - 1 for a, b in pairwise(common)] for each in closes]
    means = [sum(row) / len(row) for row in returns]
    spread = [sum((x - mean) ** 2 for x in row) for row, mean in zip(returns, means, strict=True)]
    both = sum((x - means[0]) * (y - means[1]) for x, y in zip(*returns, strict=True))
    return float(both / (spread[0] * spread[1]) ** 0.5)


def test_the_market_moves_together_and_the_benchmarks_follow_the_brokers_funds() -> None:
    market = prices(7, 2026)
    for of, to, least in (
        ("SPY", "VWTI", 0.95),
        ("VWCE", "EUWX", 0.95),
        ("MSFT", "SPY", 0.5),
        ("ETHUSDT", "BTCUSDT", 0.7),
    ):
        assert correlation(LISTINGS[of], LISTINGS[to], market) > least, (of, to)
    assert abs(correlation(LISTINGS["THMS"], LISTINGS["SPY"], market)) < 0.15
