"""The features of a dataset's daily bars, computed where the bars changed and stored by year. Formulas: transforms/."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from orchestration.resources.market_lake import MarketLake
from orchestration.resources.market_state import MarketState
from transforms.features.bars import EVERY_DAY, FEATURES, RECURSIVE, WEEKDAYS, Feature, compute, lookback
from transforms.market.adjust import adjusted, factors
from transforms.market.series import DatasetId
from transforms.schemas.bar_features import BAR_FEATURES
from transforms.schemas.market import BARS

FREQUENCY: Final = "1d"
VERSION: Final = 1
"""Raise it when a formula changes: the registry's hash holds definitions, not code."""
SYMBOLS_AT_ONCE: Final = 250
_KEY: Final = ("instrument_id", "session_date")
_COLUMNS: Final = [one for one in BARS.columns if one not in ("vwap", "trades", "ingested_at", "document_id")]

log = logging.getLogger("tieout")


@dataclass(frozen=True)
class BarFeatures:
    """The features of one dataset. `benchmark`: a symbol of it; `every_day`: instruments that trade on all seven days.

    `state` keeps what the stored years were computed of. Without it all are computed again.
    """

    lake: MarketLake
    dataset: DatasetId
    state: MarketState
    benchmark: str | None = None
    every_day: frozenset[str] = frozenset()

    def bring_up_to_date(self) -> tuple[int, ...]:
        """Compute the years whose bars or actions changed, and those after them; gives those that were written.

        Later years depend on earlier ones: their windows reach back, and recursive features go on from them.
        """
        marks, recorded = self._marks(), self._recorded()
        written = []
        stale = recorded.get("rules") != marks["rules"]
        stored = self.lake.years("features", self.dataset)
        lacking = {str(year) for year in self.lake.years("clean", self.dataset) if year not in stored}
        for year, mark in marks["years"].items():
            stale = stale or recorded["years"].get(year) != mark or year in lacking
            if stale and self._write(int(year), int(year) in stored):
                written.append(int(year))
        if marks != recorded:
            self.state.keep(self._name, json.dumps(marks, indent=1).encode())
        if written:
            log.info("features of %s: %s", self.dataset, ", ".join(str(year) for year in written))
        return tuple(written)

    @property
    def _actions(self) -> DatasetId:
        return replace(self.dataset, kind="actions")

    @property
    def _name(self) -> str:
        return f"{str(self.dataset).replace('/', '.')}.features.json"

    def _recorded(self) -> dict[str, Any]:
        """What the stored years were computed of."""
        try:
            told: dict[str, Any] = json.loads(self.state.read(self._name) or b"{}")
        except json.JSONDecodeError:
            return {}
        return told

    def _marks(self) -> dict[str, Any]:
        """What each year is computed of besides the years before it; and the rules, which are the same for all."""
        inputs = (self.dataset, self._actions)
        years = {year for one in inputs for year in self.lake.years("clean", one)}
        rules = repr(
            (VERSION, [_told(one) for one in FEATURES.values()], self.benchmark, sorted(self.every_day))
        )
        return {
            "rules": hashlib.sha256(rules.encode()).hexdigest(),
            "years": {
                str(year): [self.lake.fingerprint("clean", one, year) for one in inputs]
                for year in sorted(years)
            },
        }

    def _write(self, year: int, stored: bool) -> bool:
        """Compute a year and store it. Says whether anything was written."""
        rows = self._computed(year)
        if rows.is_empty() and not stored:
            return False
        return self.lake.update("features", self.dataset, year, lambda _: rows)

    def _computed(self, year: int) -> pl.DataFrame:
        """The features of all sessions of a year, some symbols at a time."""
        symbols = (
            self.lake.read("clean", self.dataset, years=[year], columns=["symbol"])["symbol"].unique().sort()
        )
        parts = [
            self._part(year, symbols.slice(place, SYMBOLS_AT_ONCE).to_list())
            for place in range(0, len(symbols), SYMBOLS_AT_ONCE)
        ]
        return pl.concat([BAR_FEATURES.empty(), *parts])

    def _part(self, year: int, symbols: list[str]) -> pl.DataFrame:
        bars = self._bars(year, symbols)
        first = int(bars["session_date"].dt.year().min())  # type: ignore[arg-type]
        actions = self.lake.read(
            "clean", self._actions, years=range(first, year + 1), symbols=self._with_benchmark(symbols)
        )
        before = self.lake.read(
            "features", self.dataset, years=range(first, year), columns=[*_KEY, *RECURSIVE], symbols=symbols
        )
        benchmark = bars.filter(pl.col("symbol") == pl.lit(self.benchmark, pl.String))["instrument_id"]
        rows = compute(
            adjusted(bars, factors(bars, actions)),
            benchmark=benchmark[0] if len(benchmark) else None,
            every_day=self.every_day,
            before=before,
        )
        return rows.filter(pl.col("session_date").dt.year() == year, pl.col("symbol").is_in(symbols))

    def _bars(self, year: int, symbols: list[str]) -> pl.DataFrame:
        """The bars of a year, and as many before as the longest window takes; and the benchmark's of these days."""
        earlier = [one for one in self.lake.years("clean", self.dataset) if one < year]
        frames, lacking = [self._read(year, symbols)], list(symbols)
        while earlier and lacking:
            frames.append(self._read(earlier.pop(), lacking))
            found = pl.concat(frames[1:]).group_by("symbol").len()
            full = found.filter(pl.col("len") >= lookback(EVERY_DAY))["symbol"].to_list()
            lacking = [one for one in lacking if one not in full]
        return self._within_reach(year, pl.concat(reversed(frames)))

    def _within_reach(self, year: int, bars: pl.DataFrame) -> pl.DataFrame:
        """Without the bars that no feature of the year depends on. Those of an instrument come in their order."""
        own = pl.col("instrument_id")
        reach = (
            pl.when(own.is_in(list(self.every_day))).then(lookback(EVERY_DAY)).otherwise(lookback(WEEKDAYS))
        )
        left = pl.int_range(pl.len(), 0, -1).over(own)
        of_year = (pl.col("session_date").dt.year() == year).sum().over(own)
        of_benchmark = pl.col("symbol") == pl.lit(self.benchmark, pl.String)
        return bars.filter((left <= of_year + reach) | of_benchmark.fill_null(False))

    def _read(self, year: int, symbols: list[str]) -> pl.DataFrame:
        chosen = self._with_benchmark(symbols)
        return self.lake.read("clean", self.dataset, years=[year], columns=_COLUMNS, symbols=chosen)

    def _with_benchmark(self, symbols: list[str]) -> list[str]:
        return list({*symbols, self.benchmark}) if self.benchmark else symbols


def _told(one: Feature) -> tuple[object, ...]:
    return one.name, one.definition, one.window
