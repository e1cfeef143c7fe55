"""Clean tables to one table of events, in the order in which they happened. What they do to lots: engine.py."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.features.tax_lots.model import ACTION, ANCHOR, CANCEL, OPTION_OUT, TRADE, TRANSFER_OUT
from transforms.schemas.contract import EXACT, INSTANT

EVENT_COLUMNS: Final = pl.Schema(
    {
        "account_id": pl.String(),
        "event_key": pl.String(),
        "instrument_key": pl.String(),
        "kind": pl.Int8(),
        "rank": pl.Int8(),
        "quantity": EXACT,
        "money": EXACT,
        "at": INSTANT,
        "date": pl.Date(),
        "report_date": pl.Date(),
        "opens": pl.Boolean(),
        "opens_as": pl.String(),
        "closes_as": pl.String(),
        "currency": pl.String(),
        "fx_rate_to_base": EXACT,
        "number": pl.Int64(),
        "document_id": pl.String(),
        "section": pl.String(),
        "row_ordinal": pl.Int32(),
    }
)
"""Columns of the table of events; `number` is the broker's id, which breaks ties of time."""

ORDER: Final = ("account_id", "report_date", "_sort_at", "rank", "number", "event_key")
_LONG: Final = 18
_OPTIONS: Final = ("OPT", "FOP", "IOPT", "WAR", "FSOPT", "FSFOP")
_NO_CASH: Final = pl.col("asset_class").fill_null("") != "CASH"
_CODES: Final = pl.col("notes").fill_null("").str.split(";").list.eval(pl.element().str.strip_chars())


def has_code(*codes: str) -> pl.Expr:
    """Whether the trade bears one of the broker's codes."""
    found = pl.lit(False)
    for code in codes:
        found = found | _CODES.list.contains(code)
    return found


def is_option() -> pl.Expr:
    """Whether the row is about an option."""
    return pl.col("asset_class").is_in(_OPTIONS)


def usable_trades(trades: pl.DataFrame) -> pl.DataFrame:
    """The trades that move lots: all but currencies and rows without an instrument, a quantity or a day."""
    return trades.with_columns(
        report_date=pl.coalesce("report_date", "trade_date", pl.col("trade_at").dt.date())
    ).filter(
        _NO_CASH,
        pl.col("instrument_key").is_not_null(),
        pl.col("quantity").fill_null(0) != 0,
        pl.col("report_date").is_not_null(),
    )


def trade_events(trades: pl.DataFrame, known_days: pl.DataFrame) -> pl.DataFrame:
    """Usable trades as events. `known_days`: account_id, from_date, to_date of runs that a snapshot confirms."""
    own_currency = pl.coalesce("commission_currency", "currency").eq_missing(pl.col("currency"))
    commission = pl.when(own_currency).then(pl.col("commission").fill_null(0)).otherwise(0).cast(EXACT)
    paid = pl.coalesce("proceeds", -pl.col("trade_money"))
    delivery = has_code("Ex", "A")
    out = delivery & is_option() & (pl.col("proceeds").fill_null(0) == 0)
    code = pl.when(has_code("Ex")).then(pl.lit("exercise")).when(has_code("A")).then(pl.lit("assignment"))
    indicator = pl.col("open_close").fill_null("")
    silent = (indicator == "") & (
        pl.col("_confirmed").fill_null(False) | (pl.col("realized_pnl").fill_null(0) == 0)
    )
    return (
        confirmed(trades, known_days)
        .with_columns(
            kind=pl.when(out).then(OPTION_OUT).otherwise(TRADE),
            rank=pl.when(out).then(1).otherwise(2),
            money=paid + commission + pl.col("taxes").fill_null(0),
            at="trade_at",
            date=pl.coalesce("trade_date", pl.col("trade_at").dt.date(), "report_date"),
            opens=indicator.str.contains("O") | silent,
            opens_as=pl.coalesce(code, pl.lit("trade")),
            closes_as=pl.coalesce(
                code, pl.when(has_code("Ep")).then(pl.lit("expiry")).otherwise(pl.lit("trade"))
            ),
            event_key=pl.concat_str(pl.lit("trade:"), "trade_key"),
            number=_number("transaction_id"),
        )
        .select(pl.col(name).cast(kind) for name, kind in EVENT_COLUMNS.items())
    )


def confirmed(trades: pl.DataFrame, known_days: pl.DataFrame) -> pl.DataFrame:
    """Add `_confirmed`: a snapshot says what was held before the trade's run of statements."""
    runs = known_days.sort("from_date").with_columns(_confirmed=pl.lit(True))
    return (
        trades.sort("report_date")
        .join_asof(runs, left_on="report_date", right_on="from_date", by="account_id", check_sortedness=False)
        .with_columns(_confirmed=pl.col("_confirmed") & (pl.col("report_date") <= pl.col("to_date")))
    )


def transfer_events(transfers: pl.DataFrame) -> pl.DataFrame:
    """Positions that come in (cost: amount less the PnL that moves with it) or go out."""
    rows = _held(transfers.with_columns(report_date=pl.coalesce("report_date", "transfer_date")))
    goes = pl.when(pl.col("direction").is_null()).then(pl.col("quantity") < 0).otherwise(
        pl.col("direction") == "OUT"
    )  # fmt: skip
    return rows.with_columns(
        kind=pl.when(goes).then(TRANSFER_OUT).otherwise(TRADE),
        rank=0,
        money=pl.col("pnl_amount").fill_null(0) - pl.col("position_amount"),
        at=pl.lit(None),
        date=pl.coalesce("transfer_date", "report_date"),
        opens=True,
        opens_as=pl.lit("transfer"),
        closes_as=pl.lit("transfer"),
        event_key=pl.concat_str(pl.lit("transfer:"), "transfer_key"),
        number=_number("transaction_id"),
    ).select(pl.col(name).cast(kind) for name, kind in EVENT_COLUMNS.items())


def action_events(actions: pl.DataFrame) -> pl.DataFrame:
    """Rows of corporate actions that change a quantity."""
    rows = _held(
        actions.with_columns(report_date=pl.coalesce("report_date", pl.col("effective_at").dt.date()))
    )
    return rows.with_columns(
        kind=pl.lit(ACTION),
        rank=0,
        money=pl.col("proceeds").fill_null(0),
        at="effective_at",
        date="report_date",
        opens=True,
        opens_as=pl.lit("corporate_action"),
        closes_as=pl.lit("corporate_action"),
        event_key=pl.concat_str(pl.lit("action:"), "action_key"),
        number=_number("transaction_id"),
    ).select(pl.col(name).cast(kind) for name, kind in EVENT_COLUMNS.items())


def anchor_events(openings: pl.DataFrame) -> pl.DataFrame:
    """Events of what was held before a run of statements (openings.py): first of their day."""
    return openings.with_columns(
        kind=pl.lit(ANCHOR),
        rank=-1,
        money=pl.lit(None),
        opens=True,
        opens_as=pl.lit("opening"),
        closes_as=pl.lit("unseen"),
        number=pl.lit(None),
        fx_rate_to_base=pl.lit(None),
    ).select(pl.col(name).cast(kind) for name, kind in EVENT_COLUMNS.items())


def in_order(events: pl.DataFrame) -> pl.DataFrame:
    """Events by account, booking day, time, rank, the broker's id; an event without a time stands at the day's start.

    A corporate action of the evening before stands before all of them: in UTC that evening, in New York, is already
    the morning of its booking day. Adds `age`: the microsecond that a lot opened by the event counts from.
    """
    midnight = pl.col("date").cast(INSTANT)
    anchored = pl.col("kind") == ANCHOR
    first = pl.when(anchored).then(
        pl.lit(0, dtype=pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    )
    start = pl.col("report_date").cast(INSTANT)
    evening = (pl.col("kind") == ACTION) & pl.col("at").is_between(start, start.dt.offset_by("5h"))
    before = pl.when(evening).then(start.dt.offset_by("-1us"))
    return (
        events.with_columns(
            _sort_at=pl.coalesce(first, before, "at", start),
            age=pl.coalesce("at", midnight, pl.col("report_date").cast(INSTANT)).dt.epoch("us"),
        )
        .sort(ORDER, nulls_last=True)
        .drop("_sort_at")
    )


def as_cancels(events: pl.DataFrame, cancels: pl.DataFrame) -> pl.DataFrame:
    """Turn the trades that cancel another (account_id, event_key) into cancels."""
    marked = cancels.select("account_id", "event_key", _cancel=pl.lit(True))
    return (
        events.join(marked, on=["account_id", "event_key"], how="left")
        .with_columns(kind=pl.when("_cancel").then(CANCEL).otherwise("kind").cast(pl.Int8))
        .drop("_cancel")
    )


def _held(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(
        _NO_CASH,
        pl.col("instrument_key").is_not_null(),
        pl.col("quantity").fill_null(0) != 0,
        pl.col("report_date").is_not_null(),
    )


def _number(column: str) -> pl.Expr:
    """The broker's id as a number, where it is one that fits."""
    text = pl.col(column)
    return pl.when(text.str.len_chars() <= _LONG).then(text.cast(pl.Int64, strict=False))
