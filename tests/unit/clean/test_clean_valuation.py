"""Net asset value by day and over a period, exchange rates."""

from datetime import date
from decimal import Decimal

import polars as pl

from tests.support.raw_frames import clean, element, flex_document, section, statement

OLDER = "20240201;060000"
NEWER = "20240202;060000"


def nav_row(day: str, total: str, **attributes: str) -> str:
    facts = {
        "accountId": "U1",
        "reportDate": day,
        "cash": "40",
        "stock": str(Decimal(total) - 40),
        "total": total,
    }
    return element("EquitySummaryByReportDateInBase", **{**facts, **attributes})


def nav(*documents: bytes) -> pl.DataFrame:
    return clean(documents, ["nav_daily"])["nav_daily"].table


def days(*rows: str, **more: str) -> bytes:
    return flex_document(statement(section("EquitySummaryInBase", *rows), **more))


def test_components_are_taken_and_long_and_short_twins_are_not() -> None:
    table = nav(
        days(
            nav_row(
                "20240110", "100", stockLong="70", stockShort="-10", cryptoLong="", brokerCashComponent="40"
            )
        )
    )
    told = {name: value for name, value in table.row(0, named=True).items() if isinstance(value, Decimal)}
    assert told == {"cash": 40, "stock": 60, "broker_cash_component": 40, "total": 100}


def test_the_day_before_is_the_row_before_it_in_the_same_statement() -> None:
    table = nav(days(nav_row("20240112", "103"), nav_row("20240110", "100"), nav_row("20240111", "102")))
    assert table.select("report_date", "previous_report_date", "total").rows() == [
        (date(2024, 1, 10), None, Decimal(100)),
        (date(2024, 1, 11), date(2024, 1, 10), Decimal(102)),
        (date(2024, 1, 12), date(2024, 1, 11), Decimal(103)),
    ]


def test_over_documents_the_closest_day_before_counts_and_a_gap_stays_a_gap() -> None:
    daily = days(nav_row("20240110", "100"), nav_row("20240111", "102"), generated=OLDER)
    weekly = days(nav_row("20240105", "90"), nav_row("20240111", "102"), generated=NEWER)
    later = days(nav_row("20240301", "120"), nav_row("20240304", "121"), generated="20240305;060000")
    table = nav(daily, weekly, later)
    assert table.select("report_date", "previous_report_date").rows() == [
        (date(2024, 1, 5), None),
        (date(2024, 1, 10), None),
        (date(2024, 1, 11), date(2024, 1, 10)),
        (date(2024, 3, 1), None),
        (date(2024, 3, 4), date(2024, 3, 1)),
    ]


def test_a_correction_of_the_prior_day_in_a_newer_document_wins() -> None:
    first = days(nav_row("20240110", "100"), generated="20240111;060000", start="20240110", end="20240110")
    second = days(
        nav_row("20240110", "100.5"),
        nav_row("20240111", "102"),
        generated="20240112;060000",
        start="20240111",
        end="20240111",
    )
    assert nav(second, first)["total"].to_list() == [Decimal("100.5"), Decimal(102)]


def test_the_accounts_own_row_stands_before_a_consolidated_one_and_the_whole_before_a_model() -> None:
    rows = [
        nav_row("20240110", "900", accountId="-"),
        nav_row("20240110", "30", model="Growth"),
        nav_row("20240110", "100", model=""),
    ]
    cleaned = clean([days(*rows)], ["nav_daily"])["nav_daily"]
    assert cleaned.table["total"].to_list() == [100]
    assert cleaned.issues.is_empty()


def test_a_newer_consolidated_row_does_not_replace_the_accounts_own() -> None:
    documents = [
        days(nav_row("20240110", "100"), generated=OLDER),
        days(nav_row("20240110", "900", accountId="-"), generated=NEWER),
    ]
    assert nav(*documents)["total"].to_list() == [100]


def test_two_rows_of_a_day_without_a_whole_are_told() -> None:
    rows = [nav_row("20240110", "30", model="Growth"), nav_row("20240110", "70", model="Income")]
    cleaned = clean([days(*rows)], ["nav_daily"])["nav_daily"]
    assert cleaned.table["total"].to_list() == [30]
    assert cleaned.issues.select("row_ordinal", "severity").rows() == [(1, "warning")]


def test_a_day_that_cannot_be_read_is_left_out_and_told() -> None:
    cleaned = clean([days(nav_row("20240110", "100"), nav_row("01/02/2024", "5"))], ["nav_daily"])[
        "nav_daily"
    ]
    assert cleaned.table["total"].to_list() == [100]
    assert cleaned.issues["value"].drop_nulls().to_list() == ["01/02/2024"]
    assert set(cleaned.issues["row_ordinal"]) == {1}


def test_change_in_nav_is_the_newest_of_its_period() -> None:
    facts = {
        "accountId": "U1",
        "fromDate": "20240101",
        "toDate": "20240131",
        "startingValue": "100",
        "mtm": "8.31",
    }
    tail = {
        "changeInDividendAccruals": "0.98",
        "withholding871m": "0",
        "endingValue": "109.29",
        "twr": "8.310000001",
    }
    older = flex_document(statement(element("ChangeInNAV", **facts, **tail), generated=OLDER))
    newer = flex_document(
        statement(element("ChangeInNAV", **facts, **{**tail, "endingValue": "109.3"}), generated=NEWER)
    )
    table = clean([newer, older], ["change_in_nav"])["change_in_nav"].table
    told = {name: value for name, value in table.row(0, named=True).items() if isinstance(value, Decimal)}
    assert told == {
        "starting_value": 100,
        "mtm": Decimal("8.31"),
        "change_in_dividend_accruals": Decimal("0.98"),
        "withholding_871m": 0,
        "ending_value": Decimal("109.3"),
        "twr_percent": Decimal("8.310000001"),
    }
    assert table.select("period_start_date", "period_end_date", "section", "row_ordinal").rows() == [
        (date(2024, 1, 1), date(2024, 1, 31), "ChangeInNAV", 0)
    ]


def rate(value: str, **attributes: str) -> str:
    facts = {"reportDate": "20240110", "fromCurrency": "USD", "toCurrency": "EUR", "rate": value}
    return element("ConversionRate", **{**facts, **attributes})


def rates(*rows: str, **more: str) -> bytes:
    return flex_document(statement(section("ConversionRates", *rows), **more))


def test_the_newest_rate_of_a_day_wins() -> None:
    documents = [rates(rate("0.91"), generated=NEWER), rates(rate("0.9"), generated=OLDER)]
    assert clean(documents, ["fx_rates"])["fx_rates"].table["rate"].to_list() == [Decimal("0.91")]


def test_minus_one_is_no_rate_and_does_not_replace_one() -> None:
    documents = [rates(rate("0.9"), generated=OLDER), rates(rate("-1"), generated=NEWER)]
    cleaned = clean(documents, ["fx_rates"])["fx_rates"]
    assert cleaned.table["rate"].to_list() == [Decimal("0.9")]
    assert cleaned.issues.select("row_ordinal", "column", "value", "severity").rows() == [
        (0, "rate", "-1", "warning")
    ]


def test_a_rate_that_cannot_be_read_is_left_out_and_told() -> None:
    cleaned = clean([rates(rate("n.a."), rate("0.9", fromCurrency="GBP"))], ["fx_rates"])["fx_rates"]
    assert cleaned.table["from_currency"].to_list() == ["GBP"]
    assert cleaned.issues["row_ordinal"].unique().to_list() == [0]
    assert "n.a." in cleaned.issues["value"].to_list()
