"""Builders of what is held and what moves it outside trades. Shared rules: rules.py and tables.py."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.rules import (
    instrument_key,
    newest_by_key,
    newest_statements,
    numbered_key,
    summary_else_parts,
    without_covered_ends,
)
from transforms.clean.statements import section_versions
from transforms.clean.tables import (
    KeyRules,
    TransactionRules,
    build_by_key,
    build_transactions,
    period_or_statement,
)
from transforms.schemas.contract import EXACT
from transforms.schemas.holdings import (
    CORPORATE_ACTIONS,
    DIVIDEND_ACCRUAL_CHANGES,
    DIVIDEND_ACCRUALS,
    FIFO_PERFORMANCE,
    POSITION_LOTS,
    POSITION_MARKS,
    POSITIONS,
    TRANSFERS,
)

_PRODUCTS: Final = Context(prec=80)
_PLACES: Final = Decimal(1).scaleb(-EXACT.scale)
_SUMMED: Final = ("quantity", "position_value", "cost_basis_money", "unrealized_pnl", "accrued_interest")
_AVERAGED: Final = ("open_price", "cost_basis_price")


def build_positions(raw: RawSections, context: CleanContext) -> Cleaned:
    """Positions per account and day from the newest statement: summary rows, else their lots summed."""
    reported = section_versions(raw, context, "OpenPositions")
    rules = KeyRules(
        section="OpenPositions",
        contract=POSITIONS,
        elements=("OpenPosition",),
        derive=_derive_position,
        choose=lambda rows: summary_else_parts(newest_snapshots(rows, reported), ("instrument_key",)),
        shape=_one_row_each,
        keep={"_opened": "openDateTime"},
        one_per_key=False,
        within_period=True,
        give_way=without_covered_ends,
    )
    return build_by_key(raw, context, rules)


def build_position_lots(raw: RawSections, context: CleanContext) -> Cleaned:
    """Open lots per account and day from the newest statement: the LOT rows."""
    reported = section_versions(raw, context, "OpenPositions")
    rules = KeyRules(
        section="OpenPositions",
        contract=POSITION_LOTS,
        elements=("OpenPosition",),
        derive=_derive_position,
        choose=lambda rows: newest_snapshots(rows, reported).filter(pl.col("level") == "LOT"),
        shape=_number_lots,
        keep={"_opened": "openDateTime", "level": "levelOfDetail"},
        one_per_key=False,
    )
    return build_by_key(raw, context, rules)


def _number_lots(rows: pl.DataFrame) -> pl.DataFrame:
    within = pl.struct("_version", "_row").rank("ordinal").over(POSITION_LOTS.key[:3])
    return rows.with_columns(lot_ordinal=(within - 1).cast(pl.Int32))


def _derive_position(rows: pl.DataFrame) -> pl.DataFrame:
    """The day and the level, where the row does not say them: the period's end; a lot has an opening time."""
    unsaid = pl.when(pl.col("_opened").is_null()).then(pl.lit("SUMMARY")).otherwise(pl.lit("LOT"))
    return instrument_key(rows).with_columns(
        report_date=pl.coalesce("report_date", "_period_end"), level=pl.coalesce("level", unsaid)
    )


def newest_snapshots(rows: pl.DataFrame, reported: pl.DataFrame) -> pl.DataFrame:
    """Rows of the newest statement per account and day; a newer statement may report that nothing is held."""
    day = ["account_id", "report_date"]
    empty = reported.select("account_id", pl.col("_period_end").alias("report_date"), "_version")
    newest = (
        pl.concat([rows.select(*day, "_version"), empty]).group_by(day).agg(_newest=pl.col("_version").max())
    )
    rows = rows.join(newest, on=day, how="left", nulls_equal=True).filter(
        pl.col("_version") == pl.col("_newest")
    )
    return newest_statements(rows.drop("_newest"), ("report_date",))


def _one_row_each(rows: pl.DataFrame) -> pl.DataFrame:
    """Sum the rows of each position; a sum lacking a part is missing, prices are weighted by quantity."""
    key = POSITIONS.key
    alone = rows.filter(pl.len().over(key) == 1).with_columns(source_rows=pl.lit(1, dtype=pl.Int32))
    several = rows.filter(pl.len().over(key) > 1).sort("_version", "_row")
    total = [pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).alias(name) for name in _SUMMED]
    rest = [pl.col(name).first() for name in rows.columns if name not in (*key, *_SUMMED, *_AVERAGED)]
    lists = [pl.col("quantity").alias("_weights"), *(pl.col(name) for name in _AVERAGED)]
    summed = several.group_by(key, maintain_order=True).agg(
        *total, *rest, *lists, source_rows=pl.len().cast(pl.Int32)
    )
    prices = [
        pl.Series(name, _weighted(summed["_weights"].to_list(), summed[name].to_list()), dtype=EXACT)
        for name in _AVERAGED
    ]
    return pl.concat([alone, summed.with_columns(prices).select(alone.columns)])


def _weighted(
    weights: list[list[Decimal | None]], prices: list[list[Decimal | None]]
) -> list[Decimal | None]:
    """Average price per position by quantity, to 10 decimals; None where a part is missing."""
    return [_average(w, p) for w, p in zip(weights, prices, strict=True)]


def _average(weights: list[Decimal | None], prices: list[Decimal | None]) -> Decimal | None:
    pairs = [(w, p) for w, p in zip(weights, prices, strict=True) if w is not None and p is not None]
    total = sum((w for w, _ in pairs), Decimal(0))
    if len(pairs) < len(weights) or not total:
        return None
    money = Decimal(0)
    for weight, price in pairs:
        money = _PRODUCTS.add(money, _PRODUCTS.multiply(weight, price))
    return _PRODUCTS.divide(money, total).quantize(_PLACES, ROUND_HALF_EVEN, _PRODUCTS)


def build_position_marks(raw: RawSections, context: CleanContext) -> Cleaned:
    """Closing prices of PriorPeriodPositions, the newest per account, day and instrument."""
    return build_by_key(raw, context, _MARK_RULES)


def build_corporate_actions(raw: RawSections, context: CleanContext) -> Cleaned:
    """Corporate actions: DETAIL rows, SUMMARY ones only where no DETAIL reports the same."""
    return build_transactions(raw, context, _CORPORATE_ACTION_RULES)


def build_transfers(raw: RawSections, context: CleanContext) -> Cleaned:
    """Transfers: TRANSFER rows, LOT ones only where no TRANSFER reports the same."""
    return build_transactions(raw, context, _TRANSFER_RULES)


def build_dividend_accruals(raw: RawSections, context: CleanContext) -> Cleaned:
    """Open dividend accruals at the end of each period, from its newest statement."""
    reported = section_versions(raw, context, "OpenDividendAccruals")
    rules = KeyRules(
        section="OpenDividendAccruals",
        contract=DIVIDEND_ACCRUALS,
        elements=("OpenDividendAccrual",),
        derive=_derive_accrual,
        choose=lambda rows: newest_snapshots(rows, reported),
        shape=lambda rows: numbered_key(rows, "accrual_key", ("instrument_key", "ex_date", "pay_date")),
        keep={"asset_class": "assetCategory"},
        one_per_key=False,
        give_way=without_covered_ends,
    )
    return build_by_key(raw, context, rules)


def build_dividend_accrual_changes(raw: RawSections, context: CleanContext) -> Cleaned:
    """Postings and reversals of dividend accruals; the rows have no id, so their content tells them apart."""
    return build_transactions(raw, context, _ACCRUAL_CHANGE_RULES)


def build_fifo_performance(raw: RawSections, context: CleanContext) -> Cleaned:
    """FIFO summary of each period, from its newest statement."""
    return build_by_key(raw, context, _FIFO_RULES)


def _derive_accrual(rows: pl.DataFrame) -> pl.DataFrame:
    return instrument_key(rows).with_columns(report_date="_period_end")


def _derive_fifo(rows: pl.DataFrame) -> pl.DataFrame:
    """Totals are rows without an instrument; the section is in base currency, so the key names none."""
    total = pl.col("conid").is_null() & pl.col("description").str.starts_with("Total").fill_null(False)
    rows = instrument_key(rows.with_columns(currency=pl.lit(None, dtype=pl.String)))
    return period_or_statement(rows.with_columns(is_total=total))


def _choose_fifo(rows: pl.DataFrame) -> pl.DataFrame:
    return newest_by_key(newest_statements(rows, FIFO_PERFORMANCE.key[1:3]), FIFO_PERFORMANCE.key)


def _derive_transfer(rows: pl.DataFrame) -> pl.DataFrame:
    sign = pl.when(pl.col("quantity") > 0).then(pl.lit("IN")).when(pl.col("quantity") < 0).then(pl.lit("OUT"))
    cash = (
        pl.when(pl.col("cash_transfer") > 0)
        .then(pl.lit("IN"))
        .when(pl.col("cash_transfer") < 0)
        .then(pl.lit("OUT"))
    )
    said = pl.col("direction").str.to_uppercase().str.extract(r"^(IN|OUT)$")
    return instrument_key(rows).with_columns(
        direction=pl.coalesce(said, sign, cash), transfer_date=pl.coalesce("transfer_date", "report_date")
    )


_CORPORATE_ACTION_RULES: Final = TransactionRules(
    section="CorporateActions",
    contract=CORPORATE_ACTIONS,
    key="action_key",
    elements={"CorporateAction": "DETAIL"},
    levels=("DETAIL", "SUMMARY"),
    group=(("currency",), ("type",), ("conid", "symbol")),
    dates=("reportDate", "dateTime"),
    derive=instrument_key,
)

_TRANSFER_RULES: Final = TransactionRules(
    section="Transfers",
    contract=TRANSFERS,
    key="transfer_key",
    elements={"Transfer": "TRANSFER"},
    levels=("TRANSFER", "LOT"),
    group=(("currency",), ("type",), ("conid", "symbol")),
    dates=("reportDate", "date", "dateTime"),
    derive=_derive_transfer,
)

_ACCRUAL_CHANGE_RULES: Final = TransactionRules(
    section="ChangeInDividendAccruals",
    contract=DIVIDEND_ACCRUAL_CHANGES,
    key="accrual_change_key",
    elements={"ChangeInDividendAccrual": "DETAIL"},
    levels=("DETAIL", "SUMMARY"),
    group=(("currency",), ("conid", "symbol")),
    dates=("reportDate", "date"),
    derive=instrument_key,
    by_id=False,
)

_MARK_RULES: Final = KeyRules(
    section="PriorPeriodPositions",
    contract=POSITION_MARKS,
    elements=("PriorPeriodPosition",),
    derive=instrument_key,
    choose=lambda rows: newest_by_key(rows, POSITION_MARKS.key),
)

_FIFO_RULES: Final = KeyRules(
    section="FIFOPerformanceSummaryInBase",
    contract=FIFO_PERFORMANCE,
    elements=("FIFOPerformanceSummaryUnderlying",),
    derive=_derive_fifo,
    choose=_choose_fifo,
)
