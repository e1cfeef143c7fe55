"""What there is of market data, as tables: the catalogue of datasets, and the rows of one symbol."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

import polars as pl

from orchestration.market.plan import Wanted
from orchestration.market.record import Recorded
from orchestration.resources.market_lake import Facts, MarketLake
from orchestration.resources.market_lake.tables import table_of
from transforms.market.adjust import adjusted, factors
from transforms.market.series import DatasetId
from transforms.schemas.contract import INSTANT

CATALOG: Final = pl.Schema(
    {
        "dataset": pl.String,
        "provider": pl.String,
        "kind": pl.String,
        "universe": pl.String,
        "frequency": pl.String,
        "series": pl.Int64,
        "series_stored": pl.Int64,
        "first_date": pl.Date,
        "last_date": pl.Date,
        "row_count": pl.Int64,
        "byte_count": pl.Int64,
        "units": pl.String,
        "updated_at": INSTANT,
        "not_answered": pl.Int64,
        "checks_failed": pl.Int64,
        "reason": pl.String,
    }
)
"""Series that are wanted and that are stored, in which units, and what the last update could not get, and why."""


@dataclass(frozen=True)
class CatalogRow:
    """One dataset: what is wanted and stored of it, in which units of observations, and how the last update went."""

    dataset: DatasetId
    wanted: Wanted | None
    facts: Facts
    updated: Recorded | None
    units: tuple[str, ...] = ()


def catalog_table(rows: Iterable[CatalogRow]) -> pl.DataFrame:
    """The catalogue, a row per dataset."""
    return pl.DataFrame([_row(row) for row in rows], schema=CATALOG, orient="row")


def units_of(lake: MarketLake, dataset: DatasetId) -> tuple[str, ...]:
    """The units of a dataset's observations, sorted; of bars none, which are in the currency and unit of each row."""
    if dataset.kind != "observations":
        return ()
    units = lake.read("clean", dataset, columns=["unit"])["unit"]
    return tuple(units.unique().drop_nulls().sort())


def rows_of(
    lake: MarketLake, symbol: str, first: date | None, last: date | None, as_adjusted: bool = False
) -> pl.DataFrame:
    """The rows of one symbol: bars if there are any, else observations, of every dataset that has it, by day.

    `as_adjusted`: bars with their closes adjusted for splits, and with dividends reinvested.
    """
    for kind in ("bars", "observations"):
        day = table_of("clean", kind).day
        frames = [
            _read(lake, one, symbol, as_adjusted).with_columns(pl.lit(one.universe).alias("universe"))
            for one in lake.datasets("clean")
            if one.kind == kind and symbol in lake.facts("clean", one).symbols
        ]
        if frames:
            rows = pl.concat(frames)
            within = [pl.col(day) >= first] if first else []
            within += [pl.col(day) <= last] if last else []
            shown = [*_SHOWN[kind], *(_ADJUSTED if as_adjusted and kind == "bars" else ())]
            return rows.filter(*within).sort(day, "provider", "universe").select(shown)
    return pl.DataFrame()


def _read(lake: MarketLake, dataset: DatasetId, symbol: str, as_adjusted: bool) -> pl.DataFrame:
    rows = lake.read("clean", dataset, symbols=[symbol])
    if not as_adjusted or dataset.kind != "bars":
        return rows
    actions = lake.read("clean", replace(dataset, kind="actions"), symbols=[symbol])
    return adjusted(rows, factors(rows, actions))


_ADJUSTED: Final = ("split_close", "total_return_close")


_SHOWN: Final = {
    "bars": (
        "session_date", "timestamp", "provider", "universe", "frequency", "open", "high", "low", "close", "volume",
        "vwap", "currency", "adjustment", "is_final",
    ),
    "observations": ("observation_date", "provider", "universe", "frequency", "value", "unit", "known_from"),
}  # fmt: skip


def _row(row: CatalogRow) -> tuple[object, ...]:
    one, facts, updated = row.dataset, row.facts, row.updated
    problems = updated.outcome.problems if updated else ()
    return (
        str(one), one.provider, one.kind, one.universe, one.frequency,
        len(row.wanted.series) if row.wanted else None,
        len(facts.symbols),
        _day(facts.first),
        _day(facts.last),
        facts.rows,
        facts.bytes,
        ", ".join(row.units) or None,
        updated.at if updated else None,
        sum(series.problem is not None for series in updated.outcome.series) if updated else None,
        updated.outcome.findings["check_name"].n_unique() if updated else None,
        "; ".join(problems) or None,
    )  # fmt: skip


def _day(moment: datetime | date | None) -> date | None:
    return moment.date() if isinstance(moment, datetime) else moment
