"""Each feature of bars against numpy written from its formula, against pandas, and in cases computed by hand."""

import math
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pytest

from orchestration.features_guide import GUIDE, with_table
from tests.support.feature_rows import adjust, given, walk
from tests.support.market_rows import bars, dividend, split, weekdays
from transforms.features.bars import EVERY_DAY, FEATURES, NAMING, WEEKDAYS, compute, compute_in_parts
from transforms.schemas.bar_features import BAR_FEATURES

SESSIONS = 330
Series = dict[str, np.ndarray]
Oracle = Callable[[Series, int], float]
"""The value of a session (its number in the arrays) from the arrays of bars; IndexError where there are too few."""


def test_the_registry_is_the_contract() -> None:
    computed = compute(walk(300))
    assert computed.columns == list(BAR_FEATURES.columns) == [*NAMING, *FEATURES]
    BAR_FEATURES.validate(computed)
    for feature in FEATURES.values():
        for calendar in (WEEKDAYS, EVERY_DAY):
            assert 0 < feature.observations(calendar) <= feature.window.length(calendar)


def test_the_page_is_written_from_the_registry() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert with_table(text) == text, "run `make guide`"
    with pytest.raises(ValueError, match=r"features\.md has no place"):
        with_table("# Features")


def _last(values: np.ndarray, at: int, count: int) -> np.ndarray:
    if at + 1 < count:
        raise IndexError(at)
    return values[at + 1 - count : at + 1]


def _returns(s: Series, at: int, count: int, name: str = "close") -> np.ndarray:
    closes = _last(s[name], at, count + 1)
    return closes[1:] / closes[:-1] - 1


def _momentum(months: int, skipped: int) -> Oracle:
    def oracle(s: Series, at: int) -> float:
        path = _last(s["close"], at, months * 21 + 1)
        return path[len(path) - 1 - skipped * 21] / path[0] - 1

    return oracle


def _volatility(count: int) -> Oracle:
    return lambda s, at: np.std(_returns(s, at, count), ddof=1) * math.sqrt(252)


def _sma(count: int) -> Oracle:
    return lambda s, at: math.fsum(_last(s["close"], at, count)) / count


def _ema(span: int) -> Oracle:
    def oracle(s: Series, at: int) -> float:
        if at + 1 < span:
            raise IndexError(at)
        level = math.fsum(s["close"][:span]) / span
        for price in s["close"][span : at + 1]:
            level = (price * 2 + level * (span - 1)) / (span + 1)
        return level

    return oracle


def _score(name: str, count: int) -> Oracle:
    def oracle(s: Series, at: int) -> float:
        values = _last(s[name], at, count)
        return (values[-1] - values.mean()) / values.std(ddof=1)

    return oracle


def _return_score(s: Series, at: int) -> float:
    logs = np.diff(np.log(_last(s["close"], at, 254)))
    return (logs[-1] - logs[:-1].mean()) / logs[:-1].std(ddof=1)


def _parkinson(count: int) -> Oracle:
    def oracle(s: Series, at: int) -> float:
        squares = np.log(_last(s["high"], at, count) / _last(s["low"], at, count)) ** 2
        return math.sqrt(252 * squares.sum() / (4 * count * math.log(2)))

    return oracle


def _garman_klass(count: int) -> Oracle:
    def oracle(s: Series, at: int) -> float:
        o, h, lo, c = (_last(s[name], at, count) for name in ("open", "high", "low", "close"))
        terms = np.log(h / lo) ** 2 / 2 - (2 * math.log(2) - 1) * np.log(c / o) ** 2
        return math.sqrt(252 * terms.mean())

    return oracle


def _satchell(s: Series, at: int, count: int) -> float:
    o, h, lo, c = (_last(s[name], at, count) for name in ("open", "high", "low", "close"))
    return float(np.mean(np.log(h / c) * np.log(h / o) + np.log(lo / c) * np.log(lo / o)))


def _yang_zhang(count: int) -> Oracle:
    def oracle(s: Series, at: int) -> float:
        closes = _last(s["close"], at, count + 1)
        opens = _last(s["open"], at, count)
        night = np.var(np.log(opens / closes[:-1]), ddof=1)
        day = np.var(np.log(closes[1:] / opens), ddof=1)
        k = 0.34 / (1.34 + (count + 1) / (count - 1))
        return math.sqrt(252 * (night + k * day + (1 - k) * _satchell(s, at, count)))

    return oracle


def _atr(s: Series, at: int) -> float:
    if at < 14:
        raise IndexError(at)
    ranges = [
        max(s["high"][n], s["close"][n - 1]) - min(s["low"][n], s["close"][n - 1]) for n in range(1, at + 1)
    ]
    level = sum(ranges[:14]) / 14
    for one in ranges[14:]:
        level = (level * 13 + one) / 14
    return float(level)


def _beta(count: int) -> Oracle:
    def oracle(s: Series, at: int) -> float:
        own, other = _returns(s, at, count), _returns(s, at, count, "benchmark")
        return float(np.polyfit(other, own, 1)[0])

    return oracle


def _correlation(count: int) -> Oracle:
    return lambda s, at: np.corrcoef(_returns(s, at, count), _returns(s, at, count, "benchmark"))[0, 1]


def _amihud(s: Series, at: int) -> float:
    if at < 201:
        raise IndexError(at)
    first = max(1, at - 251)
    parts = [
        abs(s["close"][n] / s["close"][n - 1] - 1) / (s["close"][n] * s["volume"][n])
        for n in range(first, at + 1)
    ]
    return math.fsum(parts) / len(parts) * 1e6


ORACLES: dict[str, Oracle] = {
    "simple_return": lambda s, at: float(_returns(s, at, 1)[0]),
    "log_return": lambda s, at: math.log(s["close"][at]) - math.log(_last(s["close"], at, 2)[0]),
    "momentum_12_1": _momentum(12, 1),
    "momentum_6_1": _momentum(6, 1),
    "momentum_3m": _momentum(3, 0),
    "momentum_1m": _momentum(1, 0),
    **{f"sma_{n}": _sma(n) for n in (20, 50, 200)},
    **{f"ema_{n}": _ema(n) for n in (20, 50, 200)},
    "close_zscore_20": _score("close", 20),
    "close_zscore_60": _score("close", 60),
    "volume_zscore_20": _score("volume", 20),
    "return_zscore_12m": _return_score,
    "volatility_1m": _volatility(21),
    "volatility_3m": _volatility(63),
    "volatility_12m": _volatility(252),
    "parkinson_1m": _parkinson(21),
    "parkinson_3m": _parkinson(63),
    "garman_klass_1m": _garman_klass(21),
    "garman_klass_3m": _garman_klass(63),
    "rogers_satchell_1m": lambda s, at: math.sqrt(252 * _satchell(s, at, 21)),
    "rogers_satchell_3m": lambda s, at: math.sqrt(252 * _satchell(s, at, 63)),
    "yang_zhang_1m": _yang_zhang(21),
    "yang_zhang_3m": _yang_zhang(63),
    "atr_14": _atr,
    "drawdown": lambda s, at: s["close"][at] / max(s["close"][: at + 1]) - 1,
    "drawdown_12m": lambda s, at: s["close"][at] / max(_last(s["close"], at, 252)) - 1,
    "beta_3m": _beta(63),
    "beta_12m": _beta(252),
    "correlation_3m": _correlation(63),
    "correlation_12m": _correlation(252),
    "dollar_volume": lambda s, at: s["close"][at] * s["volume"][at],
    "dollar_volume_1m": lambda s, at: float(np.dot(_last(s["close"], at, 21), _last(s["volume"], at, 21)) / 21),
    "amihud_12m": _amihud,
}  # fmt: skip


@pytest.fixture(scope="module")
def computed() -> tuple[Series, pl.DataFrame]:
    own, benchmark = walk(SESSIONS), walk(SESSIONS, seed=11, symbol="SPY")
    arrays = {name: own[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
    rows = compute(pl.concat([own, benchmark]), benchmark="XNAS:SPY")
    return arrays | {"benchmark": benchmark["close"].to_numpy()}, rows.filter(
        pl.col("instrument_id") == "XNAS:AAA"
    )


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_is_its_formula(name: str, computed: tuple[Series, pl.DataFrame]) -> None:
    arrays, rows = computed
    for at, found in enumerate(rows[name]):
        try:
            expected: float | None = ORACLES[name](arrays, at)
        except IndexError:
            expected = None
        assert found == (expected if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-12)), at
    first = rows[name].is_not_null().arg_true()[0]
    begins = FEATURES[name].window.length(WEEKDAYS) - 1
    assert first == (201 if name == "amihud_12m" else begins)


def test_pandas_gives_the_same_averages(computed: tuple[Series, pl.DataFrame]) -> None:
    arrays, rows = computed
    closes = pd.Series(arrays["close"])
    for span in (20, 50, 200):
        begun = pd.concat([pd.Series([closes[:span].mean()]), closes[span:]])
        peer = begun.ewm(span=span, adjust=False).mean()
        np.testing.assert_allclose(rows[f"ema_{span}"].drop_nulls().to_numpy(), peer, rtol=1e-12)
        rolled = closes.rolling(span).mean().dropna()
        np.testing.assert_allclose(rows[f"sma_{span}"].drop_nulls().to_numpy(), rolled, rtol=1e-12)
    deviations = closes.pct_change().rolling(63).std().dropna() * math.sqrt(252)
    np.testing.assert_allclose(rows["volatility_3m"].drop_nulls().to_numpy(), deviations, rtol=1e-10)


def test_drawdowns_and_returns_by_hand() -> None:
    rows = compute(given([10, 12, 9, 15, 12]))
    assert rows["drawdown"].to_list() == pytest.approx([0, 0, -0.25, 0, -0.2])
    assert rows["simple_return"].to_list() == [None, *(pytest.approx(r) for r in (0.2, -0.25, 2 / 3, -0.2))]


def test_a_dividend_counts_in_returns_and_not_in_averages() -> None:
    days = weekdays(25)
    rows = compute(given([100.0] * 10 + [95.0] * 15, dividend(days[10], 5.0)))
    assert rows["simple_return"][10] == pytest.approx(0.0)
    assert rows["drawdown"].to_list() == pytest.approx([0.0] * 25)
    assert rows["sma_20"][24] == pytest.approx((5 * 100 + 15 * 95) / 20)


def test_a_split_changes_no_value_before_it_and_none_jumps() -> None:
    day = weekdays(40)[30]
    before = compute(given([100.0] * 30))
    after = compute(given([100.0] * 30 + [50.0] * 10, split(day, 2.0), high=[101.0] * 30 + [50.5] * 10,
                          low=[99.0] * 30 + [49.5] * 10, volume=[1000.0] * 30 + [2000.0] * 10))  # fmt: skip
    plain = compute(given([100.0] * 30, high=101.0, low=99.0))
    assert before["sma_20"][29] == 100.0
    assert after.head(30).equals(plain)
    assert after["simple_return"].drop_nulls().to_list() == [0.0] * 39
    assert after["sma_20"][31] == pytest.approx(50.0)
    assert after["atr_14"][31] == pytest.approx(1.0)
    assert after["atr_14"][29] == pytest.approx(2.0)
    assert after["dollar_volume"].unique().to_list() == [100_000.0]


def test_what_is_flat_has_no_scores_and_no_correlation() -> None:
    flat = given([10.0] * 300)
    rows = compute(pl.concat([flat, walk(300, symbol="SPY")]), benchmark="XNAS:SPY")
    rows = rows.filter(pl.col("instrument_id") == "XNAS:AAA")
    for name in ("close_zscore_20", "volume_zscore_20", "return_zscore_12m", "correlation_12m"):
        assert rows[name].null_count() == 300, name
    assert rows["volatility_12m"][-1] == 0.0
    assert rows["beta_12m"][-1] == pytest.approx(0.0, abs=1e-12)
    against_flat = compute(
        pl.concat([walk(300), given([10.0] * 300, symbol="SPY")]), ["beta_12m"], benchmark="XNAS:SPY"
    )
    assert against_flat["beta_12m"].null_count() == 600


@pytest.mark.parametrize("bad", [0.0, -37.63, math.inf])
def test_a_price_that_is_none_is_missing_and_a_window_with_it_is_none(bad: float) -> None:
    closes = walk(60)["close"].to_list()
    closes[30] = bad
    rows = compute(given(closes, low=1.0))
    for name in ("simple_return", "sma_20", "ema_20", "drawdown", "dollar_volume", "close_zscore_20"):
        assert rows[name][30] is None, name
    assert rows["simple_return"][31] is None
    assert rows["simple_return"][32] is not None
    assert rows["sma_20"][30:50].null_count() == 20
    assert rows["sma_20"][50] is not None
    assert rows["ema_20"][31] == pytest.approx(
        rows["ema_20"][29] + (closes[31] - rows["ema_20"][29]) * 2 / 21
    )


def test_no_volume_is_no_money_traded() -> None:
    rows = compute(given([10.0, 11.0], volume=None))
    assert rows["dollar_volume"].to_list() == [None, None]


def test_prices_of_unknown_adjustment_are_taken_as_they_are_and_say_so() -> None:
    told = walk(60)
    unknown = adjust(told.select(bars([1.0]).columns).with_columns(adjustment=pl.lit("unknown")))
    assert unknown["split_close"].null_count() == 60
    rows = compute(unknown)
    assert rows.drop("adjustment").equals(compute(told).drop("adjustment"))
    assert rows["adjustment"].unique().to_list() == ["unknown"]


def test_a_split_without_a_ratio_withholds_what_it_would_change() -> None:
    day = weekdays(10)[5]
    unknown = split(day, 2.0).with_columns(ratio=pl.lit(None, pl.Float64))
    rows = compute(given([10.0] * 10, unknown))
    assert rows["drawdown"].is_null().to_list() == [True] * 5 + [False] * 5
    assert rows["dollar_volume"].null_count() == 0


def test_what_trades_on_all_days_has_longer_months_and_years() -> None:
    bars_of_it = walk(400)
    rows = compute(bars_of_it, every_day=["XNAS:AAA"])
    returns = (bars_of_it["close"] / bars_of_it["close"].shift(1) - 1).to_numpy()
    assert rows["volatility_1m"][50] == pytest.approx(np.std(returns[21:51], ddof=1) * math.sqrt(365))
    assert rows["momentum_12_1"].null_count() == 360


def test_the_benchmark_is_taken_between_the_sessions_of_the_instrument() -> None:
    benchmark = walk(300, seed=3, symbol="SPY")
    gap = weekdays(300)[100]
    own = benchmark.filter(pl.col("session_date") != gap).with_columns(
        instrument_id=pl.lit("XNAS:AAA"), symbol=pl.lit("AAA")
    )
    rows = compute(pl.concat([own, benchmark]), ["beta_12m"], benchmark="XNAS:SPY")
    mine = rows.filter(pl.col("instrument_id") == "XNAS:AAA")
    assert mine["beta_12m"][-1] == pytest.approx(1.0)


def test_what_cannot_be_computed_is_said() -> None:
    with pytest.raises(ValueError, match="no feature sma_21; there are simple_return, "):
        compute(walk(3), ["sma_21"])
    twice = pl.concat([walk(3), walk(3)])
    with pytest.raises(ValueError, match=r"XNAS:AAA has two bars of 2026-01-05"):
        compute(twice)


def test_many_instruments_come_one_after_the_other() -> None:
    one = walk(1000)
    names = [f"X:{number:03}" for number in range(301)]
    many = pl.concat(one.with_columns(instrument_id=pl.lit(name)) for name in reversed(names))
    parts = list(compute_in_parts(many, ["simple_return"]))
    rows = pl.concat(parts)
    assert len(parts) > 1
    assert rows["instrument_id"].unique(maintain_order=True).to_list() == names
    alone = compute(one, ["simple_return"]).drop("instrument_id")
    assert rows.drop("instrument_id").equals(pl.concat([alone] * len(names)))


def test_nothing_of_nothing() -> None:
    rows = compute(walk(1).clear())
    assert rows.is_empty()
    assert rows.schema == BAR_FEATURES.polars_schema


def test_only_what_is_asked_for() -> None:
    rows = compute(walk(30, first=date(2020, 1, 6)), ["sma_20", "simple_return"])
    assert rows.columns == [*NAMING, "sma_20", "simple_return"]
