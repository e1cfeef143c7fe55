"""Trades told by several documents: no fact twice, none lost, the newest document wins."""

from datetime import date
from decimal import Decimal

import pytest

from tests.support.clean_trades import NEWER, one, trades
from tests.support.raw_frames import clean, trade


def test_identical_fills_without_ids_are_two_trades() -> None:
    fill = trade(transactionID="", tradeID="", ibExecID="")
    table = trades(one(fill, fill, trade(transactionID="", tradeID="", quantity="5")))
    assert sorted(table["quantity"].to_list()) == [5, 100, 100]
    assert table["trade_key"].n_unique() == 3


def test_identical_fills_sent_again_stay_two() -> None:
    fill = trade(transactionID="", tradeID="", ibExecID="")
    assert trades(one(fill, fill), one(fill, fill, generated=NEWER)).height == 2


def test_identical_fills_without_ids_and_report_dates_stay_two_over_documents() -> None:
    fill = trade(transactionID="", tradeID="", reportDate="")
    table = trades(one(fill, fill), one(fill, fill, generated=NEWER), one(fill, generated="20240203;060000"))
    assert table.height == 2
    assert table["report_date"].to_list() == [date(2024, 1, 10)] * 2


def test_a_document_sent_twice_changes_nothing() -> None:
    document = one(trade(), trade(transactionID="2"))
    once = trades(document)
    again = trades(document, document)
    assert again.equals(once)


def test_an_overlap_changes_nothing_but_the_lineage() -> None:
    first = one(trade(), trade(transactionID="2"))
    second = one(trade(transactionID="2"), trade(transactionID="3"), generated=NEWER)
    table = trades(first, second)
    assert table["transaction_id"].to_list() == ["2", "3", "9001"]
    by_id = dict(zip(table["transaction_id"], table["document_id"], strict=True))
    assert by_id["2"] == by_id["3"] != by_id["9001"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_correction_in_a_newer_document_wins(order: tuple[int, int]) -> None:
    documents = [one(trade()), one(trade(ibCommission="-1.25", netCash="-1051.25"), generated=NEWER)]
    table = trades(*(documents[i] for i in order))
    assert table["commission"].to_list() == [Decimal("-1.25")]


def test_a_correction_without_ids_replaces_the_day_of_the_instrument() -> None:
    fill = {"transactionID": "", "tradeID": ""}
    older = one(trade(**fill), trade(**fill), trade(conid="2", symbol="XYZ", **fill))
    newer = one(trade(ibCommission="-1.25", **fill), generated=NEWER)
    table = trades(older, newer)
    assert table.select("conid", "commission").sort("conid").rows() == [
        (2, Decimal(-1)),
        (1001, Decimal("-1.25")),
    ]


def test_a_late_row_without_id_is_added_and_does_not_replace_its_day() -> None:
    fill = {"transactionID": "", "tradeID": ""}
    tenth = one(trade(**fill), trade(**fill), start="20240110", end="20240110")
    eleventh = one(trade(quantity="7", **fill), start="20240111", end="20240111", generated=NEWER)
    assert sorted(trades(tenth, eleventh)["quantity"].to_list()) == [7, 100, 100]
    month = one(trade(**fill), trade(**fill), trade(quantity="7", **fill), generated="20240203;060000")
    assert sorted(trades(tenth, eleventh, month)["quantity"].to_list()) == [7, 100, 100]


def test_a_row_without_report_date_is_not_replaced_by_another_document_s_day() -> None:
    fill = {"transactionID": "", "tradeID": ""}
    undated = one(trade(quantity="3", reportDate="", **fill))
    assert sorted(trades(undated, one(trade(**fill), generated=NEWER))["quantity"].to_list()) == [3, 100]


def test_alike_rows_of_two_documents_name_the_newest() -> None:
    undated = trade(transactionID="", tradeID="", reportDate="")
    newer = one(undated, generated=NEWER)
    assert trades(one(undated), newer)["document_id"].to_list() == trades(newer)["document_id"].to_list()


def test_a_correction_that_moves_a_trade_to_another_day_leaves_one() -> None:
    table = trades(one(trade()), one(trade(reportDate="20240111"), generated=NEWER))
    assert table["report_date"].to_list() == [date(2024, 1, 11)]


def test_queries_with_and_without_ids_do_not_count_twice() -> None:
    with_ids = one(trade(transactionID="1", quantity="60"), trade(transactionID="2", quantity="40"))
    fills = [trade(transactionID="", quantity="60"), trade(transactionID="", quantity="40")]
    without = one(*fills, generated=NEWER)
    assert trades(with_ids, without)["quantity"].sum() == 100
    later = one(
        trade(transactionID="1", quantity="60"),
        trade(transactionID="2", quantity="40"),
        generated="20240203;060000",
    )
    assert trades(without, later)["quantity"].sum() == 100
    assert trades(with_ids, without, later)["quantity"].sum() == 100


def test_a_document_without_generation_time_is_the_oldest() -> None:
    table = trades(one(trade(ibCommission="-1.25")), one(trade(), generated=""))
    assert table["commission"].to_list() == [Decimal("-1.25")]


def test_equally_new_documents_are_told_apart_by_their_identity() -> None:
    documents = [one(trade(ibCommission="-1")), one(trade(ibCommission="-2"))]
    tables = [trades(*documents), trades(*reversed(documents))]
    assert tables[0].equals(tables[1])
    assert tables[0]["document_id"].to_list() == [
        max(clean([d], ["trades"])["trades"].table["document_id"][0] for d in documents)
    ]


def test_generation_times_with_a_zone_are_compared_as_instants() -> None:
    eastern = one(trade(ibCommission="-2"), generated="2024-02-01;23:45:00 EST")
    later = one(trade(ibCommission="-3"), generated="2024-02-02;00:30:00 EDT")
    assert trades(eastern, later)["commission"].to_list() == [Decimal(-2)]
