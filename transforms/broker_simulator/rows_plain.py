"""Rows of the plain day trades, written fast: one template a day, fund and side, its varying places filled
by position.

The template is a row that `rows_trades` wrote, so that both kinds of row have the same attributes in the
same order.
"""

from __future__ import annotations

from collections.abc import Iterator

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.instruments import LIQUID
from transforms.broker_simulator.ledger import Ledger
from transforms.broker_simulator.money import scaled
from transforms.broker_simulator.plain_trades import DayTrade, PlainTrades, clock, order_id
from transforms.broker_simulator.rows_trades import execution_id, execution_values, lot_values, write_row
from transforms.broker_simulator.xml_text import day_text

# in the order in which the attributes stand in a row
_VARYING = (
    *("tradeID", "dateTime", "quantity", "tradePrice", "tradeMoney", "proceeds", "ibCommission", "netCash"),
    *("cost", "fifoPnlRealized", "mtmPnl", "transactionID", "ibExecID", "extExecID", "orderTime"),
)
_LOT_VARYING = (
    *("dateTime", "quantity", "tradePrice", "cost", "fifoPnlRealized", "openDateTime"),
    *("holdingPeriodDateTime", "whenRealized"),
)
_PLACE = "\x00"


def plain_rows(ledger: Ledger, plain: PlainTrades, day: int) -> Iterator[str]:
    """Rows of one day's plain trades, in time order: the buy, the sale, the lot it closed."""
    if not plain.count(ledger.account.account_id, day):
        return
    fills, lots = _templates(ledger, day)
    closes = plain.closes(day)
    date_stamp = day_text(ledger.market.days[day])
    for trade in plain.draw(ledger.account, day):
        when = f"{date_stamp};{clock(trade.second)}"
        conid, close = LIQUID[trade.kind].conid, closes[trade.kind]
        yield fills[conid, "O"] % _fill(ledger.account, day, trade, 0, when, close)
        yield fills[conid, "C"] % _fill(ledger.account, day, trade, 1, when, close)
        basis = _basis(trade)
        gained = trade.quantity * trade.sold * 100 - trade.sell_fee - basis
        prices = (scaled(trade.bought, 2), scaled(basis, 4), scaled(gained, 4))
        yield lots[conid] % (when, trade.quantity, *prices, when, when, when)


def _basis(trade: DayTrade) -> int:
    return trade.quantity * trade.bought * 100 + trade.buy_fee


def _fill(
    account: ev.Account, day: int, trade: DayTrade, side: int, when: str, close: int
) -> tuple[str | int, ...]:
    """The varying values of a fill; money is counted in ten-thousandths."""
    sign = -1 if side else 1
    price, fee = (trade.sold, trade.sell_fee) if side else (trade.bought, trade.buy_fee)
    money, quantity = trade.quantity * price * 100, trade.quantity
    paid = -sign * money - fee
    basis = _basis(trade)
    transaction_id = trade.first_id + side
    order = order_id(account, day, trade.kind, side)
    return (
        transaction_id - 10**10,
        when,
        sign * quantity,
        scaled(price, 2),
        scaled(sign * money, 4),
        scaled(-sign * money, 4),
        scaled(-fee, 4),
        scaled(paid, 4),
        scaled(-basis if side else -paid, 4),
        scaled(paid - basis, 4) if side else "0",
        scaled(sign * (close - price) * quantity, 2),
        transaction_id,
        execution_id(order, transaction_id),
        f"{transaction_id % 10**9}B",
        when,
    )


def _templates(ledger: Ledger, day: int) -> tuple[dict[tuple[int, str], str], dict[int, str]]:
    account_id = ledger.account.account_id
    fills, lots = {}, {}
    for order in ledger.plain_orders[day]:
        conid = order.instrument.conid
        values = execution_values(ledger, order) | dict.fromkeys(_VARYING, _PLACE)
        fills[conid, order.indicator] = _as_template(write_row("Trade", account_id, values))
        if order.indicator == "C":
            opened = ev.Lot(order.instrument, order.quantity, order.cost, order.price, order.when, 0, 0)
            closed = ev.ClosedLot(opened, order.quantity, order.cost, order.realized)
            values = lot_values(ledger, order, closed) | dict.fromkeys(_LOT_VARYING, _PLACE)
            lots[conid] = _as_template(write_row("Lot", account_id, values))
    return fills, lots


def _as_template(row: str) -> str:
    return row.replace("%", "%%").replace(_PLACE, "%s")
