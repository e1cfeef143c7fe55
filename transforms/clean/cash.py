"""Builders of cash_transactions, cash_balances, statement_of_funds. Shared rules: rules.py and tables.py."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.rules import instrument_key, newest_by_key, newest_statements
from transforms.clean.tables import (
    KeyRules,
    TransactionRules,
    build_by_key,
    build_transactions,
    period_or_statement,
)
from transforms.schemas.cash import CASH_BALANCES, CASH_TRANSACTIONS, STATEMENT_OF_FUNDS

_CATEGORIES: Final = {
    "deposits/withdrawals": "deposit_withdrawal",
    "deposits & withdrawals": "deposit_withdrawal",
    "deposits and withdrawals": "deposit_withdrawal",
    "deposits": "deposit_withdrawal",
    "withdrawals": "deposit_withdrawal",
    "dividends": "dividend",
    "payment in lieu of dividends": "payment_in_lieu",
    "withholding tax": "withholding_tax",
    "871(m) withholding": "withholding_tax",
    "broker interest paid": "broker_interest",
    "broker interest received": "broker_interest",
    "bond interest paid": "bond_interest",
    "bond interest received": "bond_interest",
    "bond interest": "bond_interest",
    "other fees": "fee",
    "advisor fees": "fee",
    "broker fees": "fee",
    "client fees": "fee",
    "commission adjustments": "commission_adjustment",
    "price adjustments": "price_adjustment",
}

_COVERS: Final = 1 << 32
"""Added to the version of a statement for the days that its period holds: it is newer than any other."""

_ASSET_CLASS: Final = {"asset_class": "assetCategory"}


def build_cash_transactions(raw: RawSections, context: CleanContext) -> Cleaned:
    """Cash transactions: DETAIL rows, SUMMARY ones only where no DETAIL reports the same."""
    return build_transactions(raw, context, _CASH_RULES)


def build_cash_balances(raw: RawSections, context: CleanContext) -> Cleaned:
    """Cash report of each period, from its newest statement: a row per currency and BASE_SUMMARY."""
    return build_by_key(raw, context, _BALANCE_RULES)


def build_statement_of_funds(raw: RawSections, context: CleanContext) -> Cleaned:
    """Lines of the statement of funds: each day from the newest statement that covers it."""
    return build_by_key(raw, context, _FUNDS_RULES)


def newest_covering(rows: pl.DataFrame, by: tuple[str, ...]) -> pl.DataFrame:
    """Keep, per account, `by` and report date, the rows of the newest statement whose period holds the date.

    So a line that a newer statement moved to another day does not stay on the old one. A line outside of its
    statement's period (a starting balance) stands only where no statement covers its day. A statement reports
    at most what it has rows for: one without any row for an account and `by` covers nothing there.
    """
    statement = ("account_id", *by, "_version", "_period_start", "_period_end")
    first, last = rows["report_date"].min(), rows["report_date"].max()
    covered = (
        rows.select(statement)
        .unique()
        .drop_nulls(["_period_start", "_period_end"])
        .with_columns(
            pl.max_horizontal("_period_start", pl.lit(first, dtype=pl.Date)),
            pl.min_horizontal("_period_end", pl.lit(last, dtype=pl.Date)),
        )
        .filter(pl.col("_period_start") <= pl.col("_period_end"))
        .with_columns(report_date=pl.date_ranges("_period_start", "_period_end"))
        .explode("report_date")
        .with_columns(_age=pl.col("_version").cast(pl.Int64) + _COVERS)
    )
    day = ("account_id", *by, "report_date")
    in_period = pl.col("report_date").is_between("_period_start", "_period_end").fill_null(False)
    rows = rows.with_columns(
        _age=pl.col("_version").cast(pl.Int64) + pl.when(in_period).then(_COVERS).otherwise(0)
    )
    reported = pl.concat([covered.select(*day, "_age"), rows.select(*day, "_age")])
    newest = reported.group_by(day).agg(_newest=pl.col("_age").max())
    rows = rows.join(newest, on=day, how="inner", nulls_equal=True).filter(
        pl.col("_age") == pl.col("_newest")
    )
    own = pl.col("_consolidated") == pl.col("_consolidated").min().over(day)
    return rows.filter(own).drop("_newest", "_age")


def _choose_balances(rows: pl.DataFrame) -> pl.DataFrame:
    return newest_by_key(newest_statements(rows, CASH_BALANCES.key[1:3]), CASH_BALANCES.key)


def _derive_line(rows: pl.DataFrame) -> pl.DataFrame:
    """The level, where the line does not say it: rows of one statement are all in base, or by currency."""
    base = pl.col("currency") == "BASE_SUMMARY"
    unsaid = pl.when(base).then(pl.lit("BaseCurrency")).otherwise(pl.lit("Currency"))
    return instrument_key(rows).with_columns(level=pl.coalesce("level", unsaid))


def _shape_lines(rows: pl.DataFrame) -> pl.DataFrame:
    day = ("account_id", "level", "currency", "report_date")
    return rows.with_columns(line_ordinal=(pl.col("_row").rank("ordinal").over(day) - 1).cast(pl.Int32))


def _derive_cash(rows: pl.DataFrame) -> pl.DataFrame:
    category = (
        pl.col("type").str.to_lowercase().replace_strict(_CATEGORIES, default="other", return_dtype=pl.String)
    )
    return instrument_key(rows).with_columns(category=category.fill_null("other"))


_CASH_RULES: Final = TransactionRules(
    section="CashTransactions",
    contract=CASH_TRANSACTIONS,
    key="cash_key",
    elements={"CashTransaction": "DETAIL"},
    levels=("DETAIL", "SUMMARY"),
    group=(("currency",), ("type",), ("conid", "symbol")),
    dates=("reportDate", "dateTime"),
    derive=_derive_cash,
    keep=_ASSET_CLASS,
)

_BALANCE_RULES: Final = KeyRules(
    section="CashReport",
    contract=CASH_BALANCES,
    elements=("CashReportCurrency",),
    derive=period_or_statement,
    choose=_choose_balances,
)

_FUNDS_RULES: Final = KeyRules(
    section="StmtFunds",
    contract=STATEMENT_OF_FUNDS,
    elements=("StatementOfFundsLine",),
    derive=_derive_line,
    choose=lambda rows: newest_covering(rows, ("level",)),
    shape=_shape_lines,
    keep=_ASSET_CLASS,
    one_per_key=False,
)
