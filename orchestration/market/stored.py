"""Where the series of a dataset end, as they are stored: an update goes on from there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

import polars as pl

from orchestration.market.plan import Wanted
from orchestration.resources.market_lake import MarketLake
from orchestration.resources.market_lake.tables import table_of
from transforms.market.series import Series

OVERLAP: Final = 10
"""How many stored sessions of a series are asked for again: a history that was restated shows in them."""


class Stored(NamedTuple):
    """The end of a series: its tenth stored session from the end, from which on it is asked for again, its last, and
    the unit of that one.
    """

    tenth: date
    last: date
    unit: str | None


def resume(wanted: Wanted, lake: MarketLake) -> dict[str, Stored]:
    """By instrument the end of what is stored; an instrument of which nothing is stored is left out."""
    table = table_of("clean", wanted.dataset.kind)
    years = lake.years("clean", wanted.dataset)
    found: dict[str, Stored] = {}
    while years and (left := [s.symbol for s in wanted.series if s.instrument_id not in found]):
        # two: the tenth session before the end may be of last year
        newest, years = years[-2:], years[:-2]
        columns = ["instrument_id", table.day, *(["unit"] if "unit" in table.schema else [])]
        days = lake.read("clean", wanted.dataset, years=newest, columns=columns, symbols=left)
        unit = pl.col("unit").drop_nulls().last() if "unit" in days.columns else pl.lit(None, pl.String)
        ends = (
            days.group_by("instrument_id")
            .agg(pl.col(table.day).unique().top_k(OVERLAP), unit.alias("unit"))
            .with_columns(pl.col(table.day).list.min(), pl.col(table.day).list.max().alias("last"))
        )
        found |= {
            name: Stored(tenth, last, unit)
            for name, tenth, last, unit in ends.select("instrument_id", table.day, "last", "unit").iter_rows()
        }
    return found


def first_stored(series: Sequence[Series], wanted: Wanted, lake: MarketLake) -> date:
    """The first day that is stored of any of these, or that is wanted."""
    table = table_of("clean", wanted.dataset.kind)
    symbols = [one.symbol for one in series]
    stored = lake.read("clean", wanted.dataset, columns=[table.day], symbols=symbols)[table.day].min()
    return min(wanted.first, stored) if isinstance(stored, date) else wanted.first
