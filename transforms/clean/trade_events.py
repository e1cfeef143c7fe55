"""Builders of option events, trade confirmations and wash sales. Shared rules: rules.py and tables.py."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.rules import instrument_key
from transforms.clean.tables import TransactionRules, build_transactions
from transforms.clean.trading import ELEMENT_LEVELS, TRADE_LEVELS, cancels, side_of
from transforms.schemas.trade_events import OPTION_EVENTS, TRADE_CONFIRMATIONS, WASH_SALES


def build_option_events(raw: RawSections, context: CleanContext) -> Cleaned:
    """Expiries, exercises and assignments; the rows have no id but their trade's."""
    return build_transactions(raw, context, _EVENT_RULES)


def build_trade_confirmations(raw: RawSections, context: CleanContext) -> Cleaned:
    """Trade confirmations at the finest level reported per account, day and instrument."""
    return build_transactions(raw, context, _CONFIRMATION_RULES)


def build_wash_sales(raw: RawSections, context: CleanContext) -> Cleaned:
    """Wash sales; as with closed lots, content and occurrence are the identity."""
    return build_transactions(raw, context, _WASH_RULES)


def _derive_confirmation(rows: pl.DataFrame) -> pl.DataFrame:
    rows = instrument_key(rows).with_columns(is_cancel=cancels())
    return rows.with_columns(side=side_of(rows))


def _derive_wash_sale(rows: pl.DataFrame) -> pl.DataFrame:
    return instrument_key(rows).with_columns(side=side_of(rows))


_EVENT_RULES: Final = TransactionRules(
    section="OptionEAE",
    contract=OPTION_EVENTS,
    key="event_key",
    elements={"OptionEAE": "DETAIL"},
    levels=("DETAIL",),
    group=(("conid", "symbol"),),
    dates=("date",),
    derive=instrument_key,
    by_id=False,
)

_CONFIRMATION_RULES: Final = TransactionRules(
    section="TradeConfirms",
    contract=TRADE_CONFIRMATIONS,
    key="confirmation_key",
    elements={"TradeConfirm": "EXECUTION", **ELEMENT_LEVELS},
    levels=TRADE_LEVELS,
    not_levels=frozenset({"CLOSED_LOT", "WASH_SALE"}),
    day_levels=frozenset({"ASSET_SUMMARY"}),
    group=(("conid", "symbol"),),
    dates=("reportDate", "tradeDate", "dateTime"),
    derive=_derive_confirmation,
)

_WASH_RULES: Final = TransactionRules(
    section="Trades",
    contract=WASH_SALES,
    key="wash_sale_key",
    elements=ELEMENT_LEVELS,
    levels=("WASH_SALE",),
    not_levels=frozenset({*TRADE_LEVELS, "CLOSED_LOT"}),
    group=(("conid", "symbol"),),
    dates=("reportDate", "tradeDate", "dateTime"),
    derive=_derive_wash_sale,
    by_id=False,
)
