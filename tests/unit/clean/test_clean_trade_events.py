"""Option events, trade confirmations and wash sales."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

from tests.support.raw_frames import clean, element, flex_document, section, statement, trade

OLDER = "20240201;060000"
NEWER = "20240202;060000"


def table(name: str, *documents: bytes) -> pl.DataFrame:
    return clean(documents, [name])[name].table


def one(name: str, *rows: str, **more: str) -> bytes:
    return flex_document(statement(section(name, *rows), **more))


def event(**attributes: str) -> str:
    facts = {
        "accountId": "U1",
        "currency": "USD",
        "fxRateToBase": "1",
        "assetCategory": "OPT",
        "symbol": "XOM   240119C00042500",
        "conid": "386346364",
        "underlyingConid": "13977",
        "multiplier": "100",
        "date": "20240119",
        "transactionType": "Assignment",
        "quantity": "1",
        "tradePrice": "0.0000",
        "markPrice": "18.0856",
        "proceeds": "0.00",
        "commisionsAndTax": "-0.03",
        "costBasis": "519.33",
        "realizedPnl": "1,062.51",
        "mtmPnl": "1,808.56",
        "tradeID": "3764387737",
    }
    return element("OptionEAE", **{**facts, **attributes})


def test_an_option_event_is_typed_and_reported_twice_is_one() -> None:
    stock = event(assetCategory="STK", symbol="XOM", conid="13977", transactionType="Sell", quantity="-100")
    found = table(
        "option_events",
        one("OptionEAE", event(), stock, generated=OLDER),
        one("OptionEAE", event(), stock, generated=NEWER, start="20240119", end="20240119"),
    )
    assert sorted(found["event_type"]) == ["Assignment", "Sell"]
    (row,) = found.filter(pl.col("event_type") == "Assignment").rows(named=True)
    assert (row["report_date"], row["trade_id"]) == (date(2024, 1, 19), "3764387737")
    assert (row["underlying_conid"], row["instrument_key"]) == (13977, "386346364")
    assert (row["realized_pnl"], row["mtm_pnl"]) == (Decimal("1062.51"), Decimal("1808.56"))
    assert row["commission_and_tax"] == Decimal("-0.03")


def confirmation(tag: str = "TradeConfirm", level: str = "EXECUTION", **attributes: str) -> str:
    facts = {
        "accountId": "U1",
        "currency": "USD",
        "assetCategory": "STK",
        "symbol": "QQQ",
        "conid": "320227571",
        "multiplier": "1",
        "tradeID": "9001" if tag == "TradeConfirm" else "",
        "orderID": "684395693",
        "execID": "0000e0d5.01" if tag == "TradeConfirm" else "",
        "dateTime": "2024-01-10;11:08:05 EST",
        "reportDate": "2024-01-10",
        "settleDate": "2024-01-12",
        "tradeDate": "2024-01-10",
        "buySell": "BUY",
        "quantity": "1",
        "price": "582.74",
        "amount": "582.74",
        "proceeds": "-582.74",
        "netCash": "-583.74",
        "commission": "-1",
        "commissionCurrency": "USD",
        "tax": "0",
        "code": "P",
        "levelOfDetail": level,
    }
    return element(tag, **{**facts, **attributes})


def test_executions_stand_for_their_orders_and_summaries() -> None:
    rows = (confirmation("SymbolSummary", "SYMBOL_SUMMARY"), confirmation("Order", "ORDER"), confirmation())
    found = table("trade_confirmations", one("TradeConfirms", *rows))
    (row,) = found.rows(named=True)
    assert (row["level"], row["exec_id"], row["trade_id"]) == ("EXECUTION", "0000e0d5.01", "9001")
    assert row["trade_at"] == datetime(2024, 1, 10, 16, 8, 5, tzinfo=UTC)
    assert (row["side"], row["is_cancel"], row["notes"]) == ("BUY", False, "P")
    assert (row["price"], row["commission"], row["net_cash"]) == (
        Decimal("582.74"),
        Decimal(-1),
        Decimal("-583.74"),
    )


def test_a_cancel_is_told_and_a_later_document_replaces_the_day() -> None:
    early = one("TradeConfirms", confirmation(), generated=OLDER)
    cancel = confirmation(buySell="BUY (Ca.)", quantity="-1", execID="0000e0d5.02")
    later = one("TradeConfirms", confirmation(commission="-0.9"), cancel, generated=NEWER)
    found = table("trade_confirmations", early, later).sort("quantity")
    assert found.select("is_cancel", "side", "commission").rows() == [
        (True, "BUY", Decimal(-1)),
        (False, "BUY", Decimal("-0.9")),
    ]


def test_an_instrument_seen_in_a_confirmation_alone_is_known() -> None:
    found = clean([one("TradeConfirms", confirmation())], ["instruments"])["instruments"].table
    assert found.select("conid", "symbol").rows() == [(320227571, "QQQ")]


def test_wash_sales_are_neither_trades_nor_lots() -> None:
    wash = trade(
        levelOfDetail="WASH_SALE",
        buySell="SELL",
        quantity="40",
        fifoPnlRealized="-25.5",
        openDateTime="20231201;103000",
        whenReopened="20240115;100000",
        transactionID="",
    ).replace("<Trade ", "<WashSale ")
    lot = trade(levelOfDetail="CLOSED_LOT", buySell="SELL").replace("<Trade ", "<Lot ")
    document = one("Trades", trade(), lot, wash)
    tables = clean([document, one("Trades", wash, generated=NEWER, end="20240201")])
    assert [tables[name].table.height for name in ("trades", "closed_lots", "wash_sales")] == [1, 1, 1]
    (row,) = tables["wash_sales"].table.rows(named=True)
    assert (row["realized_pnl"], row["quantity"], row["side"]) == (Decimal("-25.5"), Decimal(40), "SELL")
    assert row["open_at"] == datetime(2023, 12, 1, 15, 30, tzinfo=UTC)
    assert row["reopened_at"] == datetime(2024, 1, 15, 15, 0, tzinfo=UTC)
