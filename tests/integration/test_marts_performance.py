"""Returns, windows and metrics of hand-written accounts, against independent arithmetic."""

from collections import defaultdict
from datetime import date

import pytest

from tests.support.clean_folder import DbtRun, Row, run_dbt, write_clean
from tests.support.marts_performance import (
    ACCEPTABLE,
    RISK_FREE,
    Account,
    D,
    long_history,
    special_accounts,
)

WINDOWS = {
    "MTD": date(2025, 1, 31),
    "QTD": date(2024, 12, 31),
    "YTD": date(2024, 12, 31),
    "1Y": date(2024, 2, 14),
    "3Y": date(2022, 2, 14),
    "SI": date(2020, 12, 30),
}


@pytest.fixture(scope="module")
def long() -> Account:
    return long_history()


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory, long: Account) -> DbtRun:
    folder = tmp_path_factory.mktemp("performance")
    tables: dict[str, list[Row]] = defaultdict(list)
    for account in [long, *special_accounts()]:
        for name, rows in account.tables().items():
            tables[name] += rows
    tables["trades"] = list(closing_trades())
    write_clean(folder / "clean", tables)
    run = run_dbt(
        folder / "dbt", folder / "clean",
        risk_free_rate_annual=RISK_FREE, minimum_acceptable_return_annual=ACCEPTABLE,
    )  # fmt: skip
    assert run.returncode == 0, run.output
    return run


def closing_trades() -> list[Row]:
    """Wins of 30 and 10, a loss of 16, a cancelled win of 99; all in the last month but the first."""
    rows = [(1, 30, date(2023, 6, 1), False, None), (2, 10, date(2025, 2, 3), False, None),
            (3, -16, date(2025, 2, 4), False, None), (4, 99, date(2025, 2, 5), False, None),
            (5, -99, date(2025, 2, 6), True, "4"), (6, 0, date(2025, 2, 6), False, None)]  # fmt: skip
    return [
        {"account_id": "LONG", "trade_key": str(key), "transaction_id": str(key), "level": "EXECUTION",
         "currency": "EUR", "realized_pnl": D(pnl), "report_date": day, "is_cancel": cancel,
         "orig_transaction_id": original}
        for key, pnl, day, cancel, original in rows
    ]  # fmt: skip


def metric(marts: DbtRun, account: str, window: str, name: str) -> Row:
    (row,) = marts.dicts(
        f"""select * from performance_metric where account_id = '{account}' and "window" = '{window}'
            and metric = '{name}'"""
    )
    return row


def test_every_daily_return(marts: DbtRun, long: Account) -> None:
    ours = {
        row["return_date"]: row
        for row in marts.dicts("select * from fct_return_daily where account_id = 'LONG'")
    }
    assert list(ours) != []
    assert set(ours) == set(long.days[1:])
    for day, row in ours.items():
        into, out = long.flows_of(day)
        assert (row["inflow_base"], row["outflow_base"]) == (into, out)
        assert row["pnl_base"] == long.navs[day] - long.start_of(day) - into + out
        assert row["twr"] == pytest.approx(float(long.daily_return(day)), abs=1e-14)


@pytest.mark.parametrize("window", WINDOWS)
def test_the_metrics_of_a_window(marts: DbtRun, long: Account, window: str) -> None:
    for name, expected in long.metrics(WINDOWS[window]).items():
        row = metric(marts, "LONG", window, name)
        assert row["window_start_date"] == WINDOWS[window]
        assert row["window_end_date"] == long.days[-1]
        if expected is None:
            assert (row["value"], row["withheld_reason"]) == (None, "Shorter than one year: not annualised.")
        else:
            assert row["value"] == pytest.approx(expected, rel=1e-9, abs=1e-11), name
            assert row["withheld_reason"] is None


def test_dates_of_the_deepest_drawdown(marts: DbtRun, long: Account) -> None:
    index, points = D(1), {long.days[0]: D(1)}
    for day in long.days[1:]:
        index *= 1 + long.daily_return(day)
        points[day] = index
    days = long.days
    fall = {day: points[day] / max(points[d] for d in days[: i + 1]) - 1 for i, day in enumerate(days)}
    trough = min(days, key=lambda day: fall[day])
    peak = max(days[: days.index(trough)], key=lambda day: points[day])
    recovery = next((day for day in days if day > trough and points[day] >= points[peak]), None)
    for name, expected in {"peak": peak, "trough": trough, "recovery": recovery}.items():
        row = metric(marts, "LONG", "SI", f"max_drawdown_{name}_date")
        assert row["value_date"] == expected
        assert (row["withheld_reason"] is None) == (expected is not None)
    ours = {
        d: (i, f)
        for d, i, f in marts.rows(
            "select nav_date, twr_index, drawdown from drawdown where account_id = 'LONG'"
        )
    }
    assert set(ours) == set(days)
    for day in days:
        assert ours[day] == pytest.approx((float(points[day]), float(fall[day])), abs=1e-12)


def test_months_link_to_the_whole(marts: DbtRun, long: Account) -> None:
    index, pnl = D(1), D(0)
    for twr, amount in marts.rows(
        "select twr, pnl_base from monthly_return where account_id = 'LONG' order by month_date"
    ):
        index *= 1 + D(twr)
        pnl += amount
    assert float(index - 1) == pytest.approx(float(long.linked(long.days[0])), abs=1e-12)
    assert pnl == long.navs[long.days[-1]] - long.navs[long.days[0]] - sum(a for d, a in long.flows)


def test_closing_trades(marts: DbtRun) -> None:
    assert metric(marts, "LONG", "SI", "win_rate")["value"] == pytest.approx(2 / 3)
    assert metric(marts, "LONG", "SI", "profit_factor")["value"] == pytest.approx(40 / 16)
    assert metric(marts, "LONG", "MTD", "win_rate")["value"] == 0.5
    assert marts.rows("select realized_ytd_base from account_summary where account_id = 'LONG'") == [(D(-6),)]


def test_the_example_of_xirr(marts: DbtRun) -> None:
    assert metric(marts, "XIRR", "SI", "mwr")["value"] == pytest.approx(0.373362535, abs=5e-9), (
        "Excel itself stops at 1e-8"
    )
    assert metric(marts, "XIRR", "SI", "mwr")["unit"] == "ratio per year"


def test_a_loss_of_almost_everything(marts: DbtRun) -> None:
    assert metric(marts, "GONE", "SI", "mwr")["value"] == pytest.approx(-0.999, abs=1e-12)
    assert metric(marts, "GONE", "SI", "cagr")["value"] == pytest.approx(-0.999, abs=1e-12)


def test_a_hole_withholds_and_says_where(marts: DbtRun) -> None:
    rows = marts.rows(
        "select return_date, twr, return_status from fct_return_daily where account_id = 'HOLE' order by 1"
    )
    assert [row[0].day for row in rows] == [5, 6, 7]
    assert [row[2] for row in rows] == ["computed", "gap", "computed"]
    assert (rows[0][1], rows[1][1], rows[2][1]) == (pytest.approx(0.1), None, pytest.approx(0.1))
    assert metric(marts, "HOLE", "SI", "twr")["value"] is None
    assert "2024-05-06" in metric(marts, "HOLE", "SI", "twr")["withheld_reason"]
    assert metric(marts, "HOLE", "MTD", "twr")["value"] is None, "April's last value is before the hole"
    (gap,) = marts.dicts("select * from data_health where check_name = 'nav_gap'")
    assert (gap["account_id"], gap["subject"]) == ("HOLE", "2024-05-06")
    assert marts.rows("select distinct chain_start_date from drawdown where account_id = 'HOLE' order by 1") == [
        (date(2024, 3, 4),), (date(2024, 5, 6),)
    ]  # fmt: skip


def test_unknown_flows_withhold(marts: DbtRun) -> None:
    (row,) = marts.dicts("select * from fct_return_daily where account_id = 'BLIND'")
    assert (row["twr"], row["pnl_base"], row["external_flow_base"]) == (None, None, None)
    assert row["return_status"] == "flows_unknown"
    assert "Cash Transactions" in row["withheld_reason"]


def test_an_account_that_starts_from_nothing(marts: DbtRun) -> None:
    rows = marts.rows(
        "select twr, nav_start_base from fct_return_daily where account_id = 'FRESH' order by return_date"
    )
    assert rows == [(pytest.approx(0.01), 0), (pytest.approx(0.1), 1010)]
    for window in ("MTD", "QTD", "YTD", "SI"):
        assert metric(marts, "FRESH", window, "twr")["value"] == pytest.approx(0.111, abs=1e-14)
        assert metric(marts, "FRESH", window, "net_contributions")["value"] == 1000
    assert metric(marts, "FRESH", "1Y", "twr")["value"] is None


def test_a_total_loss_is_linked(marts: DbtRun) -> None:
    assert metric(marts, "WIPED", "SI", "twr")["value"] == -1
    assert metric(marts, "WIPED", "SI", "max_drawdown")["value"] == -1
    assert (
        metric(marts, "WIPED", "SI", "mwr")["withheld_reason"] == "No rate balances the flows of this window."
    )
    assert marts.rows(
        "select twr, withheld_reason from fct_return_daily where account_id = 'WIPED' order by return_date"
    ) == [
        (-1.0, None), (None, "The account held nothing on this day.")
    ]  # fmt: skip


@pytest.mark.parametrize("account", special_accounts()[-2:], ids=lambda account: account.account_id)
def test_large_and_tiny_values_stay_exact(marts: DbtRun, account: Account) -> None:
    last = account.days[-1]
    (row,) = marts.dicts(f"select * from fct_return_daily where account_id = '{account.account_id}'")
    assert row["inflow_base"] == account.flows[0][1]
    assert row["nav_end_base"] == account.navs[last].quantize(D("1e-10"))
    assert row["twr"] == pytest.approx(float(account.daily_return(last)), rel=1e-9)
