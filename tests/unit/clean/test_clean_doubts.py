"""Rows that are doubted (of no day of their statement, without a currency) stand, and are named."""

from datetime import date

import polars as pl
import pytest

from tests.support.raw_frames import cash, clean, element, flex_document, section, statement
from transforms.clean.model import Cleaned


def built(table: str, part: str) -> Cleaned:
    return clean([flex_document(statement(part))], [table])[table]


def told(made: Cleaned) -> list[tuple[str, str, str]]:
    return made.issues.select("column", "value", "severity").rows()


@pytest.mark.parametrize(("day", "found"), [("20240131", []), ("20240201", ["2024-02-01"])])
def test_a_transaction_that_is_booked_after_its_statement(day: str, found: list[str]) -> None:
    made = built("cash_transactions", section("CashTransactions", cash(reportDate=day)))
    assert told(made) == [("reportDate", value, "warning") for value in found]
    assert made.table.height == 1


def test_a_transaction_without_a_report_date_is_not_compared() -> None:
    made = built(
        "cash_transactions", section("CashTransactions", cash(reportDate="", dateTime="20230101;100000"))
    )
    assert [value for _, value, _ in told(made) if value] == []


@pytest.mark.parametrize(("day", "found"), [("20240131", []), ("20210131", ["2021-01-31"])])
def test_a_position_of_another_day_than_its_statement_tells(day: str, found: list[str]) -> None:
    row = element("OpenPosition", currency="USD", conid="1", symbol="ABC", assetCategory="STK", reportDate=day,
                  position="5", positionValue="5", levelOfDetail="SUMMARY")  # fmt: skip
    made = built("positions", section("OpenPositions", row))
    assert told(made) == [("reportDate", value, "warning") for value in found]
    assert made.table["report_date"].to_list() == [date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}")]


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("20240101", "20240131", []),
        ("20240101", "20240831", [("toDate", "2024-08-31", "warning")]),
        ("20240102", "20240131", [("fromDate", "2024-01-02", "warning")]),
        ("", "", []),
    ],
)
def test_a_cash_report_of_another_period(start: str, end: str, found: list[tuple[str, str, str]]) -> None:
    row = element("CashReportCurrency", currency="USD", fromDate=start, toDate=end, endingCash="1")
    assert told(built("cash_balances", section("CashReport", row))) == found


@pytest.mark.parametrize(("other", "found"), [("USD", [2]), ("", [])])
def test_a_row_without_a_currency_among_others_that_have_one(other: str, found: list[int]) -> None:
    rows = (cash(transactionID="1", currency=other), cash(transactionID="2", currency=""))
    made = built("cash_transactions", section("CashTransactions", *rows))
    named = made.issues.filter(pl.col("column") == "currency")
    assert made.table.height == 2
    assert [row + 1 for row in named["row_ordinal"]] == found
