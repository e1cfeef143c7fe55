"""Trades and closed lots of one document: levels of detail, cancels, currencies, clocks, cells that cannot be read."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from tests.support.clean_trades import NEWER, one, trades
from tests.support.raw_frames import clean, element, flex_document, section, statement, trade
from transforms.clean import CleanContext


def lots(*documents: bytes) -> pl.DataFrame:
    return clean(documents, ["closed_lots"])["closed_lots"].table


def lot(**attributes: str) -> str:
    return trade(**{"levelOfDetail": "CLOSED_LOT", "buySell": "SELL", **attributes}).replace(
        "<Trade ", "<Lot "
    )


def test_an_execution_is_typed_field_by_field() -> None:
    row = trades(
        one(trade(ibOrderID="44", ibExecID="00.01", accruedInt="", closePrice="10.75", exchange="--"))
    )
    assert row.row(0, named=True) == {
        "account_id": "U1",
        "trade_key": "9001",
        "transaction_id": "9001",
        "trade_id": "7001",
        "order_id": "44",
        "exec_id": "00.01",
        "level": "EXECUTION",
        "instrument_key": "1001",
        "conid": 1001,
        "symbol": "ABC",
        "description": "ABC INC",
        "asset_class": "STK",
        "currency": "USD",
        "trade_at": datetime(2024, 1, 10, 15, 30, tzinfo=UTC),
        "trade_at_text": "20240110;103000",
        "trade_date": date(2024, 1, 10),
        "report_date": date(2024, 1, 10),
        "settle_date": date(2024, 1, 12),
        "transaction_type": "ExchTrade",
        "side": "BUY",
        "is_cancel": False,
        "open_close": None,
        "notes": None,
        "exchange": None,
        "order_type": None,
        "quantity": Decimal(100),
        "price": Decimal("10.5"),
        "multiplier": Decimal(1),
        "trade_money": None,
        "proceeds": Decimal(-1050),
        "commission": Decimal(-1),
        "commission_currency": "USD",
        "taxes": Decimal(0),
        "net_cash": Decimal(-1051),
        "accrued_interest": None,
        "cost": Decimal(1051),
        "realized_pnl": Decimal(0),
        "mtm_pnl": None,
        "close_price": Decimal("10.75"),
        "fx_rate_to_base": Decimal("0.9"),
        "orig_transaction_id": None,
        "document_id": row["document_id"][0],
        "section": "Trades",
        "row_ordinal": 0,
    }


LEVELS = {
    "Trade": "EXECUTION",
    "Order": "ORDER",
    "SymbolSummary": "SYMBOL_SUMMARY",
    "AssetSummary": "ASSET_SUMMARY",
}


def rollups(*tags: str, written: bool) -> list[str]:
    """The same 100 shares told at several levels of detail."""
    rows = []
    for tag in tags:
        level = {"levelOfDetail": LEVELS[tag]} if written else {"levelOfDetail": ""}
        ids = {} if tag == "Trade" else {"transactionID": "", "tradeID": ""}
        whole = {"conid": "", "symbol": "", "description": "Stocks"} if tag == "AssetSummary" else {}
        if tag == "Trade":
            rows += [
                trade(quantity="60", transactionID="1", **level),
                trade(quantity="40", transactionID="2", **level),
            ]
        else:
            rows.append(trade(**level, **ids, **whole).replace("<Trade ", f"<{tag} "))
    return rows


@pytest.mark.parametrize("written", [True, False], ids=["level written", "level by element"])
@pytest.mark.parametrize(
    ("tags", "finest"),
    [
        (("Trade", "Order", "SymbolSummary", "AssetSummary"), "EXECUTION"),
        (("AssetSummary", "SymbolSummary", "Order", "Trade"), "EXECUTION"),
        (("Order", "SymbolSummary"), "ORDER"),
        (("AssetSummary", "SymbolSummary"), "SYMBOL_SUMMARY"),
        (("AssetSummary",), "ASSET_SUMMARY"),
    ],
)
def test_levels_in_any_combination_count_once(tags: tuple[str, ...], finest: str, written: bool) -> None:
    table = trades(one(*rollups(*tags, written=written)))
    assert table["level"].unique().to_list() == [finest]
    assert table["quantity"].sum() == 100


def test_closed_lots_and_wash_sales_are_no_trades() -> None:
    wash = trade(levelOfDetail="WASH_SALE", transactionID="").replace("<Trade ", "<WashSale ")
    document = one(trade(), lot(transactionID="", quantity="100"), wash)
    assert trades(document)["quantity"].to_list() == [100]
    assert lots(document)["quantity"].to_list() == [100]


def test_a_lot_without_a_level_is_known_by_its_element() -> None:
    document = one(trade(), lot(levelOfDetail="", transactionID=""))
    assert trades(document).height == 1
    assert lots(document).height == 1


def test_lots_keep_their_opening_and_closing_times() -> None:
    table = lots(one(lot(openDateTime="20230105;093000", fifoPnlRealized="12.34", transactionID="")))
    assert table["open_at"].to_list() == [datetime(2023, 1, 5, 14, 30, tzinfo=UTC)]
    assert table["close_at"].to_list() == [datetime(2024, 1, 10, 15, 30, tzinfo=UTC)]
    assert table["realized_pnl"].to_list() == [Decimal("12.34")]
    assert table["side"].to_list() == ["SELL"]


def test_lots_of_one_trade_share_its_transaction_id_and_are_all_kept() -> None:
    table = lots(one(lot(quantity="60"), lot(quantity="40"), lot(quantity="40")))
    assert sorted(table["quantity"].to_list()) == [40, 40, 60]
    assert table["transaction_id"].to_list() == ["9001"] * 3
    assert table["lot_key"].n_unique() == 3


def test_a_coarser_day_of_another_document_fills_what_no_execution_tells() -> None:
    orders = one(
        trade(levelOfDetail="ORDER", transactionID="", quantity="100"),
        trade(levelOfDetail="ORDER", transactionID="", quantity="7", reportDate="20240111"),
        generated=NEWER,
    )
    table = trades(one(trade()), orders)
    assert table.select("report_date", "level", "quantity").sort("report_date").rows() == [
        (date(2024, 1, 10), "EXECUTION", Decimal(100)),
        (date(2024, 1, 11), "ORDER", Decimal(7)),
    ]


def test_an_order_filled_over_several_days_says_multi_and_counts_once() -> None:
    multi = {"reportDate": "MULTI", "tradeDate": "MULTI", "dateTime": "MULTI", "settleDateTarget": "MULTI"}
    document = one(
        trade(quantity="60", transactionID="1"),
        trade(quantity="40", transactionID="2", reportDate="20240111", tradeDate="20240111"),
        trade(levelOfDetail="ORDER", transactionID="", **multi).replace("<Trade ", "<Order "),
    )
    table = trades(document)
    assert table["quantity"].to_list() == [60, 40]
    assert clean([document], ["trades"])["trades"].issues.is_empty()


def test_multi_dates_are_missing_where_only_the_summary_tells() -> None:
    multi = {"reportDate": "MULTI", "tradeDate": "MULTI", "dateTime": "MULTI"}
    cleaned = clean([one(trade(levelOfDetail="SYMBOL_SUMMARY", transactionID="", **multi))], ["trades"])[
        "trades"
    ]
    assert cleaned.table.select("trade_at", "trade_date", "report_date").row(0) == (None, None, None)
    assert cleaned.table["quantity"].to_list() == [100]
    assert cleaned.issues.select("row_ordinal", "column", "severity").rows() == [(0, "reportDate", "warning")]


def test_a_cancelled_and_rebooked_trade_keeps_three_rows_that_net() -> None:
    cancel = {
        "transactionType": "TradeCancel",
        "buySell": "BUY (Ca.)",
        "notes": "Ca",
        "quantity": "-100",
        "proceeds": "1050",
        "ibCommission": "1",
        "netCash": "1051",
        "origTransactionID": "9001",
        "transactionID": "9002",
    }
    table = trades(
        one(trade(), trade(**cancel), trade(transactionID="9003", tradePrice="10.4", netCash="-1041"))
    )
    assert table["is_cancel"].to_list() == [False, True, False]
    assert table["side"].to_list() == ["BUY"] * 3
    assert table["trade_id"].to_list() == ["7001"] * 3
    assert table["orig_transaction_id"].to_list() == [None, "9001", None]
    assert table["quantity"].sum() == 100
    assert table["net_cash"].sum() == -1041


def test_a_cancelled_fractional_share_is_a_cancel() -> None:
    table = trades(one(trade(transactionType="FracShareCancel", buySell="SELL", quantity="0.3")))
    assert table.select("is_cancel", "side").row(0) == (True, "SELL")


def test_the_side_is_the_sign_where_it_is_not_written() -> None:
    table = trades(one(trade(buySell=""), trade(buySell="", quantity="-5", transactionID="2")))
    assert dict(zip(table["trade_key"], table["side"], strict=True)) == {"9001": "BUY", "2": "SELL"}


def test_an_fx_trade_keeps_both_legs_and_a_commission_in_a_third_currency() -> None:
    legs = {
        "assetCategory": "CASH",
        "symbol": "EUR.USD",
        "conid": "12087792",
        "quantity": "-500000",
        "tradePrice": "1.1598",
        "proceeds": "579900",
        "netCash": "0",
        "ibCommission": "-9.33372246",
        "ibCommissionCurrency": "CHF",
        "notes": "AFx",
    }
    columns = ("quantity", "proceeds", "currency", "net_cash", "commission", "commission_currency", "notes")
    assert trades(one(trade(**legs))).select(columns).row(0) == (
        Decimal(-500000),
        Decimal(579900),
        "USD",
        Decimal(0),
        Decimal("-9.33372246"),
        "CHF",
        "AFx",
    )


def test_fx_legs_of_two_accounts_in_one_document_are_not_crossed() -> None:
    fx = {"assetCategory": "CASH", "symbol": "EUR.USD", "conid": "12087792", "accountId": ""}
    document = flex_document(
        statement(section("Trades", trade(**fx, quantity="10", transactionID="1")), account="U1"),
        statement(section("Trades", trade(**fx, quantity="20", transactionID="1")), account="U2"),
    )
    assert trades(document).select("account_id", "quantity").rows() == [
        ("U1", Decimal(10)),
        ("U2", Decimal(20)),
    ]


def test_a_row_names_its_own_account_before_its_statement() -> None:
    table = trades(
        one(trade(accountId="U2"), trade(accountId="-", transactionID="5", conid="7"), account="U1")
    )
    assert table.select("account_id", "trade_key").rows() == [("U1", "5"), ("U2", "9001")]


def test_a_statement_per_account_and_day_in_one_document() -> None:
    days = [
        statement(
            section("Trades", trade(transactionID=f"{day}", accountId=account, reportDate=f"202401{day}")),
            account=account,
            start=f"202401{day}",
            end=f"202401{day}",
        )
        for account in ("U1", "U2")
        for day in ("10", "11")
    ]
    assert trades(flex_document(*days)).select("account_id", "trade_key").rows() == [
        ("U1", "10"),
        ("U1", "11"),
        ("U2", "10"),
        ("U2", "11"),
    ]


def test_words_in_place_of_an_id_are_no_identity() -> None:
    rows = [
        trade(transactionID=word, quantity=str(i))
        for i, word in enumerate(["N/A", "N/A", "REDACTED", "REDACTED", "0"], 1)
    ]
    table = trades(one(*rows))
    assert sorted(table["quantity"].to_list()) == [1, 2, 3, 4, 5]
    assert table.sort("quantity")["transaction_id"].to_list() == [None, None, "REDACTED", "REDACTED", None]


def test_an_id_that_one_statement_gives_to_two_rows_loses_none() -> None:
    document = one(trade(), trade(reportDate="20240112", tradeDate="20240112"))
    again = one(trade(), trade(reportDate="20240112", tradeDate="20240112"), generated=NEWER)
    assert trades(document)["report_date"].n_unique() == 2
    assert trades(document, again).height == 2


def test_a_row_written_twice_with_its_id_is_one() -> None:
    assert trades(one(trade(), trade())).height == 1


def test_missing_columns_are_null_and_never_zero() -> None:
    bare = element(
        "Trade", symbol="ABC", quantity="5", reportDate="20240110", currency="USD", assetCategory="STK"
    )
    table = trades(one(bare))
    row = table.row(0, named=True)
    told = {name for name, value in row.items() if value is not None}
    assert told == {
        "account_id", "trade_key", "level", "instrument_key", "symbol", "asset_class", "currency",
        "report_date", "side", "is_cancel", "quantity", "document_id", "section", "row_ordinal",
    }  # fmt: skip
    assert row["instrument_key"] == "STK:ABC:USD"


def test_a_cell_that_cannot_be_read_is_null_and_an_issue() -> None:
    cleaned = clean(
        [one(trade(), trade(transactionID="2", tradePrice="ten", tradeDate="01/02/2024"))], ["trades"]
    )["trades"]
    assert cleaned.table["price"].to_list() == [None, Decimal("10.5")]
    assert cleaned.table["net_cash"].to_list() == [-1051, -1051]
    found = cleaned.issues.select("section", "row_ordinal", "column", "value", "severity").rows()
    assert found == [
        ("Trades", 1, "tradeDate", "01/02/2024", "error"),
        ("Trades", 1, "tradePrice", "ten", "error"),
    ]


def test_issues_of_superseded_rows_are_not_told() -> None:
    cleaned = clean([one(trade(tradePrice="ten")), one(trade(), generated=NEWER)], ["trades"])["trades"]
    assert cleaned.issues.is_empty()


def test_date_and_time_in_two_attributes_are_one_instant() -> None:
    table = trades(one(trade(dateTime="", tradeTime="103000")))
    assert table["trade_at"].to_list() == [datetime(2024, 1, 10, 15, 30, tzinfo=UTC)]


def test_a_date_alone_is_no_instant() -> None:
    table = trades(one(trade(dateTime="20240110")))
    assert table.select("trade_at", "trade_at_text").row(0) == (None, "20240110")


def test_trades_without_report_date_are_booked_on_the_trade_date_with_one_warning_a_document() -> None:
    cleaned = clean([one(trade(reportDate=""), trade(reportDate="", transactionID="2"))], ["trades"])[
        "trades"
    ]
    assert cleaned.table["report_date"].to_list() == [date(2024, 1, 10)] * 2
    assert cleaned.issues.select("row_ordinal", "column", "severity").rows() == [
        (None, "reportDate", "warning")
    ]


def test_a_futures_trade_date_may_differ_from_the_clock() -> None:
    table = trades(one(trade(assetCategory="FUT", dateTime="20240109;181500")))
    assert table.select("trade_at", "trade_date").row(0) == (
        datetime(2024, 1, 9, 23, 15, tzinfo=UTC),
        date(2024, 1, 10),
    )


def test_the_clock_is_read_in_the_zone_of_the_setting() -> None:
    table = clean([one(trade())], ["trades"], CleanContext(timezone="Europe/Zurich"))["trades"].table
    assert table["trade_at"].to_list() == [datetime(2024, 1, 10, 9, 30, tzinfo=UTC)]


def test_a_row_inside_another_row_counts_once() -> None:
    nested = trade(transactionID="").replace("/>", f">{lot(transactionID='')}</Trade>", 1)
    assert trades(one(nested)).height == 1
    assert lots(one(nested)).height == 1
