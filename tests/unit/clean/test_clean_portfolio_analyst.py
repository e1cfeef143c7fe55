"""The portfolio_analyst tables: dates in three formats, thousands, dashes, sums, several tables under one section."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.support.analysis_text import INTRODUCTION, SAMPLE, analysis, csv_bytes, raw_frames
from transforms.clean import CLEAN_TABLES, CleanContext, Cleaned

D = Decimal
LINEAGE = {"document_id", "section", "row_ordinal"}


def build(table: str, *documents: bytes) -> Cleaned:
    frames = raw_frames(*documents)
    return CLEAN_TABLES[f"portfolio_analyst_{table}"].build(
        lambda section: frames[section].lazy() if section in frames else None, CleanContext()
    )


def rows(cleaned: Cleaned, *columns: str) -> list[tuple[Any, ...]]:
    return cleaned.table.select(columns).rows()


def test_key_statistics() -> None:
    section = "Key Statistics"
    cleaned = build(
        "key_statistics",
        analysis(
            [section, "MetaInfo", "Analysis Period", "another"],
            [section, "Header", "BeginningNAV", "EndingNAV", "CumulativeReturn", "5DayReturn",
             "5DayReturnDateRange", "BestReturn", "BestReturnDate", "WorstReturnDate", "MTM",
             "Deposits & Withdrawals", "Fees & Commissions", "ChangeInNAV"],
            [section, "Data", "1,000,000.25", "999.5", "-4.86", "-", "-", "8.88", "20240206", "02/07/24",
             "--", "46,120.26", "", "oops"],
        ),
    )  # fmt: skip
    (row,) = cleaned.table.to_dicts()
    assert row["account_id"] == "U1"
    assert (row["period_start_date"], row["period_end_date"]) == (date(2024, 1, 2), date(2024, 3, 28))
    assert (row["base_currency"], row["performance_measure"]) == ("EUR", "TWR")
    assert (row["beginning_nav"], row["ending_nav"]) == (D("1000000.25"), D("999.5"))
    assert (row["cumulative_return_percent"], row["five_day_return_percent"]) == (D("-4.86"), None)
    assert (row["best_return_date"], row["worst_return_date"]) == (date(2024, 2, 6), date(2024, 2, 7))
    assert (row["mtm"], row["deposits_withdrawals"], row["fees_commissions"]) == (None, D("46120.26"), None)
    assert row["change_in_nav"] is None
    assert cleaned.issues.select("section", "column", "value", "severity").rows() == [
        ("PA.Key Statistics", "ChangeInNAV", "oops", "error")
    ]


def test_returns_of_every_kind() -> None:
    section, daily = "Historical Performance Benchmark Comparison", "Time Period Performance Statistics"
    cleaned = build(
        "performance",
        analysis(
            [section, "Header", "Account", "MTD", "3 Year"],
            [section, "Data", "SPXTR", "-0.51", "72.32"],
            [section, "Data", "U1", "-13.52", "-"],
            [section, "Header", "Month", "BM1", "BM1Return", "BM2", "BM2Return", "Account", "AccountReturn"],
            [section, "Data", "202401", "SPXTR", "1.45", "SPXTR", "1.45", "U1", "-0.23"],
            [section, "Header", "Quarter", "BM1", "BM1Return", "Account", "AccountReturn"],
            [section, "Data", "2024Q1", "", "", "U1", "0.5"],
            [daily, "Header", "Date", "Account", "Return"],
            [daily, "Data", "03/04/24", "U1", "0.01"],
            [daily, "Data", "Total", "U1", "0.01"],
        ),
    )
    found = {
        (subject, is_account, kind, label): value
        for subject, is_account, kind, label, value in rows(
            cleaned, "subject", "is_account", "period_kind", "period_label", "return_percent"
        )
    }
    assert found == {
        ("SPXTR", False, "to_date", "MTD"): D("-0.51"),
        ("SPXTR", False, "to_date", "3 Year"): D("72.32"),
        ("U1", True, "to_date", "MTD"): D("-13.52"),
        ("U1", True, "to_date", "3 Year"): None,
        ("SPXTR", False, "month", "202401"): D("1.45"),
        ("U1", True, "month", "202401"): D("-0.23"),
        ("U1", True, "quarter", "2024Q1"): D("0.5"),
        ("U1", True, "day", "03/04/24"): D("0.01"),
    }
    months = cleaned.table.filter(cleaned.table["period_kind"] == "month")["month_date"].unique().to_list()
    assert months == [date(2024, 1, 1)]
    days = cleaned.table.filter(cleaned.table["period_kind"] == "day")["day_date"].to_list()
    assert days == [date(2024, 3, 4)], "month before day, always"
    assert cleaned.issues.is_empty()


def test_allocation_has_the_classes_that_the_account_has() -> None:
    section = "Allocation by Asset Class"
    cleaned = build(
        "allocation",
        analysis(
            [section, "Header", "Date", "Equities", "Crypto Things", "NAV"],
            [section, "Data", "20240304", "1.50", "-", "1.50"],
            [section, "Data", "03/05/2024", "2.50", "0.00", "2.50"],
        ),
    )
    assert rows(cleaned, "allocation_date", "asset_class", "is_total", "market_value") == [
        (date(2024, 3, 4), "Crypto Things", False, None),
        (date(2024, 3, 4), "Equities", False, D("1.5")),
        (date(2024, 3, 4), "NAV", True, D("1.5")),
        (date(2024, 3, 5), "Crypto Things", False, D(0)),
        (date(2024, 3, 5), "Equities", False, D("2.5")),
        (date(2024, 3, 5), "NAV", True, D("2.5")),
    ]


def test_deposits_and_fees_keep_their_sums_apart() -> None:
    deposits, fees = "Deposits And Withdrawals", "Fee Summary"
    document = analysis(
        [deposits, "Header", "Date", "Account", "Type", "Description", "Amount"],
        [deposits, "Data", "01/05/24", "U1", "Deposit", "Cash, wired", "2,000.00"],
        [deposits, "Data", "12/11/24", "U1", "Withdrawal", "", "-150.5"],
        [deposits, "Data", "Total", "", "", "", "1,849.50"],
        [fees, "Header", "Date", "Description", "Amount"],
        [fees, "Data", "20240119", "Market data", "-4.25"],
        [fees, "Data", "Total", "", "-4.25"],
        [fees, "Data", "13/31/24", "Odd", "-1"],
    )
    found = build("deposits", document)
    assert rows(found, "deposit_date", "flow_type", "amount", "is_total") == [
        (date(2024, 1, 5), "Deposit", D(2000), False),
        (date(2024, 12, 11), "Withdrawal", D("-150.5"), False),
        (None, None, D("1849.5"), True),
    ]
    found = build("fees", document)
    assert rows(found, "fee_date", "amount", "is_total") == [
        (date(2024, 1, 19), D("-4.25"), False),
        (None, D("-4.25"), True),
        (None, D(-1), False),
    ]
    assert found.issues["value"].to_list() == ["20241331"], "a day that does not exist is said, not guessed"


def test_each_analysis_keeps_its_own_rows() -> None:
    """Two analyses of one account and period stand side by side: which is newer, the files do not say."""
    fee = ["Fee Summary", "Header", "Date", "Description", "Amount"]
    one = analysis(fee, ["Fee Summary", "Data", "20240119", "a", "-1"])
    other = analysis(fee, ["Fee Summary", "Data", "20240119", "a", "-2"])
    consolidated = [list(line) for line in INTRODUCTION]
    consolidated[1][3] = "Consolidated"
    third = csv_bytes([*consolidated, fee, ["Fee Summary", "Data", "20240119", "a", "-3"]])
    table = build("fees", one, other, third).table
    assert sorted(table.select("account_id", "amount").rows()) == [
        ("Consolidated", D(-3)), ("U1", D(-2)), ("U1", D(-1)),
    ]  # fmt: skip
    assert table["document_id"].n_unique() == 3


def test_an_analysis_feeds_no_book() -> None:
    frames = raw_frames(SAMPLE.read_bytes()) if SAMPLE.exists() else raw_frames(analysis())
    for name, table in CLEAN_TABLES.items():
        if not name.startswith("portfolio_analyst_"):
            built = table.build(lambda s: frames[s].lazy() if s in frames else None, CleanContext())
            assert built.table.is_empty(), name


@pytest.mark.skipif(not SAMPLE.exists(), reason="needs the documents in ../shared/samples")
def test_the_sample() -> None:
    """Figures read off the file by eye; its own identity holds."""
    document = SAMPLE.read_bytes()
    (key,) = build("key_statistics", document).table.to_dicts()
    parts = ("mtm", "deposits_withdrawals", "dividends", "interest", "fees_commissions", "other")
    assert sum(key[part] for part in parts) == key["change_in_nav"] == D("39545.84")
    assert abs(key["ending_nav"] - key["beginning_nav"] - key["change_in_nav"]) == D("0.01")
    performance = build("performance", document).table
    months = performance.filter((performance["period_kind"] == "month") & performance["is_account"])
    assert months.select("period_label", "return_percent").rows() == [
        ("202601", D("-0.23")), ("202602", D("-7.24")),
    ]  # fmt: skip
    assert set(performance["subject"]) == {"SPXTR", "EFA", "VT", "U1234567"}
    allocation = build("allocation", document).table
    assert allocation.filter("is_total")["market_value"].to_list() == [D("115605.42"), D("155142.25")]
    assert build("fees", document).table["amount"].to_list() == [D("-13.73")]
    assert build("deposits", document).table.is_empty()
    tables = ("key_statistics", "performance", "allocation", "fees", "deposits")
    assert all(build(name, document).issues.is_empty() for name in tables)


def test_sectors_of_symbols_and_of_open_positions() -> None:
    by_symbol, held = "Performance by Symbol", "Open Position Summary"
    found = build(
        "sectors",
        analysis(
            [by_symbol, "Header", "Symbol", "Description", "FinancialInstrument", "Sector", "AvgWeight"],
            [by_symbol, "Data", "KORU", "A FUND", "ETFs", " Broad ", "2.95"],
            [by_symbol, "Data", "Total ETFs", "", "", "", "2.95"],
            [held, "Header", "Date", "FinancialInstrument", "Currency", "Symbol", "Description", "Sector"],
            [held, "Data", "07/17/2026", "Options", "USD", "ALIT  260821C00023000", "A CALL", "Technology"],
            [held, "Data", "Total", "Options", "USD", "", "", ""],
        ),
    )
    assert rows(found, "account_id", "section", "symbol", "instrument_kind", "sector") == [
        ("U1", "PA.Open Position Summary", "ALIT  260821C00023000", "Options", "Technology"),
        ("U1", "PA.Open Position Summary", None, "Options", None),
        ("U1", "PA.Performance by Symbol", "KORU", "ETFs", "Broad"),
        ("U1", "PA.Performance by Symbol", "Total ETFs", None, None),
    ]
    assert found.issues.is_empty()
