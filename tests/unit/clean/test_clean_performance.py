"""Summaries by symbol and asset class, interest accruals and details."""

from datetime import date
from decimal import Decimal

import polars as pl

from tests.support.raw_frames import clean, element, flex_document, section, statement

OLDER = "20240201;060000"
NEWER = "20240202;060000"


def table(name: str, *documents: bytes) -> pl.DataFrame:
    return clean(documents, [name])[name].table


def one(name: str, *rows: str, **more: str) -> bytes:
    return flex_document(statement(section(name, *rows), **more))


def mtm_row(**attributes: str) -> str:
    facts = {
        "accountId": "U1",
        "assetCategory": "STK",
        "symbol": "ABC",
        "conid": "1001",
        "description": "ABC INC",
    }
    figures = {
        "prevCloseQuantity": "10",
        "prevClosePrice": "9.5",
        "closeQuantity": "12",
        "closePrice": "10",
        "transactionMtm": "1.5",
        "priorOpenMtm": "5",
        "corpActionMtm": "0.25",
        "commissions": "-1",
        "other": "0",
        "total": "5.75",
    }
    return element("MTMPerformanceSummaryUnderlying", **{**facts, **figures, **attributes})


def mtm(*rows: str, **more: str) -> bytes:
    return one("MTMPerformanceSummaryInBase", *rows, **more)


def test_a_mark_to_market_row_is_typed() -> None:
    row = table("mtm_performance", mtm(mtm_row())).row(0, named=True)
    assert (row["period_start_date"], row["period_end_date"]) == (date(2024, 1, 1), date(2024, 1, 31))
    assert (row["instrument_key"], row["row_kind"]) == ("1001", "instrument")
    names = ("prior_quantity", "prior_price", "quantity", "price", "transaction_mtm", "prior_open_mtm")
    assert [row[name] for name in names] == [Decimal(t) for t in ("10", "9.5", "12", "10", "1.5", "5")]
    assert (row["corporate_action_mtm"], row["commissions"], row["total"]) == (
        Decimal("0.25"),
        Decimal(-1),
        Decimal("5.75"),
    )
    assert (row["dividends"], row["total_with_accruals"]) == (None, None)


def test_currencies_other_causes_and_totals_are_told_apart() -> None:
    nothing = {"assetCategory": "", "symbol": "", "conid": ""}
    rows = (
        mtm_row(),
        mtm_row(assetCategory="CASH", symbol="USD", conid="1029", description="USD"),
        mtm_row(**nothing, description="Other Fees"),
        mtm_row(**nothing, description="Total P/L"),
        mtm_row(conid="7", symbol="TOTL", description="Total Energies"),
    )
    found = table("mtm_performance", mtm(*rows))
    assert dict(found.select("description", "row_kind").rows()) == {
        "ABC INC": "instrument",
        "USD": "currency",
        "Other Fees": "other",
        "Total P/L": "total",
        "Total Energies": "instrument",
    }


def test_the_newest_summary_of_a_period_stands_as_a_whole() -> None:
    first = mtm(mtm_row(), mtm_row(conid="2", symbol="GONE", description="GONE"), generated=OLDER)
    second = mtm(mtm_row(total="6"), generated=NEWER)
    other_period = mtm(mtm_row(total="7"), generated=OLDER, start="20240201", end="20240229")
    found = table("mtm_performance", second, first, other_period)
    assert found["total"].to_list() == [Decimal(6), Decimal(7)]


def value_row(**attributes: str) -> str:
    facts = {"accountId": "U1", "currency": "BASE_SUMMARY", "assetCategory": "STK", "priorPeriodValue": "100"}
    moved = {"transactions": "50", "mtmPriorPeriodPositions": "3.33", "mtmTransactions": "-1"}
    return element("ChangeInPositionValue", **{**facts, **moved, "endOfPeriodValue": "152.33", **attributes})


def test_change_in_position_values_has_a_row_per_currency_and_asset_class() -> None:
    found = table(
        "position_value_changes",
        one("ChangeInPositionValues", value_row(), value_row(assetCategory="OPT"), value_row(currency="USD")),
        one("ChangeInPositionValues", value_row(endOfPeriodValue="153"), generated=NEWER),
    )
    assert found.select("currency", "asset_class", "end_of_period_value").rows() == [
        ("BASE_SUMMARY", "STK", Decimal(153))
    ]
    row = found.row(0, named=True)
    assert row["mtm_prior_period_positions"] == Decimal("3.33")
    assert (row["transactions"], row["mtm_transactions"]) == (Decimal(50), Decimal(-1))
    assert row["corporate_actions"] is None


def accrual(currency: str, start: str, end: str, **attributes: str) -> str:
    facts = {"accountId": "U1", "fromDate": "20240101", "toDate": "20240131", "currency": currency}
    moved = {
        "startingAccrualBalance": start,
        "interestAccrued": "2.5",
        "accrualReversal": "-1",
        "fxTranslation": "0",
    }
    return element(
        "InterestAccrualsCurrency", **{**facts, **moved, "endingAccrualBalance": end, **attributes}
    )


def test_interest_accruals_are_by_period_and_currency() -> None:
    older = one(
        "InterestAccruals", accrual("BASE_SUMMARY", "1", "2.5"), accrual("USD", "1", "2.5"), generated=OLDER
    )
    newer = one(
        "InterestAccruals", accrual("BASE_SUMMARY", "1", "2.6", interestAccrued="2.6"), generated=NEWER
    )
    found = table("interest_accruals", older, newer)
    assert found.select("currency", "starting_accrual", "interest_accrued", "ending_accrual").rows() == [
        ("BASE_SUMMARY", Decimal(1), Decimal("2.6"), Decimal("2.6"))
    ]


def detail(**attributes: str) -> str:
    facts = {"accountId": "U1", "currency": "USD", "fxRateToBase": "0.9", "interestType": "Credit Interest"}
    days = {"valueDate": "20240105", "reportDate": "20240108"}
    figures = {
        "tierBreak": "1",
        "balanceThreshold": "10,000",
        "totalPrincipal": "25000",
        "rate": "4.33",
        "totalInterest": "1.78",
    }
    return element("TierInterestDetail", **{**facts, **days, **figures, **attributes})


def test_equal_interest_rows_of_one_statement_are_two_and_of_two_statements_one() -> None:
    found = table(
        "interest_details",
        one("TierInterestDetails", detail(), detail(), detail(tierBreak="2"), generated=OLDER),
        one(
            "TierInterestDetails",
            detail(),
            detail(),
            detail(tierBreak="2"),
            generated=NEWER,
            start="20240102",
        ),
    )
    assert found.height == 3
    row = found.row(0, named=True)
    assert (row["value_date"], row["report_date"]) == (date(2024, 1, 5), date(2024, 1, 8))
    assert (row["balance_threshold"], row["rate_percent"], row["total_interest"]) == (
        Decimal(10000),
        Decimal("4.33"),
        Decimal("1.78"),
    )
