"""The rules of the performance figures: what is withheld and why, what is refused, and properties that always hold."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from transforms.metrics import (
    Drawdown,
    Prices,
    Returns,
    SeriesError,
    Withheld,
    best,
    cagr,
    calmar,
    correlation,
    days,
    deepest,
    down_capture,
    drawdowns,
    information_ratio,
    link,
    modified_dietz,
    period_return,
    profit_factor,
    regress,
    sharpe,
    sortino,
    tracking_error,
    up_capture,
    volatility,
    win_rate,
    win_rate_days,
    worst,
    xirr,
)

NOTHING = Returns.of([])
START = date(2024, 1, 1)

daily = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60)


def number(figure: float | Withheld) -> float:
    assert not isinstance(figure, Withheld), figure
    return figure


@pytest.mark.parametrize(
    "values", [[0.1, float("nan")], [float("inf")], [-1.5]], ids=["nan", "inf", "more than everything"]
)
def test_what_is_no_return_is_refused(values: list[float]) -> None:
    with pytest.raises(SeriesError, match="position"):
        Returns.of(values)


def test_prices_and_returns_are_told_apart_by_their_type() -> None:
    values = [0.1, 0.2, 1.5, 0.05, 0.02]
    assert deepest(Returns.of(values)) == Drawdown(0.0, None, None, None), "they are gains"
    found = deepest(Prices.of(values, [START + timedelta(n) for n in range(5)]).returns())
    assert isinstance(found, Drawdown)
    assert found.depth == pytest.approx(0.02 / 1.5 - 1), "they are prices that fall"


def test_dates_ascend_and_are_as_many_as_the_values() -> None:
    with pytest.raises(SeriesError, match="ascend"):
        Returns.of([0.1, 0.2], [START, START])
    with pytest.raises(SeriesError, match="1 dates for 2 values"):
        Returns.of([0.1, 0.2], [START])
    with pytest.raises(SeriesError, match="not above zero"):
        Prices.of([1.0, 0.0], [START, START + timedelta(1)])


def test_what_cannot_be_computed_says_why() -> None:
    flat, one = Returns.of([0.01, 0.01, 0.01]), Returns.of([0.01])
    for figure in (
        link(NOTHING), volatility(one), sharpe(flat), sortino(flat), best(NOTHING), worst(NOTHING), deepest(NOTHING),
        win_rate_days(Returns.of([0.0])), win_rate([0.0]), profit_factor([1.0]), cagr(0.1, 364), cagr(-1.5, 365),
        calmar(0.1, 0.0), calmar(cagr(0.1, 10), -0.1), period_return(0.0, 10.0), period_return(-5.0, 1.0, inflow=5.0),
        regress(flat, flat), regress(one, one), tracking_error(one, one), information_ratio(flat, flat),
        correlation(flat, flat), up_capture(flat, Returns.of([-0.1, 0.0, -0.1])), down_capture(flat, flat),
        modified_dietz(0.0, 1.0, START, START + timedelta(1), []), modified_dietz(1.0, 1.0, START, START, []),
    ):  # fmt: skip
        assert isinstance(figure, Withheld)
        assert figure.reason.endswith(".")


def test_no_rate_or_several_rates_are_no_rate() -> None:
    year = [START, date(2025, 1, 1), date(2026, 1, 1)]
    assert xirr([(year[0], -100.0)]) == Withheld("No rate balances the flows of this window.")
    assert xirr([]) == Withheld("No rate balances the flows of this window.")
    ten_and_twenty = list(zip(year, [-100.0, 230.0, -132.0], strict=True))
    assert xirr(ten_and_twenty) == Withheld("2 rates balance the flows of this window; none is the one.")


def test_a_window_under_a_year_has_its_own_rate() -> None:
    assert number(xirr([(START, -100.0), (START + timedelta(10), 110.0)], 10)) == pytest.approx(
        0.1, rel=1e-12
    )


def test_series_of_different_days_are_not_compared() -> None:
    with pytest.raises(SeriesError, match="align"):
        tracking_error(Returns.of([0.1]), NOTHING)
    tomorrow = START + timedelta(1)
    with pytest.raises(SeriesError, match="different days"):
        correlation(Returns.of([0.1], [START]), Returns.of([0.1], [tomorrow]))


def test_a_benchmark_follows_the_calendar_of_the_account() -> None:
    closes = Prices.of([100.0, 110.0, 121.0], [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 5)])
    starts, ends = days([date(2024, 1, 2), date(2024, 1, 4)]), days([date(2024, 1, 4), date(2024, 1, 5)])
    found = closes.returns_between(starts, ends)
    assert isinstance(found, Returns)
    assert found.values == pytest.approx([0.1, 0.1]), "the 4th is a holiday of its market"
    late = closes.returns_between(days([date(2024, 1, 5)]), days([date(2024, 1, 13)]))
    assert late == Withheld("The benchmark has no close on or shortly before 2024-01-13.")
    early = closes.returns_between(days([START]), days([date(2024, 1, 2)]))
    assert early == Withheld("The benchmark has no close on or shortly before 2024-01-01.")


def test_a_loss_on_the_first_day_is_a_drawdown() -> None:
    returns = Returns.of([-0.5, 1.0, -0.25])
    assert drawdowns(returns) == pytest.approx([-0.5, 0.0, -0.25])
    assert deepest(returns) == Drawdown(-0.5, -1, 0, 1)
    assert deepest(Returns.of([0.5, 0.0, -0.2])) == Drawdown(pytest.approx(-0.2), 1, 2, None)  # type: ignore[arg-type]


def test_trades_and_days() -> None:
    assert win_rate([30.0, 10.0, -16.0, 0.0]) == pytest.approx(2 / 3)
    assert profit_factor([30.0, 10.0, -16.0]) == pytest.approx(2.5)
    assert win_rate_days(Returns.of([0.1, 0.0, -0.1, 0.2])) == pytest.approx(2 / 3)
    assert (best(Returns.of([0.1, 0.2, 0.2])), worst(Returns.of([0.1, 0.2, 0.1]))) == ((0.2, 1), (0.1, 0))


@given(daily, st.integers(0, 60))
def test_linking_is_associative(values: list[float], cut: int) -> None:
    whole, (left, right) = link(Returns.of(values)), (values[:cut], values[cut:])
    parts = [number(link(Returns.of(part))) for part in (left, right) if part]
    assert number(link(Returns.of(parts))) == pytest.approx(number(whole), rel=1e-9, abs=1e-12)


@given(daily)
def test_a_drawdown_is_never_above_zero_nor_below_minus_one(values: list[float]) -> None:
    falls = drawdowns(Returns.of(values))
    assert falls.shape == (len(values),)
    assert ((falls <= 0) & (falls >= -1)).all()


@given(
    st.floats(1.0, 1e6), st.floats(0.0, 1e6), st.floats(0.0, 1e6), st.floats(0.0, 1e6), st.floats(1e-3, 1e3)
)
def test_the_unit_of_money_does_not_matter(
    start: float, end: float, into: float, out: float, scale: float
) -> None:
    assert number(period_return(start, end, into, out)) == pytest.approx(
        number(period_return(start * scale, end * scale, into * scale, out * scale)), rel=1e-9, abs=1e-9
    )


@given(st.floats(-0.95, 5.0), st.integers(1, 3000), st.floats(0.01, 1e9))
def test_xirr_of_one_growth_is_that_growth_and_knows_no_unit(growth: float, span: int, amount: float) -> None:
    per_year = (1 + growth) ** (365 / span)
    assume(0.0002 < per_year < 5000)
    found = xirr([(START, -amount), (START + timedelta(span), amount * (1 + growth))])
    assert number(found) == pytest.approx(per_year - 1, rel=1e-7, abs=1e-9)


@given(daily, st.floats(0.1, 3.0))
def test_beta_and_correlation_of_a_scaled_benchmark(values: list[float], slope: float) -> None:
    other = np.asarray(values) / 4
    assume(len(values) > 2 and other.std(ddof=1) > 1e-6)
    ours, theirs = Returns(other * min(slope, 1.9)), Returns(other)
    found = regress(ours, theirs)
    assert isinstance(found, Withheld) is False
    assert found.beta == pytest.approx(min(slope, 1.9), rel=1e-6)  # type: ignore[union-attr]
    assert number(correlation(ours, theirs)) == pytest.approx(1.0, abs=1e-6)
