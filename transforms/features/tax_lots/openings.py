"""What an account held before a run of statements begins, from the first snapshot in it. No replay here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl

from transforms.features.tax_lots.model import FROM_LOTS, FROM_POSITION, NO_OPENING_COST

Row = dict[str, Any]
Key = tuple[str, str]

_FRIDAY: Final = 5
_SATURDAY: Final = 6


@dataclass(frozen=True)
class Run:
    """Days that statements with trades cover without a hole, and the first snapshot of positions within."""

    account_id: str
    start: date
    end: date
    snapshot: date | None


@dataclass(frozen=True)
class Held:
    """What was held of an instrument when a run began: lots (quantity, cost, row that dates them), or just a sum."""

    run: Run
    instrument_key: str
    quantity: Decimal
    lots: tuple[tuple[Decimal, Decimal | None, Row | None], ...]
    reason: int
    row: Row | None


def runs(sections: pl.DataFrame, positions: pl.DataFrame) -> list[Run]:
    """Runs of days that statements with the section Trades cover; a weekend between two is no hole."""
    whole = sections.filter(
        pl.col("account_id").is_not_null(),
        pl.col("period_start_date").is_not_null(),
        pl.col("period_end_date").is_not_null(),
    )
    covered = whole.filter(pl.col("section") == "Trades").select(
        "account_id", "period_start_date", "period_end_date"
    )
    empty = whole.filter(pl.col("section") == "OpenPositions", pl.col("rows") == 0)
    snapshots: dict[str, set[date]] = defaultdict(set)
    for account, day in positions.select("account_id", "report_date").unique().iter_rows():
        snapshots[account].add(day)
    for account, day in empty.select("account_id", "period_end_date").unique().iter_rows():
        snapshots[account].add(day)
    spans: list[list[Any]] = []
    for account, start, end in covered.unique().sort("account_id", "period_start_date").iter_rows():
        if spans and spans[-1][0] == account and start <= _next_business_day(spans[-1][2]):
            spans[-1][2] = max(end, spans[-1][2])
        else:
            spans.append([account, start, end])
    return [
        Run(account, start, end, min((d for d in snapshots[account] if start <= d <= end), default=None))
        for account, start, end in spans
    ]


def _next_business_day(day: date) -> date:
    """The day after; after a Friday or a Saturday the Monday."""
    return day + timedelta({_FRIDAY: 3, _SATURDAY: 2}.get(day.isoweekday(), 1))


def known_days(found: list[Run]) -> pl.DataFrame:
    """account_id, from_date, to_date of the runs that a snapshot confirms."""
    schema = {"account_id": pl.String, "from_date": pl.Date, "to_date": pl.Date}
    rows = [(run.account_id, run.start, run.end) for run in found if run.snapshot]
    return pl.DataFrame(rows, schema=schema, orient="row")


def held_before(found: list[Run], tables: Mapping[str, pl.DataFrame], trades: pl.DataFrame) -> list[Held]:
    """What each run began with, per instrument: the first snapshot less what happened up to it.

    An instrument that is not named was not held. Lots come from the snapshot's LOT rows and, where some were sold
    before it, from the closed lots; else one lot with what the snapshot's cost and the trades' own costs leave.
    """
    out = []
    for run in found:
        if run.snapshot is not None:
            out.extend(_run_openings(run, tables, trades))
    return out


def _run_openings(run: Run, tables: Mapping[str, pl.DataFrame], trades: pl.DataFrame) -> list[Held]:
    mine = pl.col("account_id") == run.account_id
    within = mine & pl.col("report_date").is_between(run.start, run.snapshot)
    not_cash = pl.col("asset_class").fill_null("") != "CASH"
    positions = tables["positions"].filter(mine, pl.col("report_date") == run.snapshot, not_cash)
    traded = trades.filter(within).group_by("instrument_key").agg(
        pl.col("quantity").sum(),
        cost=pl.when(pl.col("cost").null_count() == 0).then(pl.col("cost").sum()),
    )  # fmt: skip
    others = [
        tables[name]
        .filter(within, not_cash, pl.col("instrument_key").is_not_null())
        .group_by("instrument_key")
        .agg(pl.col("quantity").fill_null(0).sum())
        for name in ("corporate_actions", "transfers")
    ]
    moved = {key: (quantity, cost) for key, quantity, cost in traded.iter_rows()}
    acted: dict[str, Decimal] = defaultdict(Decimal)
    for frame in others:
        for key, quantity in frame.iter_rows():
            acted[key] += quantity
    rows = {row["instrument_key"]: row for row in positions.iter_rows(named=True)}
    held = {
        key: (rows[key]["quantity"] or Decimal(0) if key in rows else Decimal(0))
        - moved.get(key, (Decimal(0), None))[0]
        - acted.get(key, Decimal(0))
        for key in sorted({*rows, *moved, *acted})
    }
    lots = _old_lots(run, tables, [key for key, quantity in held.items() if quantity])
    return [
        _held(run, key, quantity, rows.get(key), moved.get(key), key in acted, lots.get(key, []))
        for key, quantity in held.items()
        if quantity
    ]


def _old_lots(run: Run, tables: Mapping[str, pl.DataFrame], keys: list[str]) -> dict[str, list[Row]]:
    """Rows of lots that were opened before the run: open in the snapshot, or closed up to it."""
    mine = (
        (pl.col("account_id") == run.account_id)
        & pl.col("instrument_key").is_in(keys)
        & (pl.col("open_at").dt.date() < run.start)
    )
    lots: dict[str, list[Row]] = defaultdict(list)
    still = tables["position_lots"].filter(mine, pl.col("report_date") == run.snapshot)
    for row in still.sort("lot_ordinal").iter_rows(named=True):
        lots[row["instrument_key"]].append({**row, "cost": row["cost_basis_money"]})
    gone = tables["closed_lots"].filter(mine, pl.col("report_date").is_between(run.start, run.snapshot))
    for row in gone.sort("report_date", "row_ordinal", "lot_key").iter_rows(named=True):
        lots[row["instrument_key"]].append(row)
    return lots


def _held(
    run: Run,
    key: str,
    quantity: Decimal,
    row: Row | None,
    moved: tuple[Decimal, Decimal | None] | None,
    acted: bool,
    lots: list[Row],
) -> Held:
    sign = 1 if quantity > 0 else -1
    if not acted and lots and sum(abs(lot["quantity"] or 0) for lot in lots) == abs(quantity):
        parts = tuple(
            (abs(lot["quantity"]) * sign, None if lot["cost"] is None else abs(lot["cost"]) * sign, lot)
            for lot in sorted(lots, key=lambda lot: lot["open_at"])
        )
        return Held(run, key, quantity, parts, FROM_LOTS, row)
    cost = row["cost_basis_money"] if row else Decimal(0)
    if acted or cost is None or (moved is not None and moved[1] is None):
        return Held(run, key, quantity, ((quantity, None, row),), NO_OPENING_COST, row)
    cost -= Decimal(0) if moved is None or moved[1] is None else moved[1]
    return Held(run, key, quantity, ((quantity, cost, row),), FROM_POSITION, row)
