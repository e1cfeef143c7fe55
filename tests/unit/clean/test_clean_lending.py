"""Securities lent and borrowed, and currencies held and traded."""

from datetime import date
from decimal import Decimal

import polars as pl

from tests.support.raw_frames import clean, element, flex_document, section, statement

OLDER = "20240201;060000"
NEWER = "20240202;060000"
ABC = {
    "accountId": "U1",
    "currency": "USD",
    "fxRateToBase": "0.9",
    "assetCategory": "STK",
    "symbol": "ABC",
    "conid": "1001",
}


def table(name: str, *documents: bytes) -> pl.DataFrame:
    return clean(documents, [name])[name].table


def one(name: str, *rows: str, **more: str) -> bytes:
    return flex_document(statement(section(name, *rows), **more))


def test_rows_of_one_loan_are_told_apart_by_content() -> None:
    loan = {**ABC, "slbTransactionId": "SLB.1", "type": "ManagedLoan", "date": "20240110", "quantity": "-100"}
    rows = (
        element("SLBActivity", **loan, activityDescription="New Loan Allocation", collateralAmount="1050"),
        element("SLBActivity", **loan, activityDescription="Mark to Market", collateralAmount="5"),
    )
    again = one("SLBActivities", *rows, generated=NEWER, end="20240201")
    found = table("slb_activities", one("SLBActivities", *rows, generated=OLDER), again)
    assert sorted(found["collateral_amount"]) == [Decimal(5), Decimal(1050)]
    assert set(found["loan_id"]) == {"SLB.1"}


def test_open_contracts_are_the_newest_statements_and_may_be_none() -> None:
    def contract(**attributes: str) -> str:
        facts = {
            "slbTransactionId": "SLB.1",
            "quantity": "-100",
            "feeRate": "4.5",
            "collateralAmount": "1050",
        }
        return element("SLBOpenContract", **{**ABC, **facts, **attributes})

    summary = contract(levelOfDetail="SUMMARY", slbTransactionId="", quantity="-150")
    details = (contract(levelOfDetail="DETAIL"), contract(levelOfDetail="DETAIL", quantity="-50"))
    other = contract(conid="1002", symbol="DEF", levelOfDetail="DETAIL")
    held = one("SLBOpenContracts", summary, *details, other, generated=OLDER)
    found = table("slb_open_contracts", held)
    assert sorted(found.select("symbol", "quantity").rows()) == [
        ("ABC", Decimal(-150)),
        ("DEF", Decimal(-100)),
    ]
    assert set(found["report_date"]) == {date(2024, 1, 31)}
    assert table("slb_open_contracts", held, one("SLBOpenContracts", generated=NEWER)).is_empty()


def test_lending_and_borrowing_fees_are_by_day() -> None:
    lent = {**ABC, "valueDate": "20240110", "startDate": "20240102", "uniqueID": "9", "type": "ManagedLoan"}
    fee = element(
        "SLBFee", **lent, quantity="-100", grossLendFee="0.4", netLendFee="0.2", netLendFeeRate="2.25"
    )
    (row,) = table("slb_fees", one("SLBFees", fee)).rows(named=True)
    assert (row["report_date"], row["start_date"]) == (date(2024, 1, 10), date(2024, 1, 2))
    assert (row["net_lend_fee"], row["net_lend_fee_rate_percent"]) == (Decimal("0.2"), Decimal("2.25"))
    borrowed = {**ABC, "quantity": "-30", "borrowFeeRate": "0.3804", "borrowFee": "-0.03"}
    days = [element("HardToBorrowDetail", **borrowed, valueDate=day) for day in ("20240110", "20240111")]
    found = table("borrow_fees", one("HardToBorrowDetails", *days))
    assert found.sort("report_date").select("report_date", "borrow_fee").rows() == [
        (date(2024, 1, 10), Decimal("-0.03")),
        (date(2024, 1, 11), Decimal("-0.03")),
    ]


def held(tag: str, **attributes: str) -> str:
    facts = {
        "accountId": "U1",
        "assetCategory": "CASH",
        "reportDate": "20240131",
        "functionalCurrency": "USD",
    }
    figures = {
        "fxCurrency": "CAD",
        "quantity": "12",
        "costPrice": "0.75",
        "costBasis": "-9",
        "unrealizedPL": "0.1",
    }
    return element(tag, **{**facts, **figures, **attributes})


def test_a_currency_is_its_summary_or_its_lots() -> None:
    lots = held("FxLot", levelOfDetail="LOT", quantity="5") + held("FxLot", levelOfDetail="LOT", quantity="7")
    cad = held("FxPosition", levelOfDetail="SUMMARY") + f"<FxLots>{lots}</FxLots>"
    eur = held("FxLot", fxCurrency="EUR", quantity="1") + held("FxLot", fxCurrency="EUR", quantity="2")
    found = table("fx_positions", one("FxPositions", cad, f"<FxLots>{eur}</FxLots>"))
    assert found.select("position_key", "level", "quantity").rows() == [
        ("CAD:USD:0", "SUMMARY", Decimal(12)),
        ("EUR:USD:0", "LOT", Decimal(1)),
        ("EUR:USD:1", "LOT", Decimal(2)),
    ]


def test_equal_currency_movements_are_kept_and_not_counted_over_documents() -> None:
    moved = element(
        "FxTransaction",
        accountId="U1",
        reportDate="20240110",
        functionalCurrency="CHF",
        fxCurrency="CAD",
        activityDescription="STK: 100 ABC",
        dateTime="20240110;151351",
        quantity="-232",
        proceeds="-216.21008",
        cost="216.21008",
        realizedPL="0",
        levelOfDetail="TRANSACTION",
    )
    found = table(
        "fx_transactions",
        one("FxTransactions", moved, moved, generated=OLDER),
        one("FxTransactions", moved, moved, generated=NEWER, start="20240110", end="20240110"),
    )
    assert (
        found.select("currency", "functional_currency", "quantity", "cost").rows()
        == [("CAD", "CHF", Decimal(-232), Decimal("216.21008"))] * 2
    )
