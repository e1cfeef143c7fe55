"""The fields of what TWS says about accounts, positions, results and fills, in the wire's order. Orders: `orders`."""

from datetime import UTC, datetime
from decimal import Decimal

from tests.fakes.tws.book import Book
from tests.fakes.tws.faults import Faults
from tests.fakes.tws.holdings import Fill, Holding, Pnl
from tests.fakes.tws.instruments import Instrument
from tests.fakes.tws.wire import Field, moment_of

NOT_UTF8 = "\udce9"


def contract(instrument: Instrument, exchange: str, faults: Faults) -> list[Field]:
    """The eleven fields of a contract; `exchange` is the one of the message."""
    multiplier = "" if instrument.multiplier is None else format(instrument.multiplier, "f")
    return [
        instrument.conid,
        instrument.symbol,
        instrument.asset_class,
        instrument.expiry,
        instrument.strike,
        instrument.right,
        multiplier,
        exchange,
        instrument.currency,
        (instrument.local_symbol or instrument.symbol) + (NOT_UTF8 if faults.non_utf8 else ""),
        instrument.trading_class,
    ]


def position(held: Holding, faults: Faults) -> list[Field]:
    """`position`, without its number."""
    told = contract(held.instrument, held.instrument.primary_exchange, faults)
    return [3, held.account_id, *told, held.quantity, held.average_cost]


def portfolio(book: Book, held: Holding, faults: Faults) -> list[Field]:
    """`updatePortfolio`; TWS writes the right of what is no option as 0 here, and no price as 0."""
    told = contract(held.instrument, held.instrument.primary_exchange, faults)
    if not held.instrument.right:
        told[5] = "0"
    result = pnl_of(book, held, faults)
    price = book.prices.get(held.instrument.conid) or Decimal(0)
    return [
        *(8, *told, held.quantity, price, result.value or Decimal(0), held.average_cost),
        *(result.unrealized or Decimal(0), result.realized, held.account_id),
    ]


def pnl_of(book: Book, held: Holding, faults: Faults) -> Pnl:
    """The result of a position as it is told now."""
    result = book.pnl(held.account_id, held.instrument.conid)
    return Pnl(None, None, None, result.quantity, None) if faults.unset_pnl else result


def pnl_single(book: Book, request: int, account_id: str, conid: int, faults: Faults) -> list[Field]:
    """`pnlSingle` of a position, held or not."""
    result = book.pnl(account_id, conid)
    if faults.unset_pnl:
        result = Pnl(None, None, None, result.quantity, None)
    return [request, result.quantity, result.daily, result.unrealized, result.realized, result.value]


def pnl(book: Book, request: int, account_id: str, faults: Faults) -> list[Field]:
    """`pnl` of an account."""
    result = Pnl(None, None, None) if faults.unset_pnl else book.account_pnl(account_id)
    return [request, result.daily, result.unrealized, result.realized]


def execution(fill: Fill, request: int, faults: Faults, zone: datetime, version: int) -> list[Field]:
    """`execDetails`; `request` is -1 for a live one. `zone` is any instant in the zone that TWS shows."""
    since_178: list[Field] = [False] if version >= 178 else []
    at = fill.at.astimezone(UTC if faults.execution_time == "utc" else zone.tzinfo)
    return [
        request,
        fill.order_id,
        *contract(fill.instrument, fill.exchange, faults),
        fill.execution_id,
        moment_of(at, faults.execution_time),
        fill.account_id,
        fill.exchange,
        "BOT" if fill.quantity > 0 else "SLD",
        abs(fill.quantity),
        fill.price,
        fill.perm_id,
        fill.client_id,
        0,
        fill.cumulative_quantity,
        fill.average_price,
        fill.order_ref,
        "",
        "",
        "",
        1,
        *since_178,  # whether its price may still be revised
    ]


def commission(fill: Fill) -> list[Field]:
    """`commissionReport`; what only opened has no realized result."""
    return [1, fill.execution_id, fill.commission, fill.instrument.currency, fill.realized, None, ""]


def contract_details(instrument: Instrument, request: int, exchange: str) -> tuple[str, list[Field]]:
    """The message's name and fields: bonds have a message of their own."""
    if instrument.asset_class == "BOND":
        return "bondContractDetails", _bond_details(instrument, request, exchange)
    secids: list[Field] = [1, "ISIN", instrument.isin] if instrument.isin else [0]
    name = instrument.local_symbol or instrument.symbol
    multiplier = "" if instrument.multiplier is None else format(instrument.multiplier, "f")
    return "contractDetails", [
        *(request, instrument.symbol, instrument.asset_class, instrument.expiry, instrument.strike),
        *(instrument.right, exchange, instrument.currency, name, "NMS", instrument.trading_class),
        *(instrument.conid, Decimal("0.01"), multiplier, "ACTIVETIM,LMT,MKT", f"SMART,{exchange}", 1, 0),
        *(instrument.long_name, instrument.primary_exchange, instrument.expiry[:6], "", "", ""),
        *("US/Eastern", "", "", "", 0, *secids, 1, "", "", "26", instrument.expiry, "COMMON"),
        *(Decimal(1), Decimal(1), Decimal(100)),
    ]


def _bond_details(instrument: Instrument, request: int, exchange: str) -> list[Field]:
    secids: list[Field] = [1, "ISIN", instrument.isin] if instrument.isin else [0]
    return [
        *(request, instrument.symbol, "BOND", instrument.isin[2:11], Decimal(0), instrument.expiry, "", ""),
        *("", "", 0, 0, 0, instrument.long_name, exchange, instrument.currency, "Bond"),
        *(instrument.trading_class, instrument.conid, Decimal("0.001"), "LMT,MKT", exchange, "", "", 0, ""),
        *(instrument.long_name, "", 0, *secids, 1, "26", Decimal(1), Decimal(1), Decimal(1)),
    ]
