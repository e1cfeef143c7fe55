"""Positions, cash, reconciliation, health and documents of hand-written accounts, against hand-made numbers."""

from datetime import date
from pathlib import Path

import pytest

from tests.support.clean_folder import DbtRun, run_dbt, run_dbt_and_unit_tests, write_clean
from tests.support.marts_books import (
    ALL_SECTIONS,
    FRI,
    MON,
    THU,
    TUE,
    WED,
    D,
    documents,
    holdings,
    merged,
    restated,
    tied,
)

BUILD = {
    "version_id": "000007-abcdef01", "fingerprint": "f" * 64, "built_at": "2024-03-09T06:14:00+00:00",
    "code_version": "1.2.3",
}  # fmt: skip


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> DbtRun:
    folder = tmp_path_factory.mktemp("books")
    everything = merged(
        holdings(),
        tied("TIED"),
        tied("OFF", off=D("0.02")),
        tied("BARE", sections=("Trades",)),
        restated(),
        documents(),
    )
    write_clean(folder / "clean", everything)
    run = run_dbt_and_unit_tests(folder / "dbt", folder / "clean", **BUILD)
    assert run.returncode == 0, run.output
    return run


def test_the_projects_own_tests_pass(marts: DbtRun) -> None:
    kinds = {name.rsplit(".", 1)[-1]: status for name, status in marts.statuses.items()}
    assert set(kinds.values()) == {"success", "pass"}
    assert "a_return_that_is_not_known_is_withheld" in kinds, "the unit tests ran too"


def quantities(marts: DbtRun, key: str) -> dict[date, tuple[D, str]]:
    found = marts.rows(
        f"select position_date, quantity, quantity_basis from fct_position_daily "
        f"where account_id = 'HOLD' and instrument_key = '{key}'"
    )
    return {day: (quantity, basis) for day, quantity, basis in found}


def test_quantities_roll_from_the_snapshot(marts: DbtRun) -> None:
    back, reported, ahead = "rolled_back", "reported", "rolled_forward"
    assert quantities(marts, "stock") == {
        MON: (60, back), TUE: (60, back), WED: (100, reported), THU: (100, ahead), FRI: (100, ahead)
    }  # fmt: skip
    assert quantities(marts, "option")[THU] == (-3, ahead)
    assert quantities(marts, "bond")[THU] == (5500, ahead), "the split adds 1000, the transfer takes 500"
    assert set(quantities(marts, "future")) == {WED, THU, FRI}, "bought on Wednesday"
    assert quantities(marts, "EUR.USD") == {}, "a currency trade is no position"


def test_values_are_the_brokers_or_rounded_as_the_broker_does(marts: DbtRun) -> None:
    found = marts.rows(
        "select instrument_key, position_date, market_value, market_value_base, withheld_reason "
        "from fct_position_daily where account_id = 'HOLD' and asset_class <> 'CASH'"
    )
    value = {(key, day): rest for key, day, *rest in found}
    assert value["stock", WED] == [D("1012.51"), D("911.259"), None]
    assert value["stock", THU] == [D("1012.50"), D("931.5"), None], "the mark's own rate before the day's"
    assert value["stock", TUE] == [D("607.50"), D("558.9"), None]
    assert value["option", THU] == [D("-99.90"), D("-99.90"), None]
    assert value["bond", THU] == [D("5432.10"), D("5432.10"), None], (
        "percent of par, half a cent away from zero"
    )
    assert value["bond", TUE][0] == D("4938.27")
    assert value["future", WED][:2] == [None, None]
    assert "Settled in cash" in value["future", WED][2]
    assert value["unpriced", WED][:2] == [None, None]
    assert "No price" in value["unpriced", WED][2]
    assert value["stock", FRI][0] is None, "no mark on Friday: nothing is carried"


def test_cash_by_currency(marts: DbtRun) -> None:
    found = marts.rows(
        "select currency, position_date, quantity, quantity_basis, instrument_key, fx_rate_to_base, market_value_base "
        "from fct_position_daily where account_id = 'HOLD' and asset_class = 'CASH'"
    )
    cash = {(currency, day): rest for currency, day, *rest in found}
    assert cash["EUR", MON][:2] == [100, "rolled_back"]
    assert cash["EUR", TUE] == [10, "reported", "CASH:EUR", 1, 10]
    assert cash["EUR", WED][:2] == [10, "rolled_forward"]
    assert ("EUR", THU) not in cash, "nothing is left"
    assert cash["USD", TUE][:2] == [-10, "rolled_back"]
    assert cash["USD", WED] == [-7, "reported", "CASH:USD", D("0.9"), D("-6.3")]
    assert cash["USD", FRI][:2] == [-7, "rolled_forward"]
    assert cash["USD", FRI][3:] == [None, None], "no rate on Friday"


def test_current_positions_are_those_of_the_last_day(marts: DbtRun) -> None:
    rows = marts.dicts("select * from position_current where account_id = 'TIED' order by asset_class")
    assert [(r["symbol"], r["quantity"], r["market_value_base"], r["as_of_date"]) for r in rows] == [
        ("EUR", D("1000.75"), D("1000.75"), WED), ("ABC", 6, 144, WED)
    ]  # fmt: skip
    assert sum(r["weight"] for r in rows) == pytest.approx(float(D("1144.75") / D("1145.85")))
    assert rows[1]["unrealized_pnl_base"] == D("23.1")


# Rows held against themselves and their neighbours; the figures that are two cents off stand in none of them.
ROW_CHECKS = {
    "nav_day_components", "position_instrument", "position_rate", "mark_instrument", "mark_rate", "trade_instrument",
    "trade_rate", "lot_rate", "cash_transaction_rate", "accrual_change_rate",
}  # fmt: skip
CHECKS = ROW_CHECKS | {
    "change_in_nav_components", "nav_start", "nav_end", "nav_components", "nav_cash", "nav_stock",
    "nav_dividend_accruals", "cash_report_components", "cash_statement_of_funds", "external_flows", "twr",
    "realized_total", "unrealized_total", "position_unrealized", "trade_net_cash", "trade_realized",
    "pnl_explained", "pnl_mtm", "pnl_dividends", "pnl_dividend_accruals", "pnl_commissions",
    "mtm_total", "mtm_change_in_nav", "mtm_prior_by_symbol", "mtm_transactions_by_symbol", "realized_by_symbol",
    "unrealized_by_symbol", "lots_by_symbol", "position_value_mtm", "position_value_components",
    "interest_accrual_components", "interest_accrual_change", "nav_interest_accruals", "cash_rebuilt",
    "lots_realized", "lots_closed", "lots_quantity", "lots_cost_basis",
}  # fmt: skip


def verdicts(marts: DbtRun, account: str) -> dict[tuple[str, str | None], str]:
    found = marts.rows(
        f"select check_name, currency, status from reconciliation where account_id = '{account}'"
    )
    return {(check, currency): status for check, currency, status in found}


def test_consistent_books_tie_in_every_check(marts: DbtRun) -> None:
    found = verdicts(marts, "TIED")
    assert {check for check, _ in found} == CHECKS
    assert set(found.values()) == {"tied"}
    per_currency = {currency for check, currency in found if check == "cash_report_components"}
    assert per_currency == {"BASE_SUMMARY", "EUR"}
    assert marts.rows(
        "select reconciliation_tied, reconciliation_broken, nav_base, realized_ytd_base from account_summary "
        "where account_id = 'TIED'"
    ) == [(len(found), 0, D("1145.85"), None)]  # fmt: skip


def test_two_cents_break_every_check_but_the_books_own(marts: DbtRun) -> None:
    found = verdicts(marts, "OFF")
    unbroken = {check for (check, _), status in found.items() if status != "broken"}
    of_figures_left_as_they_were = {"lots_closed", "lots_quantity", "lots_cost_basis", *ROW_CHECKS}
    assert unbroken == {"nav_components", *of_figures_left_as_they_were}, (
        "nav_components has no broker's figure"
    )
    (row,) = marts.dicts("select * from reconciliation where account_id = 'OFF' and check_name = 'nav_start'")
    assert (row["ours"], row["broker"], row["difference"]) == (D("1000.50"), D("1000.52"), D("-0.02"))
    assert "Ours is 1000.50, the broker says 1000.52: a difference of -0.02. " in row["explanation"]


def test_the_rows_behind_a_break(marts: DbtRun) -> None:
    found = marts.rows(
        "select check_name, symbol, report_date, difference from reconciliation_row "
        "where account_id = 'OFF' and difference is not null order by all"
    )
    assert [row[0] for row in found] == [
        "lots_by_symbol", "lots_realized", "mtm_prior_by_symbol", "mtm_transactions_by_symbol", "position_unrealized",
        "realized_by_symbol", "trade_net_cash", "trade_net_cash", "trade_realized", "unrealized_by_symbol",
    ]  # fmt: skip
    assert found[4][1:] == ("ABC", WED, D("0.04"))
    assert found[5][1:] == ("ABC", WED, D("-0.04"))
    (row,) = marts.dicts(
        "select * from reconciliation where account_id = 'OFF' and check_name = 'trade_net_cash'"
    )
    assert (row["ours"], row["broker"]) == (0, 2)
    assert marts.rows("select count(*) from reconciliation_row where account_id = 'TIED'") == [(0,)]


def test_what_is_missing_is_named(marts: DbtRun) -> None:
    found = marts.dicts("select * from reconciliation where account_id = 'BARE'")
    status = {row["check_name"]: row["status"] for row in found}
    assert {check for check, verdict in status.items() if verdict == "tied"} == {
        "lots_by_symbol",
        "trade_net_cash",
        "trade_realized",
        "lots_realized",
        "lots_closed",
        "trade_instrument",
        "trade_rate",
        "lot_rate",
    }
    assert "broken" not in status.values()
    says = {row["check_name"]: row["explanation"] for row in found}
    assert (
        says["twr"]
        == "The section Change in NAV (ChangeInNAV) is not in this statement: add it to the Flex query."
    )
    assert "Cash Report (CashReport)" in says["cash_statement_of_funds"]
    missing = {row[0] for row in marts.rows(
        "select section from data_health where check_name = 'missing_section' and account_id = 'BARE'"
    )}  # fmt: skip
    not_needed = {
        "Trades", "OpenDividendAccruals", "FIFOPerformanceSummaryInBase", "MTMPerformanceSummaryInBase",
        "PriorPeriodPositions", "ChangeInPositionValues", "InterestAccruals",
    }  # fmt: skip
    assert missing == set(ALL_SECTIONS) - not_needed


def test_a_break_says_its_probable_cause_and_what_to_do(marts: DbtRun) -> None:
    found = marts.dicts("select * from reconciliation where account_id = 'OFF' and status = 'broken'")
    causes = {row["check_name"]: row["probable_cause"] for row in found}
    assert causes["nav_start"] == causes["cash_report_components"] == "rounding"
    assert causes["twr"] == "unknown", "two cents are more than the rounding of a ratio"
    assert all("acknowledge" in r["explanation"] for r in found if r["probable_cause"] == "rounding")
    bare = marts.rows(
        "select distinct probable_cause from reconciliation where status = 'not_reported' and account_id = 'BARE'"
    )
    assert bare == [("missing_section",)]
    late = marts.rows(
        "select probable_cause from reconciliation where account_id = 'LATE' and explanation like '%these days again%'"
    )
    assert {cause for (cause,) in late} == {"restated"}
    assert (
        marts.rows("select * from reconciliation where status = 'tied' and probable_cause is not null") == []
    )


def test_the_rows_behind_a_broken_sum_add_up_to_our_side(marts: DbtRun) -> None:
    sums = ("external_flows", "realized_total", "unrealized_total", "nav_stock", "nav_dividend_accruals")
    checks = {
        (row["check_name"], row["period_end"]): row
        for row in marts.dicts("select * from reconciliation where account_id = 'OFF' and status = 'broken'")
        if row["check_name"] in sums
    }
    assert {name for name, _ in checks} == set(sums)
    for (name, end), check in checks.items():
        rows = marts.dicts(
            "select * from reconciliation_row where account_id = 'OFF'"
            f" and check_name = '{name}' and period_end = '{end}'"
        )
        ours = [row["ours"] for row in rows if row["ours"] is not None]
        assert sum(ours, D(0)) == check["ours"], name
        told = {row["broker"] for row in rows} - {None}
        assert told <= {check["broker"]}
        assert all(row["document_id"] and row["section"] for row in rows)
    assert marts.rows("select * from reconciliation_row where account_id = 'TIED'") == []


def test_a_total_that_was_corrected_later_is_no_break(marts: DbtRun) -> None:
    (row,) = marts.dicts(
        f"select * from reconciliation where account_id = 'LATE' and check_name = 'nav_end' and period_start = '{TUE}'"
    )
    assert (row["ours"], row["broker"], row["status"]) == (109, 110, "not_reported")
    assert "a newer statement over a longer period" in row["explanation"]


def test_every_row_of_a_document_is_accounted_for(marts: DbtRun) -> None:
    found = marts.rows(
        "select section, rows_read, rows_kept, rows_superseded, rows_rejected, has_clean_table from document_section"
    )
    assert {row[0]: row[1:] for row in found} == {
        "OpenPositions": (5, 3, 2, 0, True),
        "ConversionRates": (4, 1, 1, 2, True),
        "Trades": (2, 0, 2, 0, True),
        "Oracles": (3, 3, 0, 0, False),
    }
    assert marts.rows("select status, count(*) from document group by 1 order by 1") == [
        ("duplicate", 1), ("loaded", 1), ("quarantined", 1)
    ]  # fmt: skip


def test_health_tells_what_is_wrong_with_documents(marts: DbtRun) -> None:
    found = {
        (row["check_name"], row["severity"]): row
        for row in marts.dicts("select * from data_health where document_id in ('D1', 'D2')")
    }
    assert found["quarantined_document", "error"]["detail"] == "Cut off."
    assert found["typing_issue", "warning"]["section"] == "ConversionRates"
    assert found["unknown_column", "info"]["subject"] == "colour"
    assert found["unknown_section", "info"]["subject"] == "Oracles"


def test_build_info_says_what_was_built(marts: DbtRun) -> None:
    (row,) = marts.dicts("select * from build_info")
    assert {name: row[name] for name in ("version_id", "fingerprint", "code_version")} == {
        name: BUILD[name] for name in ("version_id", "fingerprint", "code_version")
    }
    assert row["built_at"].isoformat() == BUILD["built_at"]
    assert (row["documents_loaded"], row["documents_quarantined"]) == (1, 1)
    assert (row["first_date"], row["last_date"]) == (MON, FRI)


def test_the_docs_reach_the_database(marts: DbtRun) -> None:
    bare = marts.rows(
        """select table_name, column_name from duckdb_columns() where schema_name = 'marts' and comment is null
           union all select table_name, null from duckdb_tables() where schema_name = 'marts' and comment is null"""
    )
    assert bare == []
    assert marts.rows("select count(*) > 15 from duckdb_tables() where schema_name = 'marts'") == [(True,)]


def test_a_duplicate_key_stops_the_build(tmp_path: Path) -> None:
    broken = merged(tied("TIED"))
    broken["trades"].append(broken["trades"][0])
    write_clean(tmp_path / "clean", broken)
    run = run_dbt(tmp_path / "dbt", tmp_path / "clean", "--select", "+fct_trade")
    assert run.returncode == 1
    failed = [name for name, status in run.statuses.items() if status == "fail"]
    assert len(failed) == 1
    assert failed[0].startswith("primary_key_fct_trade")
