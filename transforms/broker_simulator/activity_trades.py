"""Tables of the Activity Statement about securities: positions, trades, corporate actions, instruments."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from transforms.broker_simulator.activity_table import (
    ASSET_CATEGORIES,
    Lines,
    Told,
    by_currency,
    dashed,
    dashed_time,
    figure,
    in_base,
    summed,
)
from transforms.broker_simulator.csv_text import thousands
from transforms.broker_simulator.money import text, total
from transforms.broker_simulator.told_rows import ToldRow

_AMOUNTS = ("proceeds", "fees", "cost", "fifoPnlRealized", "mtmPnl")
_LEVELS = {"Order": "Order", "Trade": "Trade", "Lot": "ClosedLot"}


def symbol_of(row: ToldRow) -> str:
    """The symbol as the statement shows it: an option by its description."""
    written = "description" if row.values["assetCategory"] == "OPT" else "symbol"
    return row.values[written]


def open_positions(told: Told, base: str) -> Iterator[str]:
    """Positions at the end: a Summary each, its Lots, and sums by category and currency."""
    lines = Lines(
        "Open Positions",
        *("DataDiscriminator", "Asset Category", "Currency", "Symbol", "Open", "Quantity", "Mult"),
        *("Cost Price", "Cost Basis", "Close Price", "Value", "Unrealized P/L", "Code"),
    )
    for category, currency, rows in _groups(told["OpenPositions"], base):
        yield lines.header()
        for row in rows:
            values = row.values
            lot = values["levelOfDetail"] == "LOT"
            head = ("Lot" if lot else "Summary", category, currency, symbol_of(row))
            opened = dashed_time(values["openDateTime"]) if lot else "-"
            money = ("costBasisPrice", "costBasisMoney", "markPrice", "positionValue", "fifoPnlUnrealized")
            size = (thousands(figure(row, "position")), values["multiplier"])
            yield lines.data((*head, opened, *size, *(values[name] for name in money), values["code"]))
        summaries = [row for row in rows if row.values["levelOfDetail"] == "SUMMARY"]
        sums = ("costBasisMoney", "positionValue", "fifoPnlUnrealized")
        cost, value, gain = (text(summed(summaries, name)) for name in sums)
        yield lines.sum_up("Total", ("", category, currency, *[""] * 5, cost, "", value, gain, ""))


def trades(told: Told, base: str) -> Iterator[str]:
    """Orders, each followed by its Trades and the ClosedLots of these, by category, currency and symbol.

    Currency pairs and futures have columns of their own, and so their own headers; the commission of a
    currency pair is in base currency already.
    """
    for category, currency, rows in _groups(told["Trades"], base):
        lines = Lines("Trades", *_trade_columns(category, base))
        yield lines.header()
        by_symbol: dict[str, list[ToldRow]] = {}
        for row in rows:
            if row.tag in _LEVELS:
                by_symbol.setdefault(symbol_of(row), []).append(row)
        for symbol, own in by_symbol.items():
            for row in _in_order(own):
                yield lines.data(_trade_cells(row, category, currency, symbol))
            orders = [row for row in own if row.tag == "Order"]
            quantity = thousands(summed(orders, "quantity"))
            head = ("", category, currency, symbol, "", "", quantity, "", "")
            yield lines.sum_up("SubTotal", (*head, *_sums(orders, category), ""))
        orders = [row for row in rows if row.tag == "Order"]
        head = ("", category, currency, "", "", "", "", "", "")
        yield lines.sum_up("Total", (*head, *_sums(orders, category), ""))


def _trade_columns(category: str, base: str) -> tuple[str, ...]:
    head = ("DataDiscriminator", "Asset Category", "Currency", "Symbol", "Date/Time", "Exchange", "Quantity")
    if category == "Forex":
        return (*head, "T. Price", "", "Proceeds", f"Comm in {base}", "", "", f"MTM in {base}", "Code")
    money = "Notional Value" if category == "Futures" else "Proceeds"
    results = ("Comm/Fee", "Basis", "Realized P/L", "MTM P/L")
    return (*head, "T. Price", "C. Price", money, *results, "Code")


def _in_order(rows: list[ToldRow]) -> Iterator[ToldRow]:
    """Each order followed by its fills and their lots. Lots stand behind their fill in the statement."""
    fills: dict[tuple[str, ...], list[ToldRow]] = {}
    key: tuple[str, ...] = ()
    for row in rows:
        if row.tag == "Trade":
            key = _order_key(row)
        if row.tag != "Order":
            fills.setdefault(key, []).append(row)
    for row in rows:
        if row.tag == "Order":
            yield row
            yield from fills.pop(_order_key(row))
    if fills:
        raise ValueError(f"trades without an order: {', '.join(map(str, fills))}")


def _order_key(row: ToldRow) -> tuple[str, ...]:
    return tuple(row.values[name] for name in ("ibOrderID", "reportDate", "buySell"))


def _trade_cells(row: ToldRow, category: str, currency: str, symbol: str) -> tuple[str, ...]:
    values = row.values
    head = (_LEVELS[row.tag], category, currency, symbol)
    if row.tag == "Lot":
        cost = figure(row, "cost").copy_sign(figure(row, "quantity"))
        results = (text(cost), values["fifoPnlRealized"], "")
        opened = dashed(values["openDateTime"][:8])
        size = (thousands(figure(row, "quantity")), values["tradePrice"])
        return (*head, opened, "", *size, "", "", "", *results, values["notes"])
    amounts = _amounts(row)
    shown = [text(amounts[name]) for name in _AMOUNTS]
    if category == "Forex":
        rate = Decimal(values["fxRateToBase"])
        shown = [shown[0], shown[1], "", "", text(amounts["mtmPnl"] * rate)]
    closing = "" if category == "Forex" else values["closePrice"]
    exchange = "-" if row.tag == "Order" else values["exchange"] or "--"
    traded = (thousands(figure(row, "quantity")), values["tradePrice"], closing)
    codes = sorted({*values["openCloseIndicator"].split(";"), *values["notes"].split(";")} - {""})
    return (*head, dashed_time(values["dateTime"]), exchange, *traded, *shown, ";".join(codes))


def _amounts(row: ToldRow) -> dict[str, Decimal]:
    """The money of a fill or order in its currency; taxes stand with the commission."""
    amounts = {name: figure(row, name) for name in _AMOUNTS if name != "fees"}
    return amounts | {"fees": figure(row, "ibCommission") + figure(row, "taxes")}


def _sums(orders: list[ToldRow], category: str) -> list[str]:
    amounts = [_amounts(row) for row in orders]
    sums = [text(total(of[name] for of in amounts)) for name in _AMOUNTS]
    if category == "Forex":
        worth = total(in_base(row, "mtmPnl") for row in orders)
        return [sums[0], sums[1], "", "", text(worth)]
    return sums


def corporate_actions(told: Told, base: str) -> Iterator[str]:
    """Legs of corporate actions, with a sum by category and currency."""
    lines = Lines(
        "Corporate Actions",
        *("Asset Category", "Currency", "Report Date", "Date/Time", "Description", "Quantity"),
        *("Proceeds", "Value", "Realized P/L", "Code"),
    )
    legs = [row for row in told["CorporateActions"] if row.values["levelOfDetail"] == "DETAIL"]
    if not legs:
        return
    yield lines.header()
    money_names = ("proceeds", "value", "fifoPnlRealized")
    for category, currency, rows in _groups(legs, base):
        for row in rows:
            values = row.values
            when = (dashed(values["reportDate"]), dashed_time(values["dateTime"]))
            money = (values["proceeds"], values["value"], values["fifoPnlRealized"], values["code"])
            about = (values["actionDescription"], thousands(figure(row, "quantity")))
            yield lines.data((category, currency, *when, *about, *money))
        sums = [text(summed(rows, name)) for name in money_names]
        yield lines.data(("Total", *[""] * 5, *sums, ""))
        if currency != base:
            worth = [text(total(in_base(row, name) for row in rows)) for name in money_names]
            yield lines.data((f"Total in {base}", *[""] * 5, *worth, ""))


def instruments(told: Told) -> Iterator[str]:
    """Every security that the statement names; each category has its own columns, and so its own header."""
    common = ("Asset Category", "Symbol", "Description", "Conid")
    columns = {
        "STK": ("Security ID", "Underlying", "Listing Exch", "Multiplier", "Type", "Code"),
        "OPT": (
            *("Underlying", "Listing Exch", "Multiplier", "Expiry", "Delivery Month", "Type", "Strike"),
            "Code",
        ),
        "FUT": ("Underlying", "Listing Exch", "Multiplier", "Expiry", "Delivery Month", "Code"),
        "BOND": ("Security ID", "Underlying", "Listing Exch", "Multiplier", "Issuer", "Maturity", "Code"),
    }
    for code, rest in columns.items():
        yield from Lines("Financial Instrument Information", *common, *rest).of(
            (
                ASSET_CATEGORIES[code],
                symbol_of(row),
                row.values["description"],
                row.values["conid"],
                *(_instrument_cell(row, column) for column in rest),
            )
            for row in told["SecuritiesInfo"]
            if row.values["assetCategory"] == code
        )


def _instrument_cell(row: ToldRow, column: str) -> str:
    values = row.values
    if column in ("Expiry", "Maturity"):
        return dashed(values["expiry" if column == "Expiry" else "maturity"])
    if column == "Delivery Month":
        return dashed(values["expiry"])[:7]
    if column == "Type":
        return values["subCategory"] or values["putCall"]
    names = {
        "Security ID": "securityID",
        "Underlying": "underlyingSymbol",
        "Listing Exch": "listingExchange",
        "Multiplier": "multiplier",
        "Issuer": "issuer",
        "Strike": "strike",
        "Code": "code",
    }
    return values[names[column]]


def _groups(rows: list[ToldRow], base: str) -> Iterator[tuple[str, str, list[ToldRow]]]:
    """Rows by asset category and currency, in the statement's order; a row's place among its own stays."""
    for code, category in ASSET_CATEGORIES.items():
        own = [row for row in rows if row.values["assetCategory"] == code]
        for currency, same in by_currency(own, base).items():
            yield category, currency, same
