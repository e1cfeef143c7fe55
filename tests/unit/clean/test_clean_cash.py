"""Cash: transactions, balances of a period, the statement of funds."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from tests.support.raw_frames import cash, clean, element, flex_document, section, statement

OLDER = "20240201;060000"
NEWER = "20240202;060000"


def transactions(*documents: bytes) -> pl.DataFrame:
    return clean(documents, ["cash_transactions"])["cash_transactions"].table


def one(*rows: str, generated: str = OLDER, **more: str) -> bytes:
    return flex_document(statement(section("CashTransactions", *rows), generated=generated, **more))


def summary(**attributes: str) -> str:
    return cash(
        **{
            "levelOfDetail": "SUMMARY",
            "transactionID": "",
            "accountId": "-",
            "dateTime": "20240115",
            **attributes,
        }
    )


def test_a_cash_transaction_is_typed_field_by_field() -> None:
    row = transactions(one(cash(exDate="20240102", code="Po", tradeID=""))).row(0, named=True)
    assert row == {
        "account_id": "U1",
        "cash_key": "5001",
        "transaction_id": "5001",
        "trade_id": None,
        "action_id": "301",
        "level": "DETAIL",
        "type": "Dividends",
        "category": "dividend",
        "instrument_key": "1001",
        "conid": 1001,
        "symbol": "ABC",
        "description": "ABC INC",
        "currency": "USD",
        "amount": Decimal("12.5"),
        "fx_rate_to_base": Decimal("0.9"),
        "paid_at": datetime(2024, 1, 16, 1, 20, tzinfo=UTC),
        "report_date": date(2024, 1, 16),
        "settle_date": date(2024, 1, 15),
        "ex_date": date(2024, 1, 2),
        "code": "Po",
        "document_id": row["document_id"],
        "section": "CashTransactions",
        "row_ordinal": 0,
    }


def test_summary_and_detail_twins_count_once() -> None:
    details = [cash(amount="7"), cash(amount="5.5", transactionID="5002")]
    table = transactions(one(*details, summary(amount="12.5")))
    assert table["level"].unique().to_list() == ["DETAIL"]
    assert table["amount"].sum() == Decimal("12.5")


def test_a_summary_stands_where_no_detail_tells_the_same() -> None:
    table = transactions(one(cash(), summary(), summary(type="Other Fees", amount="-3", conid="", symbol="")))
    assert table.select("category", "level", "amount").sort("amount").rows() == [
        ("fee", "SUMMARY", Decimal(-3)),
        ("dividend", "DETAIL", Decimal("12.5")),
    ]


def test_a_row_for_account_dash_belongs_to_its_statement_where_nothing_finer_stands() -> None:
    table = transactions(one(summary(), account="U7"))
    assert table.select("account_id", "amount").rows() == [("U7", Decimal("12.5"))]


def test_a_dash_row_of_the_same_level_is_a_copy() -> None:
    table = transactions(one(cash(accountId="-", transactionID=""), cash()))
    assert table.select("account_id", "transaction_id").rows() == [("U1", "5001")]


def test_a_dash_row_is_a_copy_where_its_statement_names_another_account() -> None:
    table = transactions(one(summary(), cash(accountId="U2"), account="U1"))
    assert table.select("account_id", "level").rows() == [("U2", "DETAIL")]


def test_a_summary_that_merges_days_is_dropped_without_report_dates_too() -> None:
    days = {"reportDate": "", "conid": "", "symbol": "", "type": "Deposits/Withdrawals"}
    rows = [
        cash(amount="2731", dateTime="20250204;202755", **days),
        cash(amount="1900", dateTime="20250205;200921", transactionID="5002", **days),
        summary(amount="4631", **{**days, "dateTime": "20250203"}),
    ]
    assert transactions(one(*rows))["amount"].to_list() == [2731, 1900]


@pytest.mark.parametrize(
    ("type_text", "category"),
    [
        ("Deposits/Withdrawals", "deposit_withdrawal"),
        ("Deposits & Withdrawals", "deposit_withdrawal"),
        ("Dividends", "dividend"),
        ("Payment In Lieu Of Dividends", "payment_in_lieu"),
        ("Withholding Tax", "withholding_tax"),
        ("871(m) Withholding", "withholding_tax"),
        ("Broker Interest Paid", "broker_interest"),
        ("Broker Interest Received", "broker_interest"),
        ("Bond Interest Paid", "bond_interest"),
        ("Bond Interest Received", "bond_interest"),
        ("Other Fees", "fee"),
        ("Advisor Fees", "fee"),
        ("Commission Adjustments", "commission_adjustment"),
        ("Price Adjustments", "price_adjustment"),
        ("Something New", "other"),
        ("", "other"),
    ],
)
def test_types_have_a_category_and_stay_in_the_brokers_words(type_text: str, category: str) -> None:
    table = transactions(one(cash(type=type_text)))
    assert table.select("type", "category").row(0) == (type_text or None, category)


def test_withholding_of_january_reported_in_october_is_booked_in_october() -> None:
    row = cash(type="Withholding Tax", amount="1.87", dateTime="20240115;202000", reportDate="20241003")
    table = transactions(one(row, start="20241001", end="20241031", generated="20241101;060000"))
    assert table["report_date"].to_list() == [date(2024, 10, 3)]
    assert table["paid_at"].to_list() == [datetime(2024, 1, 16, 1, 20, tzinfo=UTC)]


def test_a_reversal_keeps_its_sign() -> None:
    table = transactions(one(cash(), cash(amount="-12.5", transactionID="5002", code="Re")))
    assert table["amount"].to_list() == [Decimal("12.5"), Decimal("-12.5")]
    assert table["category"].to_list() == ["dividend", "dividend"]


def test_a_reversal_in_october_does_not_hide_the_january_row_where_report_dates_are_not_selected() -> None:
    tax = {"type": "Withholding Tax", "transactionID": "", "reportDate": ""}
    january = one(cash(amount="-1.87", **tax))
    october = one(cash(amount="1.87", **tax), start="20241001", end="20241031", generated="20241101;060000")
    assert sorted(transactions(january, october)["amount"].to_list()) == [Decimal("-1.87"), Decimal("1.87")]


def test_cash_without_report_date_is_booked_on_the_events_date_with_one_warning_a_document() -> None:
    documents = [
        one(cash(reportDate=""), cash(reportDate="", transactionID="5002")),
        one(cash(transactionID="5003")),
    ]
    cleaned = clean(documents, ["cash_transactions"])["cash_transactions"]
    assert cleaned.table["report_date"].to_list() == [date(2024, 1, 15), date(2024, 1, 15), date(2024, 1, 16)]
    assert cleaned.issues.select("section", "row_ordinal", "column", "severity").rows() == [
        ("CashTransactions", None, "reportDate", "warning")
    ]


def test_two_rows_of_one_day_with_one_id_are_both_kept() -> None:
    rows = [cash(amount="1.68"), cash(amount="-0.21")]
    assert transactions(one(*rows))["amount"].sum() == Decimal("1.47")
    again = one(*rows, cash(transactionID="5009", conid="77", amount="3"), generated=NEWER)
    assert transactions(one(*rows), again)["amount"].sum() == Decimal("4.47")


def test_identical_fees_without_ids_are_kept() -> None:
    fee = cash(type="Other Fees", amount="-1.5", conid="", symbol="", transactionID="")
    assert transactions(one(fee, fee, fee), one(fee, fee, fee, generated=NEWER))["amount"].sum() == Decimal(
        "-4.5"
    )


def test_accrued_interest_names_its_trade() -> None:
    row = cash(type="Bond Interest Paid", amount="-25.69", tradeID="2882737839")
    assert transactions(one(row)).select("category", "trade_id").row(0) == ("bond_interest", "2882737839")


def test_cash_without_a_security_has_no_instrument() -> None:
    row = cash(type="Deposits/Withdrawals", conid="", symbol="", assetCategory="")
    assert transactions(one(row)).select("conid", "instrument_key").row(0) == (None, None)


# --- cash balances


def balance(**attributes: str) -> str:
    return element(
        "CashReportCurrency",
        **{
            "accountId": "U1",
            "currency": "USD",
            "levelOfDetail": "Currency",
            "fromDate": "20240101",
            "toDate": "20240131",
            "startingCash": "100",
            "depositWithdrawals": "50",
            "depositWithdrawalsMTD": "999",
            "deposits": "60",
            "depositsSec": "888",
            "withdrawals": "-10",
            "withholding871m": "-1",
            "billableSalesTaxIBUKL": "777",
            "fxTranslationGainLoss": "0.5",
            "endingCash": "150.5",
            **attributes,
        },
    )


def balances(*documents: bytes) -> pl.DataFrame:
    return clean(documents, ["cash_balances"])["cash_balances"].table


def report(*rows: str, **more: str) -> bytes:
    return flex_document(statement(section("CashReport", *rows), **more))


def test_base_summary_is_a_row_of_its_own() -> None:
    table = balances(
        report(balance(currency="BASE_SUMMARY", levelOfDetail="BaseCurrency", endingCash="140"), balance())
    )
    assert table.select("currency", "ending_cash").rows() == [
        ("BASE_SUMMARY", Decimal(140)),
        ("USD", Decimal("150.5")),
    ]


def test_twins_and_entity_columns_are_not_components() -> None:
    row = balances(report(balance())).row(0, named=True)
    told = {name: value for name, value in row.items() if isinstance(value, Decimal)}
    assert told == {
        "starting_cash": Decimal(100),
        "ending_cash": Decimal("150.5"),
        "deposit_withdrawals": Decimal(50),
        "deposits": Decimal(60),
        "withdrawals": Decimal(-10),
        "withholding_871m": Decimal(-1),
        "fx_translation_gain_loss": Decimal("0.5"),
    }


def test_the_newest_report_of_a_period_stands_as_a_whole() -> None:
    older = report(balance(), balance(currency="EUR"), generated=OLDER)
    newer = report(balance(endingCash="151"), generated=NEWER)
    other = report(balance(toDate="20240115"), generated=OLDER, end="20240115")
    table = balances(older, newer, other)
    assert table.select("period_end_date", "currency", "ending_cash").rows() == [
        (date(2024, 1, 15), "USD", Decimal("150.5")),
        (date(2024, 1, 31), "USD", Decimal(151)),
    ]


def test_a_report_without_dates_has_its_statements_period() -> None:
    table = balances(report(balance(fromDate="", toDate=""), start="20240103", end="20240105"))
    assert table.select("period_start_date", "period_end_date").row(0) == (date(2024, 1, 3), date(2024, 1, 5))


# --- statement of funds


def line(**attributes: str) -> str:
    return element(
        "StatementOfFundsLine",
        **{
            "accountId": "U1",
            "currency": "USD",
            "levelOfDetail": "Currency",
            "reportDate": "20240110",
            "activityCode": "BUY",
            "amount": "-10",
            "balance": "90",
            **attributes,
        },
    )


def funds(*documents: bytes) -> pl.DataFrame:
    return clean(documents, ["statement_of_funds"])["statement_of_funds"].table


def lines(*rows: str, **more: str) -> bytes:
    return flex_document(statement(section("StmtFunds", *rows), **more))


def test_lines_keep_the_documents_order_within_a_day() -> None:
    table = funds(
        lines(
            line(balance="90"),
            line(balance="70"),
            line(balance="80"),
            line(reportDate="20240111", balance="1"),
        )
    )
    assert table.select("report_date", "line_ordinal", "balance").rows() == [
        (date(2024, 1, 10), 0, Decimal(90)),
        (date(2024, 1, 10), 1, Decimal(70)),
        (date(2024, 1, 10), 2, Decimal(80)),
        (date(2024, 1, 11), 0, Decimal(1)),
    ]


def test_both_levels_are_kept_apart() -> None:
    base = line(levelOfDetail="BaseCurrency", currency="EUR", balance="81")
    table = funds(lines(base, line(), line(currency="GBP", balance="5")))
    assert table.select("level", "currency", "balance").rows() == [
        ("BaseCurrency", "EUR", Decimal(81)),
        ("Currency", "GBP", Decimal(5)),
        ("Currency", "USD", Decimal(90)),
    ]


def test_identical_lines_of_a_day_are_all_kept_and_a_newer_document_replaces_the_day() -> None:
    older = lines(line(), line(), line(), line(reportDate="20240111"), generated=OLDER)
    newer = lines(line(), line(), generated=NEWER, start="20240110", end="20240110")
    assert funds(older, newer)["report_date"].to_list() == [date(2024, 1, 10)] * 2 + [date(2024, 1, 11)]


def test_a_line_that_a_newer_document_moved_does_not_stay_on_its_old_day() -> None:
    older = lines(line(), line(currency="EUR"), generated=OLDER)
    newer = lines(line(reportDate="20240111"), line(currency="EUR"), generated=NEWER)
    assert funds(older, newer).select("currency", "report_date").rows() == [
        ("EUR", date(2024, 1, 10)),
        ("USD", date(2024, 1, 11)),
    ]
    emptied = lines(line(reportDate="20240111"), generated=NEWER)
    assert funds(older, emptied)["report_date"].to_list() == [date(2024, 1, 11)]


def test_a_starting_balance_outside_of_the_period_does_not_replace_the_day_before() -> None:
    december = lines(
        line(reportDate="20231229", balance="90"), start="20231201", end="20231231", generated=OLDER
    )
    start = line(
        reportDate="20231229",
        activityDescription="Starting Balance",
        activityCode="",
        balance="90",
        amount="",
    )
    january = lines(start, line(), generated=NEWER)
    table = funds(december, january)
    assert table.select("report_date", "activity_code").rows() == [
        (date(2023, 12, 29), "BUY"),
        (date(2024, 1, 10), "BUY"),
    ]
    assert funds(january)["report_date"].to_list() == [date(2023, 12, 29), date(2024, 1, 10)]


def test_a_line_without_a_day_is_left_out_with_an_issue() -> None:
    cleaned = clean([lines(line(), line(reportDate="", date=""))], ["statement_of_funds"])[
        "statement_of_funds"
    ]
    assert cleaned.table.height == 1
    assert cleaned.issues.select("row_ordinal", "column", "severity").rows() == [(1, "reportDate", "error")]
