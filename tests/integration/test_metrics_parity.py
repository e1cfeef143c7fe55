"""One definition twice: the SQL of the books and transforms/metrics give the same figure for every window."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.support.clean_folder import DbtRun, Row, run_dbt, write_clean
from tests.support.marts_performance import (
    ACCEPTABLE,
    RISK_FREE,
    Account,
    D,
    business_days,
    long_history,
    special_accounts,
)
from tests.support.metrics_parity import closes_from, figures, windows
from transforms.metrics import Conventions, Prices, Withheld
from transforms.schemas import RAW_FACTS

CONVENTIONS = Conventions(risk_free_annual=RISK_FREE, minimum_acceptable_annual=ACCEPTABLE)
CLOSES = closes_from(date(2020, 12, 1), date(2026, 1, 31), seed=3)
VARIABLES = {
    "risk_free_rate_annual": RISK_FREE,
    "minimum_acceptable_return_annual": ACCEPTABLE,
    "benchmark": "INVENTED",
}
NEEDED = (
    "--select", "+performance_metric", "+performance_metric_reporting", "+fct_return_reporting",
    "+fct_external_flow", "+fct_trade", "+fct_nav_daily",
    "+fct_return_daily",
)  # fmt: skip


def benchmark_rows() -> list[Row]:
    return [
        {"benchmark": "INVENTED", "price_date": day, "close": Decimal(str(close)), "document_id": "b",
         "section": "benchmark", "row_ordinal": n}
        for n, (day, close) in enumerate(CLOSES)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> DbtRun:
    """The long history, accounts that each show a rule, and one of a single year: all joined as one too."""
    folder = tmp_path_factory.mktemp("parity")
    tables: dict[str, list[Row]] = defaultdict(list)
    tables["benchmark_prices"] = benchmark_rows()
    young = [day for day in business_days(date(2024, 12, 30), date(2025, 2, 14)) if day.day != 20]
    accounts = [
        long_history(),
        Account("YOUNG", {day: D(5000) + day.toordinal() ** 2 % 101 for day in young}),
        *(a for a in special_accounts() if a.account_id in ("XIRR", "HOLE", "FRESH", "WIPED", "GONE")),
    ]  # fmt: skip
    for account in accounts:
        for name, rows in account.tables().items():
            tables[name] += rows
    write_clean(folder / "clean", tables)
    run = run_dbt(folder / "dbt", folder / "clean", *NEEDED, **VARIABLES)
    assert run.returncode == 0, run.output
    return run


@pytest.fixture(scope="module")
def demo_marts(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> DbtRun:
    """The demo's clean tables with a benchmark beside them."""
    folder = tmp_path_factory.mktemp("parity-demo")
    clean = folder / "clean"
    clean.mkdir()
    for path in (demo / "clean").iterdir():
        if path.name != "benchmark_prices.parquet":
            (clean / path.name).symlink_to(path)
    schema = RAW_FACTS["benchmark_prices"].polars_schema
    pl.DataFrame(benchmark_rows(), schema=schema).write_parquet(clean / "benchmark_prices.parquet")
    run = run_dbt(folder / "dbt", clean, *NEEDED, **VARIABLES)
    assert run.returncode == 0, run.output
    return run


def compare(marts: DbtRun) -> dict[str, int]:
    """Hold every metric of every window against ours; how often each had a value."""
    closes = Prices.of([close for _, close in CLOSES], [day for day, _ in CLOSES])
    theirs = {
        (row["account_id"], row["window"], row["metric"]): row
        for row in marts.dicts("from performance_metric union all from performance_metric_reporting")
    }
    counts: dict[str, int] = defaultdict(int)
    for account, name, window in windows(marts):
        if window.is_broken or not window.days:
            continue
        for metric, ours in figures(window, CONVENTIONS, closes).items():
            row = theirs[account, name, metric]
            where = f"{account} {name} {metric}: {row['withheld_reason']}"
            if metric.endswith("_date"):
                assert row["value_date"] == ours, where
            elif isinstance(ours, Withheld):
                assert row["value"] is None, f"{where}, but ours: {ours.reason}"
            else:
                assert row["value"] == pytest.approx(ours, rel=1e-9, abs=1e-12), where
                counts[metric] += 1
    return counts


METRICS = {
    "twr", "cagr", "mwr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar", "best_day", "worst_day",
    "win_rate_days", "pnl", "net_contributions", "alpha", "beta", "tracking_error", "information_ratio", "up_capture",
    "down_capture",
}  # fmt: skip


def test_every_figure_of_the_invented_books(invented: DbtRun) -> None:
    assert set(compare(invented)) == METRICS, "without trades, every metric but those of trades"


def test_every_figure_of_the_demo(demo_marts: DbtRun) -> None:
    counts = compare(demo_marts)
    assert set(counts) == METRICS | {"win_rate", "profit_factor"}
    assert counts["twr"] == 3 * 6, "two accounts and the whole, every window"


def test_the_whole_of_the_demo_by_hand(demo_marts: DbtRun) -> None:
    """Values, flows and the broker's rates alone: dollars into euros, added up, inflows first and outflows last."""
    rates = dict(
        demo_marts.rows(
            "select rate_date, rate from staging.stg_clean__fx_rate where from_currency = 'USD' and to_currency = 'EUR'"
        )
    )
    navs: dict[date, Decimal] = defaultdict(Decimal)
    inflows: dict[date, Decimal] = defaultdict(Decimal)
    outflows: dict[date, Decimal] = defaultdict(Decimal)

    def in_euros(currency: str, amount: Decimal, day: date) -> Decimal:
        return amount if currency == "EUR" or amount == 0 else amount * rates[day]

    for day, currency, nav in demo_marts.rows("select nav_date, currency, nav_base from fct_nav_daily"):
        navs[day] += in_euros(currency, nav, day)
    for day, currency, amount in demo_marts.rows(
        """select flows.nav_date, accounts.base_currency, flows.amount_base
           from fct_external_flow as flows inner join staging.stg_clean__account as accounts using (account_id)"""
    ):
        (inflows if amount > 0 else outflows)[day] += abs(in_euros(currency, amount, day))
    found = demo_marts.dicts(
        "select * from fct_return_reporting where account_id = 'ALL' and return_status <> 'base' order by return_date"
    )
    days = sorted(navs)
    assert [row["return_date"] for row in found] == days[1:]
    for before, row in zip(days, found, strict=False):
        day = row["return_date"]
        capital = navs[before] + inflows[day]
        assert row["twr"] == pytest.approx(float((navs[day] + outflows[day]) / capital - 1), abs=1e-10)
        assert abs(row["pnl_reporting"] - (navs[day] + outflows[day] - capital)) < D("1e-6")
        assert row["accounts"] == 2
