"""Rows that stand and are doubted: of no day of their statement, without a currency. No choice between rows."""

from __future__ import annotations

import polars as pl

from transforms.clean.raw_rows import issue_frame


def outside_of_statement(
    rows: pl.DataFrame, facts: pl.DataFrame, section: str, attribute: str
) -> pl.DataFrame:
    """A warning per row that is booked on a day that its statement does not cover."""
    periods = facts.select("_version", _first="_period_start", _last="_period_end")
    outside = (
        rows.filter("_firm")
        .join(periods, on="_version", how="inner")
        .filter(~pl.col("_date").is_between("_first", "_last"))
    )
    problem = (
        "the row is booked on a day that its statement does not cover: no check of the statement sees it"
    )
    return issue_frame(outside, section, column=attribute, problem=problem, severity="warning", value="_date")


def of_other_periods(rows: pl.DataFrame, section: str) -> list[pl.DataFrame]:
    """A warning per row whose own period is not its statement's: no check of that statement sees it."""
    return [
        issue_frame(
            rows.filter(pl.col(own) != pl.col(stated)), section, column=attribute, value=own,
            problem=f"the row's {attribute} is not that of its statement: no check of the statement sees the row",
            severity="warning",
        )
        for attribute, own, stated in (
            ("fromDate", "period_start_date", "_period_start"), ("toDate", "period_end_date", "_period_end")
        )
    ]  # fmt: skip


def without_currency(rows: pl.DataFrame, section: str) -> pl.DataFrame:
    """A warning per row without a currency, where others of its document have one: it may be a copy of such a row."""
    lacking = pl.col("currency").is_null() & pl.col("currency").is_not_null().any().over("_document_id")
    problem = "the row has no currency, unlike others of its section: its amounts may be counted twice"
    return issue_frame(rows.filter(lacking), section, column="currency", problem=problem, severity="warning")
