"""The features of bars, computed: a row for each session of each instrument. No files, no definitions here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from transforms.features.bars.feature import BEFORE, EVERY_DAY, WEEKDAYS, Calendar, Feature
from transforms.features.bars.market import MARKET
from transforms.features.bars.sessions import KEY, NEEDED, prices, with_sessions
from transforms.features.bars.trend import TREND
from transforms.features.bars.volatility import VOLATILITY
from transforms.features.bars.windows import with_windows

FEATURES: Final[dict[str, Feature]] = {one.name: one for one in (*TREND, *VOLATILITY, *MARKET)}
"""Every feature by its name, in the order of the table's columns."""

NAMING: Final = ("instrument_id", "symbol", "session_date", "adjustment")
"""The columns before the features: what a row is of, and what its vendor had adjusted the prices for."""

RECURSIVE: Final = tuple(one.name for one in FEATURES.values() if one.recursive)

ROWS_AT_ONCE: Final = 125_000
"""About: whole instruments are taken. A column of so many doubles fits into a processor's cache."""


def lookback(calendar: Calendar) -> int:
    """How many sessions before a row its features depend on, with RECURSIVE ones as they are known there."""
    return max(one.window.length(calendar) for one in FEATURES.values()) - 1


def compute(
    bars: pl.DataFrame,
    names: Sequence[str] | None = None,
    benchmark: str | None = None,
    every_day: Collection[str] = (),
    before: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The features `names` (all without) of daily bars: NAMING and a column of doubles each, sorted by KEY.

    `bars`: columns NEEDED (BARS as `transforms.market.adjust.adjusted` gives them), a row a session; two rows of one
    session raise ValueError, as does an unknown name. `benchmark`: the instrument in `bars` that beta and correlation
    are against, NULL without one. `every_day`: the instruments that trade on all seven days.

    `before` has the rows that are known of the first sessions in `bars`: KEY and RECURSIVE. Those go on from the last
    known value of each instrument. The rows after it are then those that all bars together would give, if `bars` has
    `lookback` sessions before them, and the benchmark's on all of these days.
    """
    return pl.concat(
        [_columns(names).to_frame(), *compute_in_parts(bars, names, benchmark, every_day, before)]
    )


def compute_in_parts(
    bars: pl.DataFrame,
    names: Sequence[str] | None = None,
    benchmark: str | None = None,
    every_day: Collection[str] = (),
    before: pl.DataFrame | None = None,
) -> Iterator[pl.DataFrame]:
    """What `compute` gives in the same order, some instruments at a time: it need not fit into memory as a whole."""
    chosen = _chosen(names)
    reference = _benchmark(bars, benchmark)
    instruments = bars.get_column("instrument_id").unique().sort()
    # a number instead of names: the rows of a part are found quicker
    places = bars.get_column("instrument_id").cast(pl.Enum(instruments)).to_physical().cast(pl.Int64)
    at_once = max(1, len(instruments) * ROWS_AT_ONCE // max(1, bars.height))
    part_of = places // at_once
    for part in range(-(-len(instruments) // at_once)):
        rows = prices(bars.select(NEEDED).filter(part_of == part))
        _refuse_twins(rows)
        rows = rows.join(reference, on="session_date", how="left", maintain_order="left")
        if before is not None:
            known = before.select(*KEY, *(pl.col(name).alias(BEFORE + name) for name in RECURSIVE))
            rows = rows.join(known, on=list(KEY), how="left", maintain_order="left")
        daily = rows.get_column("instrument_id").is_in(list(every_day))
        parts = [
            _computed(rows.filter(of_it), chosen, replace(calendar, resumed=before is not None))
            for calendar, of_it in ((EVERY_DAY, daily), (WEEKDAYS, ~daily))
            if of_it.any()
        ]
        yield parts[0] if len(parts) == 1 else pl.concat(parts).sort(KEY)


def _chosen(names: Sequence[str] | None) -> tuple[Feature, ...]:
    unknown = [name for name in names or () if name not in FEATURES]
    if unknown:
        raise ValueError(f"there is no feature {', '.join(unknown)}; there are {', '.join(FEATURES)}")
    return tuple(FEATURES.values() if names is None else (FEATURES[name] for name in names))


def _columns(names: Sequence[str] | None) -> pl.Schema:
    naming = {name: pl.Date() if name == "session_date" else pl.String() for name in NAMING}
    return pl.Schema({**naming, **{one.name: pl.Float64() for one in _chosen(names)}})


def _benchmark(bars: pl.DataFrame, benchmark: str | None) -> pl.DataFrame:
    """session_date, benchmark: the total-return closes of the benchmark."""
    own = bars.select(NEEDED).filter(pl.col("instrument_id") == pl.lit(benchmark, pl.String))
    return prices(own).select("session_date", benchmark="total")


def _refuse_twins(rows: pl.DataFrame) -> None:
    twins = rows.filter(pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in KEY))
    if twins.height:
        instrument, day = twins.select(KEY).row(0)
        raise ValueError(f"{instrument} has two bars of {day}: features are computed of daily bars")


def _computed(rows: pl.DataFrame, chosen: Sequence[Feature], calendar: Calendar) -> pl.DataFrame:
    """The features of rows that are sorted by KEY; what is no number is none."""
    computed = {one.name: one.expression(calendar) for one in chosen}
    whole = {one.name: computed[one.name].over("instrument_id") for one in chosen if one.recursive}
    sessions = with_sessions(rows.lazy()).collect()
    found = with_windows(sessions, computed.values()).select(*NAMING, **(computed | whole))
    finite = found.select(pl.col(one.name).is_finite().all() for one in chosen)
    no_numbers = [name for name, every in finite.row(0, named=True).items() if not every] if chosen else []
    return found.with_columns(pl.when(pl.col(name).is_finite()).then(name).alias(name) for name in no_numbers)
