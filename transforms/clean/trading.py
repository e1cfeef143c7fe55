"""Builders of trades, closed_lots and wash_sales from the section Trades. Shared rules: rules.py, tables.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.raw_rows import blank_to_null
from transforms.clean.rules import instrument_key
from transforms.clean.tables import TransactionRules, build_transactions
from transforms.schemas.trading import CLOSED_LOTS, TRADES, WASH_SALES

_ELEMENT_LEVELS: Final = {
    "Trade": "EXECUTION",
    "Order": "ORDER",
    "SymbolSummary": "SYMBOL_SUMMARY",
    "AssetSummary": "ASSET_SUMMARY",
    "Lot": "CLOSED_LOT",
    "WashSale": "WASH_SALE",
}
_TRADE_LEVELS: Final = ("EXECUTION", "ORDER", "SYMBOL_SUMMARY", "ASSET_SUMMARY")
_CANCEL_CODE: Final = r"(^|;)\s*Ca\s*(;|$)"


def build_trades(raw: RawSections, context: CleanContext) -> Cleaned:
    """Trades at the finest level reported per account, day and instrument; cancels keep all their rows."""
    return build_transactions(_with_clock(raw), context, _TRADE_RULES)


def build_closed_lots(raw: RawSections, context: CleanContext) -> Cleaned:
    """Closed lots; a lot's transaction id is its trade's, so content and occurrence are its identity."""
    return build_transactions(raw, context, _LOT_RULES)


def build_wash_sales(raw: RawSections, context: CleanContext) -> Cleaned:
    """Wash-sale rows; like lots they have no id of their own."""
    return build_transactions(raw, context, _WASH_SALE_RULES)


def _with_clock(raw: RawSections) -> RawSections:
    """Older queries write tradeDate and tradeTime in place of dateTime: put them together."""

    def scan(section: str) -> pl.LazyFrame | None:
        rows = raw(section)
        if rows is None or section != "Trades":
            return rows
        columns = set(rows.collect_schema().names())
        if not {"tradeDate", "tradeTime"} <= columns:
            return rows
        parts = [pl.col(name).pipe(blank_to_null) for name in ("tradeDate", "tradeTime")]
        together = pl.concat_str(*parts, separator=";")
        written = [pl.col("dateTime").pipe(blank_to_null)] if "dateTime" in columns else []
        return rows.with_columns(dateTime=pl.coalesce(*written, together))

    return scan


def _side(rows: pl.DataFrame) -> pl.Expr:
    """BUY or SELL, of `BUY (Ca.)` too; where the row does not say it, the sign of the quantity."""
    said = pl.col("side").str.to_uppercase().str.extract(r"^(BUY|SELL)")
    sign = (
        pl.when(pl.col("quantity") > 0).then(pl.lit("BUY")).when(pl.col("quantity") < 0).then(pl.lit("SELL"))
    )
    cancels = pl.col("is_cancel") if "is_cancel" in rows.columns else pl.lit(False)
    return pl.coalesce(said, pl.when(~cancels).then(sign))


def _derive_trade(rows: pl.DataFrame) -> pl.DataFrame:
    is_cancel = (
        pl.col("side").str.contains("(Ca.)", literal=True).fill_null(False)
        | pl.col("transaction_type").str.ends_with("Cancel").fill_null(False)
        | pl.col("notes").str.contains(_CANCEL_CODE).fill_null(False)
    )
    rows = instrument_key(rows).with_columns(is_cancel=is_cancel)
    return rows.with_columns(side=_side(rows))


def _derive_lot(rows: pl.DataFrame) -> pl.DataFrame:
    return instrument_key(rows).with_columns(side=_side(rows))


_TRADE_RULES: Final = TransactionRules(
    section="Trades",
    contract=TRADES,
    key="trade_key",
    elements=_ELEMENT_LEVELS,
    levels=_TRADE_LEVELS,
    not_levels=frozenset({"CLOSED_LOT", "WASH_SALE"}),
    day_levels=frozenset({"ASSET_SUMMARY"}),
    group=(("conid", "symbol"),),
    dates=("reportDate", "tradeDate", "dateTime"),
    derive=_derive_trade,
)

_LOT_RULES: Final = TransactionRules(
    section="Trades",
    contract=CLOSED_LOTS,
    key="lot_key",
    elements=_ELEMENT_LEVELS,
    levels=("CLOSED_LOT",),
    not_levels=frozenset({*_TRADE_LEVELS, "WASH_SALE"}),
    group=(("conid", "symbol"),),
    dates=("reportDate", "tradeDate", "dateTime"),
    derive=_derive_lot,
    by_id=False,
)

_WASH_SALE_RULES: Final = replace(
    _LOT_RULES,
    contract=WASH_SALES,
    key="wash_sale_key",
    levels=("WASH_SALE",),
    not_levels=frozenset({*_TRADE_LEVELS, "CLOSED_LOT"}),
)
