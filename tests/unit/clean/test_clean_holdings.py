"""Positions, marks, corporate actions, transfers, dividend accruals, the FIFO summary."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

from tests.support.raw_frames import clean, element, flex_document, position, section, statement

OLDER = "20240201;060000"
NEWER = "20240202;060000"
SHARE = {
    "accountId": "U1",
    "currency": "USD",
    "assetCategory": "STK",
    "symbol": "ABC",
    "conid": "1001",
    "fxRateToBase": "0.9",
}


def build(table: str, container: str, *rows: str, **more: str) -> pl.DataFrame:
    return clean([flex_document(statement(section(container, *rows), **more))], [table])[table].table


def positions(*documents: bytes) -> pl.DataFrame:
    return clean(documents, ["positions"])["positions"].table


def holding(*rows: str, generated: str = OLDER, **more: str) -> bytes:
    return flex_document(statement(section("OpenPositions", *rows), generated=generated, **more))


def lot(quantity: str, price: str, value: str, cost: str, **more: str) -> str:
    figures = {"position": quantity, "openPrice": price, "costBasisPrice": price, "positionValue": value}
    pnl = str(Decimal(value) - Decimal(cost))
    return position(
        **{
            **figures,
            "costBasisMoney": cost,
            "fifoPnlUnrealized": pnl,
            "levelOfDetail": "LOT",
            "openDateTime": "20240105;093000",
            **more,
        }
    )


def test_positions_from_summaries() -> None:
    row = positions(holding(position())).row(0, named=True)
    assert {k: row[k] for k in ("report_date", "instrument_key", "level", "source_rows", "side")} == {
        "report_date": date(2024, 1, 31),
        "instrument_key": "1001",
        "level": "SUMMARY",
        "source_rows": 1,
        "side": "Long",
    }
    assert (row["quantity"], row["mark_price"], row["position_value"]) == (100, 11, 1100)
    assert row["unrealized_pnl"] == row["position_value"] - row["cost_basis_money"] == 49
    assert row["accrued_interest"] is None


def test_positions_from_lots_only_are_summed() -> None:
    row = positions(holding(lot("60", "10", "660", "600.6"), lot("40", "11.25", "440", "450.4"))).row(
        0, named=True
    )
    assert (row["level"], row["source_rows"], row["quantity"]) == ("LOT", 2, 100)
    assert (row["position_value"], row["cost_basis_money"], row["unrealized_pnl"]) == (1100, 1051, 49)
    assert row["open_price"] == Decimal("10.5")
    assert row["mark_price"] == 11


def test_an_average_price_is_rounded_to_the_last_exact_place() -> None:
    row = positions(holding(lot("1", "10", "11", "10"), lot("2", "11", "22", "22"))).row(0, named=True)
    assert row["open_price"] == Decimal("10.6666666667")


def test_a_sum_that_lacks_a_part_is_missing() -> None:
    table = positions(
        holding(lot("60", "10", "660", "600"), lot("40", "11", "440", "440", costBasisMoney="", openPrice=""))
    )
    assert table.select("quantity", "cost_basis_money", "open_price").row(0) == (Decimal(100), None, None)


def test_positions_with_summary_and_lots_take_the_summary() -> None:
    rows = [
        position(),
        lot("60", "10", "660", "600"),
        lot("40", "11", "440", "440"),
        lot("5", "1", "5", "5", conid="2"),
    ]
    table = positions(holding(*rows))
    assert table.select("instrument_key", "level", "quantity").rows() == [
        ("1001", "SUMMARY", Decimal(100)),
        ("2", "LOT", Decimal(5)),
    ]


def test_a_level_that_is_not_written_is_a_lot_if_it_has_an_opening_time() -> None:
    assert positions(holding(position(levelOfDetail="")))["level"].to_list() == ["SUMMARY"]
    bare = [lot("60", "10", "660", "600", levelOfDetail=""), lot("40", "11", "440", "440", levelOfDetail="")]
    table = positions(holding(*bare))
    assert table.select("level", "quantity", "source_rows").row(0) == ("LOT", Decimal(100), 2)


def test_the_newest_snapshot_of_a_day_stands_as_a_whole() -> None:
    older = holding(position(), position(conid="2", symbol="XYZ"))
    newer = holding(position(position="90"), generated=NEWER)
    other_day = holding(position(reportDate="20240115", position="50"), end="20240115")
    table = positions(newer, older, other_day)
    assert table.select("report_date", "instrument_key", "quantity").rows() == [
        (date(2024, 1, 15), "1001", Decimal(50)),
        (date(2024, 1, 31), "1001", Decimal(90)),
    ]


def test_a_newer_document_may_say_that_nothing_is_held() -> None:
    assert positions(holding(position()), holding(generated=NEWER)).is_empty()
    silent = flex_document(statement(section("Trades"), generated=NEWER))
    assert positions(holding(position()), silent).height == 1


def test_a_position_without_a_day_is_as_of_the_periods_end() -> None:
    assert positions(holding(position(reportDate="")))["report_date"].to_list() == [date(2024, 1, 31)]


def test_positions_of_two_accounts_in_one_document() -> None:
    document = flex_document(
        statement(section("OpenPositions", position(accountId="U1")), account="U1"),
        statement(
            section("OpenPositions", position(accountId="U2", position="-5", side="Short")), account="U2"
        ),
    )
    assert positions(document).select("account_id", "quantity").rows() == [
        ("U1", Decimal(100)),
        ("U2", Decimal(-5)),
    ]


def test_a_consolidated_copy_of_a_position_is_not_added() -> None:
    table = positions(holding(position(accountId="-"), position()))
    assert table.select("quantity", "source_rows").row(0) == (Decimal(100), 1)


def test_a_consolidated_copy_beside_accounts_by_name_belongs_to_none() -> None:
    rows = [position(accountId="-"), position(accountId="U2"), position(accountId="U3", position="7")]
    table = positions(holding(*rows, account="U1"))
    assert table.select("account_id", "quantity").rows() == [("U2", Decimal(100)), ("U3", Decimal(7))]


def test_a_position_without_instrument_is_left_out_with_an_issue() -> None:
    cleaned = clean([holding(position(), position(conid="", symbol=""))], ["positions"])["positions"]
    assert cleaned.table.height == 1
    assert cleaned.issues.select("row_ordinal", "severity").rows() == [(1, "error")]


def test_an_instrument_without_conid_is_named_by_class_symbol_and_currency() -> None:
    assert positions(holding(position(conid="")))["instrument_key"].to_list() == ["STK:ABC:USD"]


def test_marks_are_the_newest_price_of_a_day() -> None:
    mark = {**SHARE, "date": "20240110", "multiplier": "1", "price": "10", "priorMtmPnl": "-1"}
    documents = [
        flex_document(
            statement(
                section("PriorPeriodPositions", element("PriorPeriodPosition", **mark)), generated=OLDER
            )
        ),
        flex_document(
            statement(
                section("PriorPeriodPositions", element("PriorPeriodPosition", **{**mark, "price": "10.1"})),
                generated=NEWER,
            )
        ),
    ]
    table = clean(documents, ["position_marks"])["position_marks"].table
    assert table.select("mark_date", "instrument_key", "price", "prior_mtm_pnl").rows() == [
        (date(2024, 1, 10), "1001", Decimal("10.1"), Decimal(-1))
    ]


def action(**attributes: str) -> str:
    facts = {"reportDate": "20240110", "dateTime": "20240109;202500", "type": "RS", "levelOfDetail": "DETAIL"}
    return element(
        "CorporateAction",
        **{**SHARE, **facts, "quantity": "-120", "transactionID": "1", "actionID": "9", **attributes},
    )


def test_the_legs_of_a_reverse_split_are_two_rows_and_its_summary_none() -> None:
    legs = [action(symbol="ABC.OLD"), action(conid="1002", quantity="10", transactionID="2")]
    summary = action(levelOfDetail="SUMMARY", accountId="-", transactionID="", symbol="ABC.OLD")
    table = build("corporate_actions", "CorporateActions", *legs, summary)
    assert table.select("instrument_key", "quantity", "action_id").rows() == [
        ("1001", Decimal(-120), "9"),
        ("1002", Decimal(10), "9"),
    ]
    assert table["effective_at"].to_list() == [datetime(2024, 1, 10, 1, 25, tzinfo=UTC)] * 2
    assert table["report_date"].to_list() == [date(2024, 1, 10)] * 2


def test_legs_without_ids_are_told_apart_by_content() -> None:
    old = {"transactionID": "", "actionID": "", "levelOfDetail": ""}
    table = build(
        "corporate_actions", "CorporateActions", action(**old), action(conid="1002", quantity="10", **old)
    )
    assert table.height == 2
    assert table["action_key"].n_unique() == 2


def transfer(**attributes: str) -> str:
    facts = {
        "reportDate": "20240110",
        "date": "20240109",
        "type": "ACATS",
        "direction": "IN",
        "account": "X1",
        "company": "--",
    }
    money = {"quantity": "10", "positionAmountInBase": "90", "positionAmount": "100", "cashTransfer": "0"}
    return element(
        "Transfer",
        **{**SHARE, **facts, **money, "transactionID": "1", "levelOfDetail": "TRANSFER", **attributes},
    )


def test_transfers_keep_direction_sign_and_both_amounts() -> None:
    rows = [
        transfer(),
        transfer(
            direction="OUT",
            quantity="-3",
            positionAmountInBase="-27",
            positionAmount="-30",
            transactionID="2",
        ),
        transfer(
            direction="",
            quantity="0",
            cashTransfer="500",
            conid="",
            symbol="",
            transactionID="3",
            type="INTERNAL",
        ),
        transfer(levelOfDetail="LOT", transactionID="", quantity="4"),
        transfer(levelOfDetail="LOT", transactionID="", quantity="6"),
    ]
    table = build("transfers", "Transfers", *rows)
    columns = (
        "transfer_key",
        "direction",
        "quantity",
        "position_amount_base",
        "cash_transfer",
        "instrument_key",
        "company",
    )
    assert table.select(columns).rows() == [
        ("1", "IN", Decimal(10), Decimal(90), Decimal(0), "1001", None),
        ("2", "OUT", Decimal(-3), Decimal(-27), Decimal(0), "1001", None),
        ("3", "IN", Decimal(0), Decimal(90), Decimal(500), None, None),
    ]
    assert table["transfer_date"].to_list() == [date(2024, 1, 9)] * 3


def accrual(**attributes: str) -> str:
    facts = {
        "exDate": "20240117",
        "payDate": "20240207",
        "quantity": "12",
        "tax": "2.03",
        "netAmount": "11.53",
    }
    return element("OpenDividendAccrual", **{**SHARE, **facts, **attributes})


def test_open_accruals_are_as_of_the_periods_end_and_the_newest_statement_has_them_all() -> None:
    container = "OpenDividendAccruals"
    older = flex_document(
        statement(section(container, accrual(), accrual(), accrual(conid="2")), generated=OLDER)
    )
    newer = flex_document(
        statement(section(container, accrual(netAmount="11.5"), accrual()), generated=NEWER)
    )
    table = clean([older, newer], ["dividend_accruals"])["dividend_accruals"].table
    assert table.select("report_date", "accrual_key", "net_amount").rows() == [
        (date(2024, 1, 31), "1001:2024-01-17:2024-02-07:0", Decimal("11.5")),
        (date(2024, 1, 31), "1001:2024-01-17:2024-02-07:1", Decimal("11.53")),
    ]
    emptied = flex_document(statement(section(container), generated="20240203;060000"))
    assert clean([older, newer, emptied], ["dividend_accruals"])["dividend_accruals"].table.is_empty()


def accrual_change(**attributes: str) -> str:
    facts = {
        "date": "20240116",
        "reportDate": "20240117",
        "exDate": "20240117",
        "payDate": "20240207",
        "tax": "2.03",
        "grossAmount": "13.56",
        "netAmount": "11.53",
        "code": "Po",
    }
    return element("ChangeInDividendAccrual", **{**SHARE, **facts, **attributes})


def test_accrual_changes_are_told_apart_by_content_and_taken_from_the_newest_statement() -> None:
    container = "ChangeInDividendAccruals"
    reversal = accrual_change(grossAmount="-13.56", netAmount="-11.53", tax="-2.03", code="Re")
    older = flex_document(
        statement(section(container, accrual_change(), accrual_change(), reversal), generated=OLDER)
    )
    newer = flex_document(statement(section(container, accrual_change(), accrual_change()), generated=NEWER))
    name = "dividend_accrual_changes"
    both = clean([older], [name])[name].table
    assert sorted(both["net_amount"].to_list()) == [Decimal("-11.53"), Decimal("11.53"), Decimal("11.53")]
    table = clean([older, newer], [name])[name].table
    columns = ("report_date", "accrual_date", "ex_date", "tax", "gross_amount", "net_amount", "code", "level")
    row = (
        date(2024, 1, 17), date(2024, 1, 16), date(2024, 1, 17),
        Decimal("2.03"), Decimal("13.56"), Decimal("11.53"), "Po", "DETAIL",
    )  # fmt: skip
    assert table.select(columns).rows() == [row, row]
    assert table["document_id"].n_unique() == 1
    summary = accrual_change(levelOfDetail="SUMMARY", accountId="-")
    doubled = flex_document(statement(section(container, accrual_change(levelOfDetail="DETAIL"), summary)))
    assert clean([doubled], [name])[name].table["level"].to_list() == ["DETAIL"]


def test_fifo_totals_are_flagged() -> None:
    share = {
        **SHARE,
        "description": "TOTAL RETURN ETF",
        "costAdj": "0.5",
        "totalRealizedPnl": "7",
        "realizedSTProfit": "7",
    }
    total = {
        "accountId": "U1",
        "conid": "",
        "symbol": "",
        "assetCategory": "",
        "description": "Total (All Assets)",
    }
    rows = [
        element("FIFOPerformanceSummaryUnderlying", **row)
        for row in (share, {**total, "totalRealizedPnl": "7"})
    ]
    table = build("fifo_performance", "FIFOPerformanceSummaryInBase", *rows)
    columns = (
        "instrument_key",
        "is_total",
        "total_realized_pnl",
        "realized_st_profit",
        "cost_adjustment",
        "period_end_date",
    )
    assert table.sort("is_total").select(columns).rows() == [
        ("1001", False, Decimal(7), Decimal(7), Decimal("0.5"), date(2024, 1, 31)),
        (None, True, Decimal(7), None, None, date(2024, 1, 31)),
    ]


def test_lot_rows_stand_in_a_table_of_their_own_in_the_order_of_the_document() -> None:
    lots = [
        position(levelOfDetail="LOT", position="60", costBasisMoney="600", openDateTime="20230105;103000"),
        position(levelOfDetail="LOT", position="40", costBasisMoney="451", openDateTime="20230601;110000"),
    ]
    document = flex_document(statement(section("OpenPositions", position(), *lots)))
    table = clean([document], ["position_lots"])["position_lots"].table
    assert table.select("lot_ordinal", "quantity", "cost_basis_money", "open_at").rows() == [
        (0, Decimal(60), Decimal(600), datetime(2023, 1, 5, 15, 30, tzinfo=UTC)),
        (1, Decimal(40), Decimal(451), datetime(2023, 6, 1, 15, 0, tzinfo=UTC)),
    ]
