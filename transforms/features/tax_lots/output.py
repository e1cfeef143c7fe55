"""What the engine found, as the tables of the features layer. Contracts: transforms/schemas/features.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import polars as pl

from transforms.features.tax_lots.exact import from_units
from transforms.features.tax_lots.model import REASONS, Outcome
from transforms.features.tax_lots.openings import Run
from transforms.features.tax_lots.stream import AccountStream
from transforms.schemas.features import LOT_BALANCES, LOT_ISSUES, TAX_LOTS

_OPENED: Final = ("event_key", "currency", "opens_as", "document_id", "section", "row_ordinal")
_DATED: Final = ("at", "date")
_CLOSED: Final = (
    *("event_key", "at", "date", "report_date", "closes_as", "fx_rate_to_base"),
    *("document_id", "section", "row_ordinal"),
)
_PROBLEMS: Final = {
    "no_lot": (
        "error",
        "What this closes was opened in no statement: its basis is unknown. {fetch}",
    ),
    "no_opening_cost": (
        "error",
        "The position was held before the first statement, and no row states what it cost. {fetch}",
    ),
    "no_money": (
        "error",
        "The row states no money, so what it opens has no basis. Add the fields Proceeds and Trade Money (for a "
        "transfer: Position Amount) to the Flex query.",
    ),
    "lone_cancel": (
        "warning",
        "The row cancels a trade that is in no document, so it counts as a trade of its own. {fetch}",
    ),
    "unseen": ("warning", "The position shrank on days that no statement covers. {fetch}"),
    "zero_cost": (
        "warning",
        "A corporate action brought these in, and no row states their basis: they stand at zero cost. Fetch a "
        "statement with Open Positions of that day.",
    ),
}


def lots_table(account: AccountStream, outcome: Outcome, method: str) -> pl.DataFrame:
    """The parts of all lots of an account, as the contract tax_lots has them, unsorted."""
    parts = [
        *outcome.closed,
        *((lot, lot.quantity, lot.cost, None, None, book) for book, lot in outcome.open),
    ]
    frame = pl.DataFrame(
        {
            "_opened": pl.Series([p[0].event for p in parts], dtype=pl.UInt32),
            "_dated": pl.Series([p[0].dated for p in parts], dtype=pl.UInt32),
            "_ordinal": pl.Series([p[0].ordinal for p in parts], dtype=pl.Int32),
            "_reason": pl.Series([p[0].reason for p in parts], dtype=pl.Int32),
            "_missing": pl.Series([p[0].missing for p in parts], dtype=pl.Boolean),
            "_closed": pl.Series([p[4] for p in parts], dtype=pl.UInt32),
            "_book": pl.Series([p[5] for p in parts], dtype=pl.UInt32),
            "_long": pl.Series([_is_long(p[1], p[2]) for p in parts], dtype=pl.Boolean),
            "quantity": from_units("quantity", [p[1] for p in parts]),
            "cost": from_units("cost", [p[2] for p in parts]),
            "proceeds": from_units("proceeds", [p[3] for p in parts]),
        }
    )
    instruments = pl.Series(account.instruments, dtype=pl.String)
    opened = _gather(account.events, _OPENED, frame["_opened"], "o_")
    dated = _gather(account.events, _DATED, frame["_dated"], "d_")
    closed = _gather(account.events, _CLOSED, frame["_closed"], "c_")
    whole = pl.concat([frame, opened, dated, closed], how="horizontal")
    is_open = pl.col("_closed").is_null()
    ordinal = pl.when(pl.col("_ordinal") > 0).then(pl.format("#{}", "_ordinal")).otherwise(pl.lit(""))
    unseen = pl.col("_missing")
    open_date = pl.when(~unseen).then("d_date")
    later = pl.col("c_date") > open_date.dt.offset_by("1y")
    return whole.select(
        account_id=pl.lit(account.account_id),
        method=pl.lit(method),
        instrument_key=instruments.gather(frame["_book"]),
        lot_id=pl.concat_str("o_event_key", ordinal),
        part=pl.int_range(pl.len(), dtype=pl.Int32).over("_opened", "_ordinal"),
        currency="o_currency",
        side=pl.when("_long").then(pl.lit("long")).otherwise(pl.lit("short")),
        is_open=is_open,
        open_at=pl.when(~unseen).then("d_at"),
        open_date=open_date,
        close_at="c_at",
        close_date="c_date",
        close_report_date="c_report_date",
        quantity="quantity",
        cost="cost",
        proceeds="proceeds",
        realized_pnl=pl.col("proceeds") - pl.col("cost"),
        fx_rate_to_base="c_fx_rate_to_base",
        term=pl.when(is_open | open_date.is_null())
        .then(None)
        .when(pl.col("_long") & later)
        .then(pl.lit("long"))
        .otherwise(pl.lit("short")),
        origin=pl.when(unseen).then(pl.lit("missing")).otherwise("o_opens_as"),
        closed_as="c_closes_as",
        opened_by="o_event_key",
        closed_by="c_event_key",
        reason=pl.Series(REASONS, dtype=pl.String).gather(frame["_reason"]),
        **{
            name: pl.when(is_open).then(f"o_{name}").otherwise(f"c_{name}")
            for name in ("document_id", "section", "row_ordinal")
        },
    ).cast(TAX_LOTS.polars_schema)


def balances_table(account: AccountStream, outcome: Outcome) -> pl.DataFrame:
    """Balances at the end of the days of change, as the contract lot_balances has them, unsorted."""
    rows = outcome.balances
    instruments = pl.Series(account.instruments, dtype=pl.String)
    return pl.DataFrame(
        {
            "account_id": pl.Series([account.account_id] * len(rows), dtype=pl.String),
            "instrument_key": instruments.gather([row[1] for row in rows]),
            "change_date": pl.Series([row[0] for row in rows], dtype=pl.Int32).cast(pl.Date),
            "quantity": from_units("quantity", [row[2] for row in rows]),
            "cost_basis": from_units("cost_basis", [row[3] for row in rows]),
            "open_lots": pl.Series([row[4] for row in rows], dtype=pl.Int32),
        },
        schema=LOT_BALANCES.polars_schema,
    )


def issues_table(account: AccountStream, outcome: Outcome) -> pl.DataFrame:
    """The findings of a replay with the statement that is missing, as the contract lot_issues has them."""
    rows = []
    for event, book, problem in outcome.findings:
        key, day = account.events[event, "event_key"], account.events[event, "report_date"]
        severity, text = _PROBLEMS[problem]
        rows.append(
            (
                account.account_id, account.instruments[book], day,
                text.format(fetch=_fetch(account.runs, day)), severity, key,
            )
        )  # fmt: skip
    return pl.DataFrame(rows, schema=LOT_ISSUES.polars_schema, orient="row")


def _fetch(runs: Sequence[Run], day: date) -> str:
    """Which statement is missing: the days before the run of statements that holds the day."""
    starts = [run.start for run in runs if run.start <= day]
    if not starts:
        return "Fetch the statements that come before."
    earlier = [run.end for run in runs if run.end < max(starts)]
    after = f" after {max(earlier)} and" if earlier else ""
    return f"Fetch a statement of the days{after} before {max(starts)}."


def _gather(events: pl.DataFrame, columns: Sequence[str], rows: pl.Series, prefix: str) -> pl.DataFrame:
    return pl.DataFrame([events[name].gather(rows).alias(prefix + name) for name in columns])


def _is_long(quantity: int, cost: int | None) -> bool:
    """Side of a part; the money part of a merger closes no quantity, but its cost has the sign."""
    return quantity > 0 or (quantity == 0 and (cost or 0) >= 0)
