"""What later statements changed: values, facts that vanish, facts that come late, and what is no restatement."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from tests.support.raw_frames import (
    cash,
    clean,
    document_id,
    element,
    flex_document,
    position,
    section,
    statement,
    trade,
)

FIRST, SECOND, THIRD = "20240201;060000", "20240202;060000", "20240203;060000"


def told(table: str, *documents: bytes) -> list[dict[str, object]]:
    return clean(documents, [table])[table].restatements.to_dicts()


def changes(table: str, *documents: bytes) -> list[tuple[object, ...]]:
    names = ("change", "key", "field", "was", "became")
    return [tuple(row[name] for name in names) for row in told(table, *documents)]


def trades(*rows: str, generated: str = FIRST, **more: str) -> bytes:
    return flex_document(statement(section("Trades", *rows), generated=generated, **more))


def postings(*rows: str, generated: str = FIRST, **more: str) -> bytes:
    return flex_document(statement(section("CashTransactions", *rows), generated=generated, **more))


def lot(**attributes: str) -> str:
    row = trade(**{"levelOfDetail": "CLOSED_LOT", "transactionID": "", "buySell": "SELL", **attributes})
    return row.replace("<Trade ", "<Lot ")


def test_a_corrected_commission_is_told_with_its_documents_rows_and_instants() -> None:
    old = trades(trade(transactionID="1"), trade(ibCommission="-1.5"), generated=FIRST)
    new = trades(trade(ibCommission="-1.25"), trade(transactionID="1"), generated=SECOND)
    assert told("trades", new, old) == [
        {
            "account_id": "U1",
            "entity": "trades",
            "key": "9001",
            "report_date": date(2024, 1, 10),
            "change": "changed",
            "field": "commission",
            "was": "-1.5",
            "became": "-1.25",
            "difference": Decimal("0.25"),
            "known_from_at": datetime(2024, 2, 1, 11, tzinfo=UTC),
            "changed_at": datetime(2024, 2, 2, 11, tzinfo=UTC),
            "document_was": document_id(old),
            "document_became": document_id(new),
            "section": "Trades",
            "row_ordinal_was": 1,
            "row_ordinal_became": 0,
        }
    ]


def test_the_same_number_in_other_words_is_no_change() -> None:
    old = trades(trade(ibCommission="-1.50", tradeDate="20240110", proceeds="-1050"), generated=FIRST)
    new = trades(trade(ibCommission="-1.5", tradeDate="2024-01-10", proceeds="-1,050.00"), generated=SECOND)
    assert told("trades", old, new) == []


def test_a_column_that_one_query_lacks_is_no_change_and_hides_none() -> None:
    rows = [
        trades(trade(ibCommission=commission), generated=generated)
        for commission, generated in (("-1", FIRST), ("", SECOND), ("-3", THIRD))
    ]
    assert changes("trades", *rows) == [("changed", "9001", "commission", "-1", "-3")]
    assert told("trades", *rows)[0]["document_was"] == document_id(rows[0])


def test_each_step_of_a_value_is_told_once_from_the_first_that_said_it() -> None:
    rows = [
        postings(cash(amount=amount), generated=f"2024020{day};060000")
        for day, amount in enumerate(("1", "2", "2", "3", "3"), 1)
    ]
    assert changes("cash_transactions", *rows) == [
        ("changed", "5001", "amount", "1", "2"),
        ("changed", "5001", "amount", "2", "3"),
    ]
    assert [row["document_was"] for row in told("cash_transactions", *rows)] == [
        document_id(rows[0]),
        document_id(rows[1]),
    ]


def test_a_fact_that_moved_to_another_day_changed_its_date_and_did_not_vanish() -> None:
    old = trades(trade(reportDate="20240110"), generated=FIRST, start="20240110", end="20240110")
    moved = trades(trade(reportDate="20240111"), generated=SECOND, start="20240111", end="20240111")
    empty = trades(generated=THIRD, start="20240110", end="20240110")
    assert changes("trades", old, moved, empty) == [
        ("changed", "9001", "report_date", "2024-01-10", "2024-01-11")
    ]


def test_a_fact_vanishes_when_a_later_statement_of_its_day_does_not_have_it() -> None:
    old = postings(cash(), cash(transactionID="5002", amount="3"), generated=FIRST)
    new = postings(cash(), generated=SECOND)
    (row,) = told("cash_transactions", new, old)
    assert (row["change"], row["key"], row["was"], row["became"]) == ("vanished", "5002", "3", None)
    assert (row["document_was"], row["document_became"]) == (document_id(old), document_id(new))
    assert (row["row_ordinal_was"], row["row_ordinal_became"]) == (1, None)
    assert row["difference"] == Decimal(-3)


def test_a_section_without_rows_says_that_nothing_happened() -> None:
    old, new = postings(cash()), postings(generated=SECOND)
    assert changes("cash_transactions", old, new) == [("vanished", "5001", "amount", "12.5", None)]
    assert changes("cash_transactions", postings(generated="20240131;060000"), old) == [
        ("appeared", "5001", "amount", None, "12.5")
    ]


@pytest.mark.parametrize(
    "newer",
    [
        pytest.param(flex_document(statement(generated=SECOND)), id="without the section"),
        pytest.param(postings(generated=SECOND, start="20240117"), id="of other days"),
        pytest.param(
            postings(cash(transactionID="7", levelOfDetail="SUMMARY"), generated=SECOND),
            id="of a coarser level",
        ),
        pytest.param(postings(cash(transactionID="", amount="12.5"), generated=SECOND), id="without ids"),
        pytest.param(postings(generated=SECOND, account="U2"), id="of another account"),
    ],
)
def test_a_statement_that_could_not_have_it_says_nothing(newer: bytes) -> None:
    assert changes("cash_transactions", postings(cash()), newer) == []


def test_a_late_booking_appears_in_a_day_that_was_told_before() -> None:
    old = trades(trade(), generated=FIRST)
    new = trades(trade(), trade(transactionID="9002", quantity="7"), generated=SECOND)
    (row,) = told("trades", old, new)
    assert (row["change"], row["key"], row["field"], row["became"]) == ("appeared", "9002", "quantity", "7")
    assert (row["document_was"], row["row_ordinal_was"]) == (document_id(old), None)
    assert row["known_from_at"] < row["changed_at"]


def test_lots_without_ids_are_told_apart_by_what_they_are() -> None:
    old = trades(lot(cost="10"), lot(cost="20", openDateTime="20230105;100000"), generated=FIRST)
    new = trades(lot(cost="10.00"), lot(cost="21", openDateTime="20230105;100000"), generated=SECOND)
    found = told("closed_lots", old, new)
    assert [(row["change"], row["field"], row["was"], row["became"]) for row in found] == [
        ("changed", "cost", "20", "21")
    ]


def test_the_same_figures_on_another_instrument_are_another_fact() -> None:
    old = trades(lot(), generated=FIRST)
    new = trades(lot(conid="1002", symbol="XYZ"), generated=SECOND)
    assert sorted(row[0] for row in changes("closed_lots", old, new)) == ["appeared", "vanished"]


def test_alike_lots_that_only_change_their_order_did_not_change() -> None:
    old = trades(lot(cost="10"), lot(cost="20"), generated=FIRST)
    new = trades(lot(cost="20"), lot(cost="10"), generated=SECOND)
    assert changes("closed_lots", old, new) == []


def test_a_snapshot_restates_positions_by_key() -> None:
    def held(*rows: str, generated: str) -> bytes:
        return flex_document(statement(section("OpenPositions", *rows), generated=generated))

    old = held(position(), position(conid="7", symbol="GONE"), generated=FIRST)
    new = held(position(positionValue="1101"), position(conid="8", symbol="NEW"), generated=SECOND)
    assert sorted(changes("positions", old, new)) == [
        ("appeared", "2024-01-31|8", "quantity", None, "100"),
        ("changed", "2024-01-31|1001", "position_value", "1100", "1101"),
        ("vanished", "2024-01-31|7", "quantity", "100", None),
    ]


def test_a_day_of_the_net_asset_value_that_a_statement_lacks_says_nothing() -> None:
    def nav(*days: tuple[str, str], generated: str) -> bytes:
        rows = [
            element("EquitySummaryByReportDateInBase", accountId="U1", reportDate=day, total=total)
            for day, total in days
        ]
        return flex_document(statement(section("EquitySummaryInBase", *rows), generated=generated))

    old = nav(("20240110", "5"), ("20240111", "6"), generated=FIRST)
    new = nav(("20240111", "6.5"), generated=SECOND)
    assert changes("nav_daily", old, new) == [("changed", "2024-01-11", "total", "6", "6.5")]


def test_copies_for_several_accounts_and_model_portfolios_are_no_restatements() -> None:
    old = flex_document(statement(section("OpenPositions", position()), generated=FIRST))
    new = flex_document(
        statement(section("OpenPositions", position(), position(model="M", position="40")), generated=SECOND)
    )
    assert told("positions", old, new) == []


def test_a_single_statement_restates_nothing() -> None:
    frame = clean([trades(trade(), trade(transactionID="9002"))], ["trades"])["trades"].restatements
    assert frame.is_empty()
    assert frame.schema["difference"] == pl.Decimal(38, 10)
