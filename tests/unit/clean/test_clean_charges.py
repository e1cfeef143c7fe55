"""Taxes, client fees, CFD charges, card payments: one row a fact, at the finest level, the newest document's."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

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


def tax(tag: str = "TransactionTax", **attributes: str) -> str:
    facts = {
        "date": "20240110",
        "reportDate": "20240111",
        "taxDescription": "UK Stamp Tax",
        "taxAmount": "-5.25",
    }
    return element(
        tag, **{**ABC, **facts, "tradeId": "7001", "quantity": "100", "tradePrice": "10.5", **attributes}
    )


def test_a_summary_tax_stands_only_where_no_detail_reports_it() -> None:
    detail = tax(levelOfDetail="DETAIL")
    summary = tax(levelOfDetail="SUMMARY", tradeId="", reportDate="20240111")
    alone = tax(levelOfDetail="SUMMARY", tradeId="", conid="1002", symbol="DEF", taxAmount="-2")
    found = table("transaction_taxes", one("TransactionTaxes", summary, detail, detail, alone))
    assert sorted(found.select("level", "tax_amount", "trade_id").rows(), key=str) == [
        ("DETAIL", Decimal("-5.25"), "7001"),
        ("DETAIL", Decimal("-5.25"), "7001"),
        ("SUMMARY", Decimal(-2), None),
    ]
    assert set(found["report_date"]) == {date(2024, 1, 11)}
    assert set(found["tax_date"]) == {date(2024, 1, 10)}


def test_a_detail_element_is_finer_than_a_tax_that_names_no_level() -> None:
    rows = (
        tax(),
        tax("TransactionTaxDetail", taxAmount="-5"),
        tax("TransactionTaxDetail", taxAmount="-0.25"),
    )
    found = table("transaction_taxes", one("TransactionTaxes", *rows))
    assert sorted(found["tax_amount"]) == [Decimal(-5), Decimal("-0.25")]


def sales_tax(**attributes: str) -> str:
    facts = {
        "accountId": "U1",
        "currency": "USD",
        "fxRateToBase": "1",
        "date": "20240102",
        "country": "Austria",
        "taxType": "VAT",
        "payer": "U1",
        "taxableDescription": "NYSE Level I",
        "taxableAmount": "-1.5",
        "taxRate": "0.2",
        "salesTax": "-0.3",
        "taxableTransactionID": "457125105",
        "transactionID": "457155535",
    }
    return element("SalesTax", **{**facts, **attributes})


def test_a_corrected_sales_tax_is_one_row() -> None:
    first = one("SalesTaxes", sales_tax(), sales_tax(transactionID="457155536"), generated=OLDER)
    second = one("SalesTaxes", sales_tax(salesTax="-0.31"), generated=NEWER)
    found = table("sales_taxes", second, first).sort("tax_key")
    assert found.select("tax_key", "sales_tax", "tax_rate", "report_date").rows() == [
        ("457155535", Decimal("-0.31"), Decimal("0.2"), date(2024, 1, 2)),
        ("457155536", Decimal("-0.3"), Decimal("0.2"), date(2024, 1, 2)),
    ]


def test_client_fees_and_their_details_are_two_tables() -> None:
    fee = {
        **ABC,
        "date": "20240110",
        "feeType": "Commission Markup",
        "tradeID": "7001",
        "execID": "00.01",
        "revenue": "3",
        "expense": "-1",
        "net": "2",
        "netInBase": "1.8",
    }
    parts = {
        "accountId": "U1",
        "currency": "USD",
        "date": "20240110",
        "tradeID": "7001",
        "totalRevenue": "3",
        "totalCommission": "-1",
        "regSection31TransactionFee": "-0.02",
        "totalNet": "2",
    }
    document = flex_document(
        statement(
            section("ClientFees", element("ClientFee", **fee)),
            section("ClientFeesDetail", element("ClientFeesDetail", **parts)),
        )
    )
    (row,) = table("client_fees", document).rows(named=True)
    assert (row["fee_type"], row["revenue"], row["net_base"]) == (
        "Commission Markup",
        Decimal(3),
        Decimal("1.8"),
    )
    assert (row["exec_id"], row["report_date"]) == ("00.01", date(2024, 1, 10))
    (row,) = table("client_fee_details", document).rows(named=True)
    assert (row["total_revenue"], row["section_31_transaction_fee"]) == (Decimal(3), Decimal("-0.02"))


@pytest.mark.parametrize("name", ["transactionID", "transactionId"])
def test_a_cfd_charge_is_typed(name: str) -> None:
    charge = element(
        "CFDCharge",
        **{**ABC, "assetCategory": "CFD"},
        date="20240110",
        activityDescription="Financing",
        received="0",
        paid="-1.25",
        total="-1.25",
        **{name: "81"},
    )
    (row,) = table("cfd_charges", one("CFDCharges", charge)).rows(named=True)
    assert (row["transaction_id"], row["amount"], row["paid"]) == ("81", Decimal("-1.25"), Decimal("-1.25"))
    assert row["report_date"] == date(2024, 1, 10)


def card(currency: str, amount: str, merchant: str = "CAFE") -> str:
    return element(
        "DebitCardActivity",
        accountId="U1",
        currency=currency,
        fxRateToBase="1",
        status="Settled",
        reportDate="20240110",
        postingDate="20240111",
        transactionDateTime="20240109;172030",
        category="RETAIL",
        merchantNameLocation=merchant,
        amount=amount,
    )


def test_a_card_payment_in_base_stands_only_where_no_currencys_row_tells_it() -> None:
    rows = (card("BASE_SUMMARY", "-9"), card("USD", "-10"), card("BASE_SUMMARY", "-5", "BAKERY"))
    found = table("debit_card_activities", one("DebitCardActivities", *rows)).sort("amount")
    assert found.select("currency", "merchant", "amount").rows() == [
        ("USD", "CAFE", Decimal(-10)),
        ("BASE_SUMMARY", "BAKERY", Decimal(-5)),
    ]
    assert found["transaction_at"][0] == datetime(2024, 1, 9, 22, 20, 30, tzinfo=UTC)
