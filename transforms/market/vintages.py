"""Observations merged: a value that changed is a new vintage, a value that is told again is none. No bars here."""

from __future__ import annotations

from typing import Final

import polars as pl

from transforms.schemas.market import OBSERVATIONS

_DAY: Final = ("instrument_id", "observation_date")
_KEY: Final = (*_DAY, "known_from")
_ARRIVAL: Final = ("ingested_at", "document_id")
_ORDER: Final = ["symbol", "instrument_id", "observation_date", "known_from"]


def merge_vintages(stored: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """All vintages of the observations in two frames (columns of OBSERVATIONS), each value once while it stood.

    A vendor that tells vintages says from when a value was known: those days stand, and of two values for one vintage
    the later answer's. A vintage that repeats the value before it is none, so that the vintages of one observation are
    to come together or in their order.
    A vendor that does not says that each value was known on the day of the observation; then the first answer's value
    keeps that day, and another value is known from the day on which it came.
    A vendor tells vintages of a series when any new row of it is known from another day than its own.
    Gives `stored` itself where nothing changed.
    """
    touched = stored.join(new.select(_DAY).unique(), on=list(_DAY), how="semi")
    vintage = pl.col("known_from") != pl.col("observation_date")
    telling = new.filter(vintage).select("instrument_id").unique()
    every = pl.concat([touched.select(OBSERVATIONS.columns), new.select(OBSERVATIONS.columns)])
    told = _told(every.join(telling, on="instrument_id", how="semi"))
    found = _found(every.join(telling, on="instrument_id", how="anti"))
    now = pl.concat([told, found]).sort(_ORDER)
    if now.equals(touched.select(OBSERVATIONS.columns).sort(_ORDER)):
        return stored
    kept = stored.join(touched.select(_DAY).unique(), on=list(_DAY), how="anti")
    return pl.concat([kept.select(OBSERVATIONS.columns), now]).sort(_ORDER)


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    """Vintages by the vendor's own days."""
    last = rows.sort(*_KEY, *_ARRIVAL).with_columns(_changed(_KEY)).filter("changed")
    return _while_it_stood(last.drop("changed").unique(list(_KEY), keep="last", maintain_order=True))


def _found(rows: pl.DataFrame) -> pl.DataFrame:
    """Vintages by the days on which other values came."""
    claims = _while_it_stood(rows.sort(*_DAY, *_ARRIVAL, "known_from"), ordered=True)
    later = pl.int_range(pl.len()).over(_DAY) > 0
    plain = pl.col("known_from") == pl.col("observation_date")
    dated = claims.with_columns(
        pl.when(later & plain)
        .then(pl.max_horizontal(pl.col("ingested_at").dt.date(), "observation_date"))
        .otherwise("known_from")
        .alias("known_from")
    )
    return _while_it_stood(dated.unique(list(_KEY), keep="last", maintain_order=True))


def _while_it_stood(rows: pl.DataFrame, *, ordered: bool = False) -> pl.DataFrame:
    """Without the rows that repeat the value before them."""
    rows = rows if ordered else rows.sort(*_KEY)
    return rows.with_columns(_changed(_DAY)).filter("changed").drop("changed")


def _changed(group: tuple[str, ...]) -> pl.Expr:
    value = pl.col("value")
    first = pl.int_range(pl.len()).over(group) == 0
    return (first | value.ne_missing(value.shift(1).over(group))).alias("changed")
