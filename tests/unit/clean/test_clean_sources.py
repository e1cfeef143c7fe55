"""Which document stands where a coarser and a finer one tell the same: by coverage, on a few rows."""

from datetime import date

import polars as pl

from tests.support.csv_documents import clean_documents, flex_csv
from tests.support.raw_frames import cash, flex_document, position, section, statement, trade
from transforms.clean import CLEAN_TABLES
from transforms.clean.rules import DETAIL_RANKS, without_covered, without_covered_ends

HEAD = """Statement,Header,Field Name,Field Value
Statement,Data,Title,Activity Statement
Statement,Data,Period,"{period}"
Statement,Data,WhenGenerated,"2025-01-02, 10:15:00 EST"
Account Information,Header,Field Name,Field Value
Account Information,Data,Account,{account}
"""
DEPOSITS = """Deposits & Withdrawals,Header,Currency,Settle Date,Description,Amount
Deposits & Withdrawals,Data,USD,2024-01-15,Wire,100
Deposits & Withdrawals,Data,USD,2024-02-15,Wire,200
"""
JANUARY = ("January 1, 2024 - January 31, 2024", "U1")
BOTH = ("January 1, 2024 - February 29, 2024", "U1")


def activity(period: str, account: str, *tables: str) -> bytes:
    return (HEAD.format(period=period, account=account) + "".join(tables)).encode()


def deposits(*documents: bytes) -> list[tuple[str, int]]:
    table = clean_documents(*documents, tables=["cash_transactions"])["cash_transactions"].table
    return [
        (str(day), int(amount))
        for day, amount in table.select("report_date", "amount").sort("report_date").rows()
    ]


def xml(*rows: str, **more: str) -> bytes:
    return flex_document(statement(section("CashTransactions", *rows), **more))


def test_a_coarser_row_gives_way_on_the_days_that_a_finer_document_covers() -> None:
    finer = xml(cash(amount="70", reportDate="20240115", type="Deposits/Withdrawals", currency="USD"))
    assert deposits(activity(*BOTH, DEPOSITS)) == [("2024-01-15", 100), ("2024-02-15", 200)]
    assert deposits(finer, activity(*BOTH, DEPOSITS)) == [("2024-01-15", 70), ("2024-02-15", 200)]


def test_a_finer_document_that_reports_nothing_covers_too() -> None:
    assert deposits(xml(), activity(*BOTH, DEPOSITS)) == [("2024-02-15", 200)]


def test_what_a_finer_document_does_not_report_is_not_covered() -> None:
    other = flex_document(statement(section("Trades", trade())))
    assert deposits(other, activity(*BOTH, DEPOSITS)) == [("2024-01-15", 100), ("2024-02-15", 200)]
    another = xml(account="U2")
    assert deposits(another, activity(*BOTH, DEPOSITS)) == [("2024-01-15", 100), ("2024-02-15", 200)]


def test_a_row_of_another_day_gives_way_with_its_whole_statement() -> None:
    late = """Withholding Tax,Header,Currency,Date,Description,Amount
Withholding Tax,Data,USD,2023-11-15,ABC(US0000000002) Cash Dividend - US Tax,-7
"""
    tables = clean_documents(xml(), activity(*JANUARY, late))
    assert tables["cash_transactions"].table.is_empty()
    (row,) = tables["source_agreements"].table.iter_rows(named=True)
    assert (row["coarser_amount"], row["finer_amount"], row["is_covered"]) == (-7, None, True)


def test_age_does_not_matter_between_kinds_but_does_within_one() -> None:
    older = xml(cash(amount="70", reportDate="20240115"), generated="20240201;060000")
    newer = flex_csv(
        "sections",
        [
            (
                "CTRN",
                "Cash Transactions",
                ("ClientAccountID", "CurrencyPrimary", "Type", "Amount", "ReportDate", "TransactionID"),
                [("U1", "USD", "Dividends", "71", "20240115", "5001")],
            )
        ],
    ).replace(b"20240201;060000", b"20240301;060000")
    assert deposits(older, newer) == [("2024-01-15", 71)]
    assert deposits(newer, older) == [("2024-01-15", 71)]
    assert deposits(older, activity(*JANUARY, DEPOSITS.replace("2024-02-15", "2024-01-16"))) == [
        ("2024-01-15", 70)
    ]


def test_holdings_of_one_end_are_told_once() -> None:
    finer = flex_document(statement(section("OpenPositions", position(reportDate="20240129"))))
    table = """Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Quantity,Mult,Value
Open Positions,Data,Summary,Stocks,USD,ABC,100,1,1100
"""
    same_end = clean_documents(finer, activity(*JANUARY, table), tables=["positions"])["positions"].table
    assert same_end["report_date"].to_list() == [date(2024, 1, 29)]
    other_end = clean_documents(finer, activity(*BOTH, table), tables=["positions"])["positions"].table
    assert sorted(other_end["report_date"].to_list()) == [date(2024, 1, 29), date(2024, 2, 29)]


def test_a_part_that_is_not_covered_is_said() -> None:
    table = clean_documents(xml(), activity(*BOTH, DEPOSITS), tables=["source_agreements"])[
        "source_agreements"
    ].table
    assert table["is_covered"].to_list() == [False, False]
    assert sorted(table["coarser_amount"].to_list()) == [100, 200]


def test_the_rules_cost_nothing_where_all_documents_are_equally_fine() -> None:
    reported = pl.DataFrame({"_rank": [0, 0]})
    facts = pl.DataFrame({"anything": [1]})
    assert without_covered(facts, reported) is facts
    assert without_covered_ends(facts, reported) is facts
    assert set(DETAIL_RANKS) == {"flex_xml", "flex_csv", "activity_statement_csv"}
    assert CLEAN_TABLES["source_agreements"].inputs[:2] == ("_statements", "_statement_sections")
