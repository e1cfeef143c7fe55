"""What a check is, what it may look at and what it tells. No check of its own stands here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

import polars as pl

from transforms.market.series import Kind
from transforms.market.sessions import Sessions
from transforms.schemas.contract import INSTANT
from transforms.schemas.market import CORPORATE_ACTION

Severity = Literal["error", "warning"]
Blocks = Literal["series", "rows", "nothing"]

FINDINGS: Final = pl.Schema(
    {
        "check_name": pl.String(),
        "severity": pl.String(),
        "instrument_id": pl.String(),
        "symbol": pl.String(),
        "session_date": pl.Date(),
        "timestamp": INSTANT,
        "found": pl.String(),
        "expected": pl.String(),
        "document_id": pl.String(),
    }
)
"""A row for each thing that is wrong: where it is, what stands there and what should."""


@dataclass(frozen=True)
class Context:
    """What checks may know besides the rows.

    `now`: UTC. `sessions` by the calendar's name, `calendars` the name by instrument; a series without one is not
    held against any. `actions`: the columns of `corporate_action`. `may_be_negative`: instruments whose prices may be
    (WTI futures were). `ended`: instruments that trade no more. `stored`: the rows of the dataset that were there
    before. `others`: other vendors' bars (provider, instrument_id, session_date, close, currency, adjustment).
    `late_sessions`: how many sessions a vendor may be behind.
    """

    now: datetime
    sessions: Mapping[str, Sessions] = field(default_factory=dict)
    calendars: Mapping[str, str] = field(default_factory=dict)
    actions: pl.DataFrame = field(default_factory=CORPORATE_ACTION.empty)
    may_be_negative: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    stored: pl.DataFrame | None = None
    others: pl.DataFrame | None = None
    late_sessions: int = 1

    def session_days(self) -> pl.DataFrame:
        """The known sessions of each instrument's calendar: calendar, session_date, closes_at, ordinal."""
        tables = [
            known.table.select(
                pl.lit(name).alias("calendar"), "session_date", "closes_at", ordinal=pl.int_range(pl.len())
            )
            for name, known in self.sessions.items()
        ]
        return pl.concat(tables) if tables else _NO_SESSIONS.to_frame()

    def calendar_of(self) -> pl.DataFrame:
        """The instruments that have a calendar whose sessions are known: instrument_id, calendar."""
        known = [(each, name) for each, name in self.calendars.items() if name in self.sessions]
        return pl.DataFrame(known, schema=_CALENDARS, orient="row")


_CALENDARS: Final = pl.Schema({"instrument_id": pl.String(), "calendar": pl.String()})
_NO_SESSIONS: Final = pl.Schema(
    {"calendar": pl.String(), "session_date": pl.Date(), "closes_at": INSTANT, "ordinal": pl.Int64()}
)


@dataclass(frozen=True)
class Check:
    """A check by name: call it with rows of one dataset and a context, and it gives FINDINGS.

    An error `blocks` the new rows of the series, or the offending rows alone; a warning blocks nothing. `find` gets
    the rows sorted by symbol, instrument and time, and gives the columns of FINDINGS but for the first two.
    """

    name: str
    severity: Severity
    kind: Kind
    description: str
    find: Callable[[pl.DataFrame, Context], pl.DataFrame]
    blocks: Blocks = "nothing"

    def __call__(self, frame: pl.DataFrame, context: Context) -> pl.DataFrame:
        """What is wrong in rows of one dataset (columns of BARS or OBSERVATIONS)."""
        found = self.find(in_order(frame), context)
        return found.with_columns(check_name=pl.lit(self.name), severity=pl.lit(self.severity)).select(
            pl.col(name).cast(dtype) for name, dtype in FINDINGS.items()
        )


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows by symbol, instrument and time; the frame itself where they are."""
    day = "timestamp" if "timestamp" in frame.columns else "observation_date"
    keys = ["symbol", "instrument_id", day]
    after = frame.select(
        sorted=(
            (pl.col(keys[0]) > pl.col(keys[0]).shift(1))
            | (
                (pl.col(keys[0]) == pl.col(keys[0]).shift(1))
                & (
                    (pl.col(keys[1]) > pl.col(keys[1]).shift(1))
                    | (same_series() & (pl.col(keys[2]) >= pl.col(keys[2]).shift(1)))
                )
            )
        ).all()
    ).item()
    return frame if after else frame.sort(keys, maintain_order=True)


def same_series() -> pl.Expr:
    """Whether the row before is of the same instrument; NULL on the first row."""
    return pl.col("instrument_id") == pl.col("instrument_id").shift(1)


def before(expression: pl.Expr) -> pl.Expr:
    """The value of the series' row before; NULL on its first row."""
    return pl.when(same_series()).then(expression.shift(1))


def told(rows: pl.DataFrame, found: pl.Expr, expected: pl.Expr | str) -> pl.DataFrame:
    """Findings about rows: found and expected as text."""
    should = pl.lit(expected) if isinstance(expected, str) else expected
    if "observation_date" in rows.columns:
        day = pl.col("observation_date")
        place = [day.alias("session_date"), day.cast(INSTANT).alias("timestamp")]
    else:
        place = [pl.col("session_date"), pl.col("timestamp")]
    return rows.select(
        "instrument_id", "symbol", *place, found.alias("found"), should.alias("expected"), "document_id"
    )
