"""Bars of many symbols put aside by year, on this machine's disk: they come by symbol and are stored by year."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl


@dataclass(frozen=True)
class Spool:
    """Rows with a `session_date`, in a folder of this run's own."""

    folder: Path

    def add(self, rows: pl.DataFrame) -> None:
        """Put rows aside."""
        years = rows["session_date"].dt.year()
        for year in years.unique():
            place = self.folder / str(year)
            place.mkdir(exist_ok=True)
            part = place / f"{len(list(place.iterdir())):06}.parquet"
            rows.filter(years == year).write_parquet(part, compression="lz4")

    def years(self) -> list[int]:
        """The years that there are rows of, sorted."""
        return sorted(int(place.name) for place in self.folder.iterdir())

    def rows(self, year: int) -> pl.DataFrame | None:
        """All rows of a year, in the order in which they came; None where there are none."""
        parts = sorted((self.folder / str(year)).glob("*.parquet"))
        return pl.concat([pl.read_parquet(part) for part in parts]) if parts else None


@contextmanager
def spooling(folder: Path) -> Iterator[Spool]:
    """An empty spool. What a killed run left in the folder goes, and at the end this one's rows do."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield Spool(folder)
    finally:
        shutil.rmtree(folder)
