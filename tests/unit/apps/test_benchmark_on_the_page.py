"""The benchmark on the Overview: its curve beside the return, its figures, and nothing where there is none."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from apps.dashboard.benchmark import METRICS, Benchmark
from tests.support.invented_books import EUR_ACCOUNT, USD_ACCOUNT
from tests.support.invented_marts import LAST_DAY, make_books
from tests.support.published_fixture import write_published
from tests.unit.apps.test_overview_page import body, figure, open_page

MONDAY = date(2026, 1, 5)


def series(*told: tuple[int, float]) -> Benchmark:
    days = [MONDAY + timedelta(days=after) for after, _ in told]
    return Benchmark("SPY", "USD", "total_return", days, [close for _, close in told])


def test_growth_starts_at_the_first_day_and_takes_the_last_close_of_a_day_without_one() -> None:
    grown = series((-3, 100.0), (1, 110.0), (4, 99.0)).growth(
        [MONDAY, MONDAY + timedelta(1), MONDAY + timedelta(2), MONDAY + timedelta(11), MONDAY + timedelta(12)]
    )
    assert grown == [1.0, 1.1, 1.1, 0.99, None]  # the last close is eight days old
    assert series((1, 110.0)).growth([MONDAY, MONDAY + timedelta(1)]) == [None, None]
    assert series().growth([]) == []


def test_the_basis_names_currency_and_adjustment() -> None:
    told = series((0, 1.0))
    assert told.basis("USD") == "SPY: closes in USD with dividends reinvested."
    assert "the account is in EUR, and no exchange rate is applied" in told.basis("EUR")
    assert Benchmark("MSCI", None, None, [], []).basis("EUR") == "MSCI: closes from a file, as it has them."


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    books = make_books()
    for back in range(420):
        day = LAST_DAY - timedelta(days=back)
        if day.weekday() < 5:
            close = Decimal(500 - back)
            books.add(
                "benchmark_close",
                benchmark="SPY",
                price_date=day,
                close=close,
                currency="USD",
                adjustment="raw",
            )
    for account in (EUR_ACCOUNT, USD_ACCOUNT):
        for number, metric in enumerate(METRICS):
            withheld = metric == "down_capture"
            books.add(
                "performance_metric",
                account_id=account,
                window="YTD",
                metric=metric,
                value=None if withheld else -0.125 * number,
                unit="ratio per year" if metric == "tracking_error" else "ratio",
                withheld_reason="No falling day of the benchmark in this window." if withheld else None,
            )
    return write_published(tmp_path_factory.mktemp("page") / "published", books)


def test_the_curve_and_the_figures(monkeypatch: pytest.MonkeyPatch, published: Path) -> None:
    page = open_page(monkeypatch, published, account=USD_ACCOUNT)
    drawn = json.loads(page.get("plotly_chart")[0].proto.spec)["data"]
    assert {trace["name"] for trace in drawn} == {"TWR", "Drawdown", "SPY"}
    assert figure(page, "alpha") == "0.00 %"
    assert figure(page, "beta") == "−0.12"
    assert figure(page, "tracking_error") == "−25.00 %"
    assert figure(page, "up_capture") == "−50 %"
    assert figure(page, "down_capture") == "—"
    assert "Withheld: No falling day of the benchmark in this window." in body(page)
    assert "SPY: closes in USD as traded, without dividends." in body(page)


def test_a_custom_period_says_why_it_has_no_figures(monkeypatch: pytest.MonkeyPatch, published: Path) -> None:
    page = open_page(monkeypatch, published, account=EUR_ACCOUNT, period="1W")
    assert figure(page, "beta") == "—"
    assert "computed for MTD, QTD, YTD, 1Y, 3Y, All only" in body(page)


def test_without_a_benchmark_there_is_no_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = open_page(monkeypatch, write_published(tmp_path / "published"))
    assert "Against " not in body(page)
    drawn = json.loads(page.get("plotly_chart")[0].proto.spec)["data"]
    assert {trace["name"] for trace in drawn} == {"TWR", "Drawdown"}
