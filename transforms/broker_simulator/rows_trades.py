"""Rows of the Trades section: executions, the lots they close, and the order and symbol sums over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.ledger import Ledger
from transforms.broker_simulator.money import ZERO, nine_places, text, total
from transforms.broker_simulator.xml_text import PHYSICAL, day_text, owner, quoted, security_values, stamp

NAMES = (
    *("currency", "fxRateToBase", "assetCategory", "subCategory", "symbol", "description", "conid"),
    *("securityID", "securityIDType", "cusip", "isin", "figi", "listingExchange", "underlyingConid"),
    *("underlyingSymbol", "underlyingSecurityID", "underlyingListingExchange", "issuer"),
    *("issuerCountryCode", "tradeID", "multiplier", "relatedTradeID", "strike", "reportDate", "expiry"),
    *("dateTime", "putCall", "tradeDate", "principalAdjustFactor", "settleDateTarget", "transactionType"),
    *("exchange", "quantity", "tradePrice", "tradeMoney", "proceeds", "taxes", "ibCommission"),
    *("ibCommissionCurrency", "netCash", "closePrice", "openCloseIndicator", "notes", "cost"),
    *("fifoPnlRealized", "fxPnl", "mtmPnl", "origTradePrice", "origTradeDate", "origTradeID", "origOrderID"),
    *("origTransactionID", "buySell", "clearingFirmID", "ibOrderID", "transactionID", "ibExecID"),
    *("relatedTransactionID", "rtn", "brokerageOrderID", "orderReference", "volatilityOrderLink"),
    *("exchOrderId", "extExecID", "orderTime", "openDateTime", "holdingPeriodDateTime", "whenRealized"),
    *("whenReopened", "levelOfDetail", "changeInPrice", "changeInQuantity", "orderType", "traderID"),
    *("isAPIOrder", "accruedInt", "initialInvestment", "positionActionID"),
)


def execution_id(order: int, transaction: int) -> str:
    """An execution id in the form exchanges write it."""
    return f"{order & 0xFFFFFFFF:08x}.{transaction & 0xFFFFFFFF:08x}.01.01"


def write_row(tag: str, account_id: str, values: dict[str, str]) -> str:
    """One row of the section; attributes that `values` lacks are empty."""
    written = " ".join(f'{name}="{quoted(values.get(name, ""))}"' for name in NAMES)
    return f"<{tag} {owner(account_id)} {written} {PHYSICAL} />"


def execution_values(ledger: Ledger, trade: ev.Execution) -> dict[str, str]:
    """The attributes of a fill, by name."""
    booked = trade.kind != "ExchTrade"
    original = trade.original
    cancel = original is not None
    rate = ledger.market.rate(trade.instrument.currency, ledger.account.base, trade.day)
    return security_values(trade.instrument) | {
        "currency": trade.instrument.currency,
        "fxRateToBase": text(rate),
        "tradeID": "" if cancel else str(trade.trade_id),
        "reportDate": day_text(ledger.market.days[trade.day]),
        "dateTime": stamp(trade.when),
        "tradeDate": day_text(trade.traded),
        "settleDateTarget": "" if cancel else day_text(trade.settles),
        "transactionType": trade.kind,
        "exchange": trade.exchange,
        "quantity": text(trade.quantity),
        "tradePrice": text(trade.price),
        "tradeMoney": text(-trade.proceeds),
        "proceeds": text(trade.proceeds),
        "taxes": text(trade.taxes),
        "ibCommission": text(trade.commission),
        "ibCommissionCurrency": trade.commission_currency,
        "netCash": text(trade.net_cash),
        "closePrice": text(trade.close_price),
        "openCloseIndicator": trade.indicator,
        "notes": trade.notes,
        "cost": text(trade.cost),
        "fifoPnlRealized": text(trade.realized),
        "fxPnl": "0",
        "mtmPnl": text(trade.mtm),
        "origTradePrice": text(original.price) if original else "0",
        "origTradeDate": day_text(original.traded) if original else "",
        "origTradeID": str(original.trade_id) if original else "",
        "origOrderID": str(original.order_id) if original else "0",
        "origTransactionID": str(original.transaction_id) if original else "0",
        "buySell": trade.buy_sell,
        "ibOrderID": str(trade.order_id),
        "transactionID": str(trade.transaction_id),
        "ibExecID": "" if booked else execution_id(trade.order_id, trade.transaction_id),
        "brokerageOrderID": "" if booked else f"{trade.order_id & 0xFFFFFFFF:08x}.{trade.day:08x}.0001",
        "exchOrderId": "N/A",
        "extExecID": "N/A" if booked else f"{trade.transaction_id % 10**9}B",
        "orderTime": "" if booked else stamp(trade.when),
        "levelOfDetail": "EXECUTION",
        "changeInPrice": "0",
        "changeInQuantity": "0",
        "orderType": "" if booked else "LMT",
        "isAPIOrder": "N",
        "accruedInt": text(trade.accrued),
    }


def lot_values(ledger: Ledger, trade: ev.Execution, part: ev.ClosedLot) -> dict[str, str]:
    """The attributes of a closed lot: opening price and (positive) cost, the closing trade's side and time,
    no ids.

    Lots of identical fills closed by one trade are therefore identical byte by byte, as they are in real
    documents.
    """
    rate = ledger.market.rate(trade.instrument.currency, ledger.account.base, trade.day)
    opened = stamp(part.lot.opened)
    held_for = (trade.when - part.lot.opened).days
    return security_values(trade.instrument) | {
        "currency": trade.instrument.currency,
        "fxRateToBase": text(rate),
        "reportDate": day_text(ledger.market.days[trade.day]),
        "dateTime": stamp(trade.when),
        "tradeDate": day_text(trade.traded),
        "transactionType": trade.kind,
        "quantity": text(part.quantity),
        "tradePrice": text(part.lot.price),
        "openCloseIndicator": "C",
        "notes": "LT" if held_for > 365 else "ST",
        "cost": text(abs(part.cost)),
        "fifoPnlRealized": text(part.realized),
        "buySell": trade.buy_sell,
        "openDateTime": opened,
        "holdingPeriodDateTime": opened,
        "whenRealized": stamp(trade.when),
        "levelOfDetail": "CLOSED_LOT",
    }


def trade_rows(ledger: Ledger, day: int) -> Iterator[str]:
    """All rows of one report day: sums by symbol and side, orders, then each fill followed by the lots it
    closed.
    """
    account_id = ledger.account.account_id
    trades = ledger.executions.get(day, [])
    orders = [
        _summed(list(fills)) for _, fills in groupby(trades, lambda trade: (trade.order_id, trade.kind))
    ]
    orders += ledger.plain_orders.get(day, [])
    by_symbol: dict[tuple[int, str], list[ev.Execution]] = {}
    for order in orders:
        by_symbol.setdefault((order.instrument.conid, order.buy_sell), []).append(order)
    for same in by_symbol.values():
        yield write_row("SymbolSummary", account_id, _sum_values(ledger, _summed(same), "SYMBOL_SUMMARY"))
    for order in orders:
        yield write_row("Order", account_id, _sum_values(ledger, order, "ORDER"))
    for trade in trades:
        yield write_row("Trade", account_id, execution_values(ledger, trade))
        for part in trade.closed:
            yield write_row("Lot", account_id, lot_values(ledger, trade, part))


def _summed(fills: list[ev.Execution]) -> ev.Execution:
    """One row for several fills of the same instrument and side; the price is their average."""
    if len(fills) == 1:
        return fills[0]
    quantity = total(fill.quantity for fill in fills)
    average = sum((fill.price * fill.quantity for fill in fills), ZERO) / quantity if quantity else ZERO
    return replace(
        fills[0],
        quantity=quantity,
        price=nine_places(average),
        proceeds=total(fill.proceeds for fill in fills),
        taxes=total(fill.taxes for fill in fills),
        commission=total(fill.commission for fill in fills),
        net_cash=total(fill.net_cash for fill in fills),
        cost=total(fill.cost for fill in fills),
        realized=total(fill.realized for fill in fills),
        mtm=total(fill.mtm for fill in fills),
        accrued=total(fill.accrued for fill in fills),
    )


_ONLY_FILLS_HAVE = (
    *("tradeID", "transactionType", "exchange", "origTradePrice", "origTradeDate", "origTradeID"),
    *("origOrderID", "origTransactionID", "transactionID", "ibExecID", "brokerageOrderID", "exchOrderId"),
    *("extExecID", "changeInPrice", "changeInQuantity", "isAPIOrder", "fxPnl"),
)
_ONLY_ORDERS_HAVE = (
    "fxRateToBase",
    "dateTime",
    "closePrice",
    "openCloseIndicator",
    "ibOrderID",
    "orderTime",
    "orderType",
)


def _sum_values(ledger: Ledger, order: ev.Execution, level: str) -> dict[str, str]:
    values = execution_values(ledger, order) | dict.fromkeys(_ONLY_FILLS_HAVE, "") | {"levelOfDetail": level}
    if level == "SYMBOL_SUMMARY":
        values |= dict.fromkeys(_ONLY_ORDERS_HAVE, "")
    else:
        values["notes"] = values["notes"] or order.indicator
    return values
