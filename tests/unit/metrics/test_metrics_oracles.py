"""Performance figures against other people's: Excel through Portfolio Performance, empyrical, worked examples."""

from datetime import date

import empyrical
import numpy as np
import pytest

from transforms.metrics import (
    IBKR_PORTFOLIO_ANALYST,
    Conventions,
    Returns,
    Withheld,
    cagr,
    deepest,
    down_capture,
    downside_deviation,
    information_ratio,
    link,
    modified_dietz,
    regress,
    sharpe,
    sortino,
    tracking_error,
    up_capture,
    volatility,
    xirr,
)

CONVENTIONS = Conventions(risk_free_annual=0.02, minimum_acceptable_annual=0.01)


@pytest.fixture(scope="module")
def years() -> tuple[Returns, Returns]:
    """Three years of returns beside a benchmark's, of every sign and size."""
    chance = np.random.default_rng(7)
    theirs = chance.standard_t(4, 756) * 0.008 + 0.0003
    return Returns(0.7 * theirs + chance.normal(0.0002, 0.006, 756)), Returns(theirs)


# The amounts, days and results of Portfolio Performance's IRRTest, with its own tolerances: the results are Excel's,
# which stops early (the second one misses balance by 2.4e-5). That ours balance is checked beside.
XIRRS = [
    ([(date(2010, 1, 1), -200.0), (date(2010, 12, 31), 210.0)], 0.050140747, 1e-8),
    (
        [
            (date(2002, 11, 30), -4398.0), (date(2007, 6, 11), 200.0), (date(2008, 5, 11), 270.0),
            (date(2009, 5, 1), 280.0), (date(2010, 6, 1), 280.0), (date(2011, 5, 2), 300.0),
            (date(2012, 4, 30), 330.0), (date(2012, 12, 6), 14508.0),
        ],
        0.1444629967, 1e-4,
    ),
    ([(date(2019, 5, 24), -1560.94), (date(2020, 1, 13), -1160.0), (date(2020, 6, 29), 42.80)], -0.999251643, 1e-8),
]  # fmt: skip


@pytest.mark.parametrize(("bookings", "expected", "tolerance"), XIRRS)
def test_the_rates_of_portfolio_performance(
    bookings: list[tuple[date, float]], expected: float, tolerance: float
) -> None:
    rate = xirr(bookings)
    assert not isinstance(rate, Withheld)
    assert rate == pytest.approx(expected, abs=tolerance)
    terms = [amount / (1 + rate) ** ((day - bookings[0][0]).days / 365) for day, amount in bookings]
    assert sum(terms) == pytest.approx(0, abs=1e-9 * max(abs(term) for term in terms))


def test_the_volatility_of_portfolio_performance_after_naming_what_differs() -> None:
    """Its RiskTest: log returns, and √n (6) in place of √252. Its semi-deviation looks below the mean, over n − 1."""
    returns = Returns.of([0.005, -1 / 300, -0.005, 0.01, 0.01, -0.005])
    logs = Returns(np.log1p(returns.values))
    assert volatility(logs, Conventions(periods_per_year=6)) == pytest.approx(0.017736692475, abs=1e-12)
    below = downside_deviation(Returns(logs.values - logs.values.mean()))
    assert not isinstance(below, Withheld)
    assert below * np.sqrt(6 / 5 * 6) == pytest.approx(0.012188677034, abs=1e-12)
    # Ours: simple returns.
    assert volatility(returns, Conventions(periods_per_year=6)) == pytest.approx(0.017779513804, abs=1e-12)


def test_the_ratios_of_empyrical(years: tuple[Returns, Returns]) -> None:
    """empyrical takes the rates per period, and its CAGR counts n / 252 years."""
    ours, theirs = years
    a, b = ours.values, theirs.values
    assert link(ours) == pytest.approx(empyrical.cum_returns_final(a), rel=1e-12)
    assert volatility(ours) == pytest.approx(empyrical.annual_volatility(a), rel=1e-12)
    assert sharpe(ours, CONVENTIONS) == pytest.approx(
        empyrical.sharpe_ratio(a, risk_free=CONVENTIONS.risk_free), rel=1e-12
    )
    assert sortino(ours, CONVENTIONS) == pytest.approx(
        empyrical.sortino_ratio(a, required_return=CONVENTIONS.minimum_acceptable), rel=1e-12
    )
    found = deepest(ours)
    assert not isinstance(found, Withheld)
    assert found.depth == pytest.approx(empyrical.max_drawdown(a), rel=1e-12)
    growth = link(ours)
    assert not isinstance(growth, Withheld)
    as_empyrical = empyrical.annual_return(a)
    assert cagr(growth, round(len(ours) / 252 * 365)) == pytest.approx(as_empyrical, rel=1e-12)
    excess = empyrical.excess_sharpe(a, b)
    assert information_ratio(ours, theirs) == pytest.approx(excess * np.sqrt(252), rel=1e-12)
    deviation = empyrical.annual_volatility(a - b)
    assert tracking_error(ours, theirs) == pytest.approx(deviation, rel=1e-12)


def test_the_regression_of_empyrical(years: tuple[Returns, Returns]) -> None:
    """empyrical compounds the daily alpha, (1 + α)^252 − 1; ours is arithmetic, α × 252."""
    ours, theirs = years
    found = regress(ours, theirs, conventions=CONVENTIONS)
    assert not isinstance(found, Withheld)
    alpha, beta = empyrical.alpha_beta(ours.values, theirs.values, risk_free=CONVENTIONS.risk_free)
    assert found.beta == pytest.approx(beta, rel=1e-12)
    assert (1 + found.alpha / 252) ** 252 - 1 == pytest.approx(alpha, rel=1e-9)


def test_the_captures_of_empyrical(years: tuple[Returns, Returns]) -> None:
    """empyrical annualises both geometric means before it divides them."""
    ours, theirs = years
    for capture, peer, chosen in (
        (up_capture, empyrical.up_capture, theirs.values > 0),
        (down_capture, empyrical.down_capture, theirs.values < 0),
    ):
        n = chosen.sum()
        theirs_mean = np.prod(1 + theirs.values[chosen]) ** (1 / n) - 1
        found = capture(ours, theirs)
        assert not isinstance(found, Withheld)
        annual = ((1 + found * theirs_mean) ** 252 - 1) / ((1 + theirs_mean) ** 252 - 1)
        assert annual == pytest.approx(peer(ours.values, theirs.values), rel=1e-9)


def test_newey_west_by_the_definition(years: tuple[Returns, Returns]) -> None:
    """The sandwich written out sum by sum, without matrices of scores."""
    ours, theirs = (Returns(series.values[:40]) for series in years)
    found = regress(ours, theirs)
    assert not isinstance(found, Withheld)
    y, x = ours.values, theirs.values
    n, lags = 40, found.lags
    assert lags == 3
    rows = [np.array([1.0, value]) for value in x]
    alpha = y.mean() - found.beta * x.mean()
    errors = y - alpha - found.beta * x
    middle = np.zeros((2, 2))
    for t in range(n):
        for s in range(n):
            weight = max(0.0, 1 - abs(t - s) / (lags + 1))
            middle += weight * errors[t] * errors[s] * np.outer(rows[t], rows[s])
    bread = np.linalg.inv(sum(np.outer(row, row) for row in rows))
    deviations = np.sqrt(np.diag(bread @ middle @ bread))
    assert found.beta_t == pytest.approx(found.beta / deviations[1], rel=1e-9)
    assert found.alpha_t == pytest.approx(alpha / deviations[0], rel=1e-9)


def test_modified_dietz_by_hand() -> None:
    """100 in at the start of the 6th of 10 days works for half of them, 40 out at the end of the 5th is gone half."""
    flows = [(date(2024, 1, 7), 100.0), (date(2024, 1, 6), -40.0)]
    found = modified_dietz(100, 173, date(2024, 1, 1), date(2024, 1, 11), flows)
    assert found == pytest.approx((173 - 100 - 60) / (100 + 50 - 20), rel=1e-15)


def test_modified_dietz_of_one_day_is_close_to_the_daily_return() -> None:
    """An inflow alone gives the daily return itself; an outflow counts in the capital where ours adds it to the end."""
    day = date(2024, 1, 2)
    assert modified_dietz(100, 165, date(2024, 1, 1), day, [(day, 50.0)]) == pytest.approx(165 / 150 - 1)
    assert modified_dietz(100, 60, date(2024, 1, 1), day, [(day, -50.0)]) == pytest.approx(
        (60 + 50) / 100 - 1
    )


def test_the_rates_that_ibkr_fixes() -> None:
    assert IBKR_PORTFOLIO_ANALYST.risk_free_annual == 0.0240
    assert IBKR_PORTFOLIO_ANALYST.minimum_acceptable_annual == 0.0751
    returns = Returns.of([0.01, -0.02, 0.015, 0.003])
    per_period = 1.024 ** (1 / 252) - 1
    by_hand = (returns.values.mean() - per_period) / returns.values.std(ddof=1) * np.sqrt(252)
    assert sharpe(returns, IBKR_PORTFOLIO_ANALYST) == pytest.approx(by_hand, rel=1e-12)
    below = np.minimum(returns.values - (1.0751 ** (1 / 252) - 1), 0)
    by_hand = (returns.values.mean() - 1.0751 ** (1 / 252) + 1) / np.sqrt((below**2).mean()) * np.sqrt(252)
    assert sortino(returns, IBKR_PORTFOLIO_ANALYST) == pytest.approx(by_hand, rel=1e-12)
