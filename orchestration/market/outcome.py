"""What became of a dataset and its series in one update, as values. How they are updated is update.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from transforms.market.checks import FINDINGS
from transforms.market.merge import RESTATED
from transforms.market.series import DatasetId

Span = tuple[date, date]


@dataclass(frozen=True)
class SeriesOutcome:
    """What became of one series: the span that was asked for, counts of rows, and why there are none.

    `refetched`: its history was restated, so that all of it was asked for again. `left_out`: bars whose period is not
    over, which come again, and all rows of a series that is refused. `withdrawn`: stored bars that a history which was
    fetched anew does not tell, and which went with the old one. `problem`: nothing of it was stored.
    `since`: the day from which on all that there is was asked for, in this run or before; none where nobody knows.
    """

    symbol: str
    provider_symbol: str
    asked: Span | None = None
    added: int = 0
    completed: int = 0
    unchanged: int = 0
    restated: int = 0
    left_out: int = 0
    withdrawn: int = 0
    refetched: bool = False
    problem: str | None = None
    since: date | None = None

    @property
    def changed(self) -> bool:
        """Whether rows were stored."""
        return bool(self.added or self.completed or self.restated)


@dataclass(frozen=True)
class DatasetOutcome:
    """What became of a dataset. `years`: the partitions that were written. `restated`: old and new values, by row.

    `findings`: what the checks found in what came, and in what is stored now of the years that were looked at.
    """

    dataset: DatasetId
    series: tuple[SeriesOutcome, ...]
    years: tuple[int, ...] = ()
    restated: pl.DataFrame = field(default_factory=RESTATED.to_frame)
    findings: pl.DataFrame = field(default_factory=FINDINGS.to_frame)

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong, each sentence once: a vendor that answers nobody says so once for all its series."""
        said: dict[str, list[str]] = {}
        for one in self.series:
            if one.problem:
                said.setdefault(one.problem, []).append(one.symbol)
        return tuple(f"{_named(symbols)}: {problem}" for problem, symbols in said.items())

    @property
    def added(self) -> int:
        """Rows that were not there before."""
        return sum(one.added for one in self.series)


def _named(symbols: Sequence[str]) -> str:
    return ", ".join(symbols[:4]) + (f" and {len(symbols) - 4} more" if len(symbols) > 4 else "")
