"""Holes bridged by modified Dietz, accounts joined in another currency, and a benchmark, from clean rows to marts."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest

from tests.support.clean_folder import DbtRun, Row, run_dbt, write_clean
from tests.support.marts_performance import Account
from transforms.metrics import modified_dietz

D = Decimal
FIRST, SECOND = date(2024, 3, 4), date(2024, 3, 5)
AFTER, LAST = date(2024, 4, 8), date(2024, 4, 9)
FLOWS = [(date(2024, 3, 14), D(40)), (date(2024, 3, 25), D(-10))]
NAVS = {FIRST: D(100), SECOND: D(110), AFTER: D(154), LAST: D("169.4")}


def bridged(account: str, covered_to: date) -> dict[str, list[Row]]:
    """Daily values on both sides of a hole; a statement over it reports cash transactions and the change in NAV."""
    tables = Account(account, NAVS, FLOWS, holes={AFTER}).tables()
    statement = {"document_id": f"{account}-over", "statement": 0, "account_id": account,
                 "period_start_date": date(2024, 3, 6), "period_end_date": covered_to}  # fmt: skip
    tables["statements"].append(statement)
    tables["statement_sections"] += [
        {**statement, "section": section, "rows": 1} for section in ("CashTransactions", "ChangeInNAV")
    ]
    tables["change_in_nav"] = [
        {"account_id": account, "period_start_date": date(2024, 3, 6), "period_end_date": covered_to,
         "starting_value": D(110), "ending_value": D(150), "deposits_withdrawals": D(30), "twr_percent": D(8)}
    ]  # fmt: skip
    return tables


def yearly() -> dict[str, list[Row]]:
    """Two years of statements with cash transactions and a Change in NAV each, and no value of a day."""
    years = [(2022, D(100), D(150), D(30)), (2023, D(150), D(120), D(-20))]
    statements = [
        {"document_id": f"YEARLY-{year}", "statement": 0, "account_id": "YEARLY",
         "period_start_date": date(year, 1, 1), "period_end_date": date(year, 12, 31)}
        for year, *_ in years
    ]  # fmt: skip
    return {
        "accounts": [{"account_id": "YEARLY", "base_currency": "USD", "base_currency_source": "setting"}],
        "statements": statements,
        "statement_sections": [
            {**row, "section": name, "rows": 1} for row in statements for name in ("CashTransactions", "ChangeInNAV")
        ],
        "change_in_nav": [
            {"account_id": "YEARLY", "period_start_date": date(year, 1, 1), "period_end_date": date(year, 12, 31),
             "starting_value": start, "ending_value": end, "deposits_withdrawals": flow}
            for year, start, end, flow in years
        ],
        "cash_transactions": [
            {"account_id": "YEARLY", "cash_key": str(year), "category": "deposit_withdrawal",
             "report_date": date(year, 7, 1), "currency": "USD", "amount": flow}
            for year, _, _, flow in years
        ],
    }  # fmt: skip


def dollars() -> dict[str, list[Row]]:
    """An account in dollars that is known for two days more, and holds nothing else."""
    navs = {FIRST: D(200), SECOND: D(210), AFTER: D(210), LAST: D(210), date(2024, 4, 10): D(220)}
    tables = Account("USD", navs).tables()
    tables["accounts"][0]["base_currency"] = "USD"
    return tables


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> DbtRun:
    folder = tmp_path_factory.mktemp("reporting")
    tables: dict[str, list[Row]] = defaultdict(list)
    for part in (
        bridged("BRIDGE", date(2024, 4, 5)),
        bridged("SHORT", date(2024, 3, 28)),
        dollars(),
        yearly(),
    ):
        for name, rows in part.items():
            tables[name] += rows
    days = [*NAVS, date(2024, 4, 10)]
    tables["fx_rates"] = [
        {"rate_date": day, "from_currency": "EUR", "to_currency": "USD", "rate": D("1.25")} for day in days
    ]
    write_clean(folder / "clean", tables)
    run = run_dbt(
        folder / "dbt", folder / "clean", "--select", "+performance_metric",
        "+performance_metric_reporting", "+period_return",
        "+fct_return_reporting",
        "+int_health__books", "+account_summary", "+monthly_return", "+drawdown", "+fct_return_daily",
        reporting_currency="USD", benchmark="NONE",
    )  # fmt: skip
    assert run.returncode == 0, run.output
    return run


def metric(marts: DbtRun, account: str, name: str, window: str = "SI") -> Row:
    (row,) = marts.dicts(
        f"""select * from (from performance_metric union all from performance_metric_reporting)
            where account_id = '{account}' and "window" = '{window}' and metric = '{name}'"""
    )
    return row


def test_a_hole_is_bridged_where_every_flow_in_it_is_known(marts: DbtRun) -> None:
    expected = modified_dietz(110, 154, SECOND, AFTER, [(day, float(amount)) for day, amount in FLOWS])
    (row,) = marts.dicts("select * from period_return where account_id = 'BRIDGE' and period_kind = 'hole'")
    assert row["rate_of_return"] == pytest.approx(expected, rel=1e-12)
    assert (row["return_method"], row["external_flow_base"], row["pnl_base"]) == ("modified_dietz", 30, 14)
    assert (row["period_start_date"], row["period_end_date"]) == (date(2024, 3, 6), AFTER)


def test_the_chain_over_the_hole_names_its_method(marts: DbtRun) -> None:
    over = modified_dietz(110, 154, SECOND, AFTER, [(day, float(amount)) for day, amount in FLOWS])
    assert isinstance(over, float)
    row = metric(marts, "BRIDGE", "twr")
    assert row["value"] == pytest.approx(1.1 * (1 + over) * 1.1 - 1, rel=1e-12)
    assert (row["return_method"], row["withheld_reason"]) == ("daily_twr and modified_dietz", None)
    assert metric(marts, "BRIDGE", "pnl")["value"] == pytest.approx(10 + 14 + 15.4)
    assert metric(marts, "BRIDGE", "net_contributions")["value"] == 30
    for name in ("volatility", "sharpe", "max_drawdown", "mwr"):
        row = metric(marts, "BRIDGE", name)
        assert row["value"] is None, "they need each day"
        assert "2024-04-08" in row["withheld_reason"]


def test_a_hole_with_days_that_nothing_covers_stays_withheld(marts: DbtRun) -> None:
    (row,) = marts.dicts("select * from period_return where account_id = 'SHORT' and period_kind = 'hole'")
    assert row["rate_of_return"] is None
    assert row["withheld_reason"].startswith("6 day(s) are in no statement")
    assert row["withheld_reason"].endswith("first 2024-03-29.")
    assert metric(marts, "SHORT", "twr")["value"] is None


def test_an_account_of_yearly_statements_alone_is_measured_by_its_periods(marts: DbtRun) -> None:
    ends = [date(2021, 12, 31), date(2022, 12, 31), date(2023, 12, 31)]
    first = modified_dietz(100, 150, ends[0], ends[1], [(date(2022, 7, 1), 30.0)])
    second = modified_dietz(150, 120, ends[1], ends[2], [(date(2023, 7, 1), -20.0)])
    assert isinstance(first, float)
    assert isinstance(second, float)
    whole, year = metric(marts, "YEARLY", "twr"), metric(marts, "YEARLY", "twr", "YTD")
    assert whole["value"] == pytest.approx((1 + first) * (1 + second) - 1, rel=1e-12)
    assert year["value"] == pytest.approx(second, rel=1e-12)
    assert {row["return_method"] for row in (whole, year)} == {"modified_dietz"}
    assert (whole["window_start_date"], whole["window_end_date"]) == (ends[0], ends[2])
    assert metric(marts, "YEARLY", "pnl")["value"] == pytest.approx(20 - 10)
    assert metric(marts, "YEARLY", "cagr")["value"] == pytest.approx((1 + whole["value"]) ** (365 / 730) - 1)
    known = {"twr", "cagr", "pnl", "net_contributions"}
    rows = marts.dicts("select * from performance_metric where account_id = 'YEARLY'")
    for row in rows:
        if row["window"] in ("SI", "1Y", "YTD") and row["metric"] in known:
            assert row["value"] is not None, row
        else:
            assert row["value"] is None, row
            assert row["withheld_reason"].startswith("No document reports daily net asset values"), row
    (summary,) = marts.dicts("select * from account_summary where account_id = 'YEARLY'")
    assert (summary["as_of_date"], summary["nav_base"], summary["ytd_pnl_base"]) == (ends[2], D(120), D(-10))
    assert summary["net_contributions_base"] == 10
    assert summary["since_inception_twr"] is summary["day_pnl_base"] is None
    assert summary["realized_ytd_base"] is None, "no statement says that the trades of every day are known"
    assert summary["day_withheld_reason"].startswith("No document reports daily net asset values")


def test_a_stated_period_without_daily_values_has_a_return(marts: DbtRun) -> None:
    (row,) = marts.dicts(
        "select * from period_return where account_id = 'BRIDGE' and period_kind = 'change_in_nav'"
    )
    flows = [(day, float(amount)) for day, amount in FLOWS]
    assert row["rate_of_return"] == pytest.approx(
        modified_dietz(110, 150, SECOND, date(2024, 4, 5), flows), rel=1e-12
    )
    assert (row["return_method"], row["broker_twr"]) == ("modified_dietz", pytest.approx(0.08))


def test_the_whole_stands_in_the_reporting_currency_and_only_where_it_is_named(marts: DbtRun) -> None:
    rows = {
        row["return_date"]: row
        for row in marts.dicts(
            "select * from fct_return_reporting where account_id = 'ALL' order by return_date"
        )
    }
    assert {row["reporting_currency"] for row in rows.values()} == {"USD"}
    assert rows[SECOND]["nav_end_reporting"] == 2 * D(110) * D("1.25") + 210
    assert rows[SECOND]["twr"] == pytest.approx((275 + 210) / (250 + 200) - 1), (
        "two accounts of 100 euros each"
    )
    assert rows[AFTER]["return_status"] == "gap"
    assert rows[AFTER]["withheld_reason"].startswith("BRIDGE: ")
    assert max(rows) == LAST, "the accounts in euros are known no further"
    (row,) = marts.dicts(
        "select * from fct_return_reporting where account_id = 'BRIDGE' and return_date = '2024-03-05'"
    )
    assert (row["fx_rate_to_reporting"], row["pnl_reporting"]) == (D("1.25"), D("12.5"))
    for table in ("account_summary", "fct_return_daily", "performance_metric", "monthly_return", "drawdown"):
        assert marts.rows(f"select count(*) from {table} where account_id = 'ALL'") == [(0,)]
    assert rows[SECOND]["drawdown"] == 0
    assert metric(marts, "ALL", "pnl")["unit"] == "reporting currency"


def test_what_the_whole_lacks_is_a_finding(marts: DbtRun) -> None:
    found = {
        row["check_name"]: row
        for row in marts.dicts("select * from intermediate.int_health__books where account_id = 'ALL'")
    }
    assert found["joined_series_ends"]["detail"].startswith(
        "All accounts together end on 2024-04-09: BRIDGE, SHORT "
    )
    assert "2024-04-08" in found["joined_return_withheld"]["detail"]


def test_a_benchmark_that_is_not_there_withholds_its_metrics(marts: DbtRun) -> None:
    for name in ("alpha", "beta", "tracking_error", "information_ratio", "up_capture", "down_capture"):
        row = metric(marts, "USD", name)
        assert row["value"] is None
        assert row["withheld_reason"].startswith("There are no closes of the benchmark NONE: ")
