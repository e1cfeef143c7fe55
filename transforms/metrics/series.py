"""What a series is (returns or prices) and what a figure is (a number, or withheld). No metric is computed here.

Nothing here guesses: a series of 1.5, 0.5 is prices or returns because its type says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Days = NDArray[np.datetime64]


@dataclass(frozen=True)
class Withheld:
    """There is no figure, and this says why."""

    reason: str


Figure = float | Withheld
"""A plain number, or the reason why there is none. Never NaN."""


class SeriesError(ValueError):
    """A series cannot be what its type says; the message names the first offending place."""


@dataclass(frozen=True)
class Returns:
    """Simple returns of consecutive periods, as fractions: shape (n,), each finite and at least −1.

    `dates`, where given, has shape (n,), ascending, the day each return ends on. NaN is refused: a return that is not
    known is no return, so cut the series or withhold the figure.
    """

    values: Doubles
    dates: Days | None = None

    def __post_init__(self) -> None:
        _check(self.values, self.dates)
        if self.values.size and self.values.min() < -1:
            place = int(np.argmax(self.values < -1))
            raise SeriesError(
                f"return {self.values[place]} at position {place} loses more than everything: are these prices?"
            )

    @classmethod
    def of(cls, values: Sequence[float], dates: Sequence[date] | None = None) -> Returns:
        """From plain Python values."""
        return cls(np.asarray(values, dtype=np.float64), None if dates is None else days(dates))

    def __len__(self) -> int:
        return int(self.values.size)


@dataclass(frozen=True)
class Prices:
    """Closes or total-return levels, shape (n,), each finite and above zero; `dates` ascending, shape (n,)."""

    values: Doubles
    dates: Days = field()

    def __post_init__(self) -> None:
        _check(self.values, self.dates)
        if self.values.size and self.values.min() <= 0:
            place = int(np.argmax(self.values <= 0))
            raise SeriesError(f"price {self.values[place]} at position {place} is not above zero")

    @classmethod
    def of(cls, values: Sequence[float], dates: Sequence[date]) -> Prices:
        """From plain Python values."""
        return cls(np.asarray(values, dtype=np.float64), days(dates))

    def returns(self) -> Returns:
        """Simple returns from one price to the next: shape (n − 1,), dated by the later day."""
        return Returns(self.values[1:] / self.values[:-1] - 1, self.dates[1:])

    def returns_between(self, starts: Days, ends: Days, oldest_days: int = 7) -> Returns | Withheld:
        """The return from each start to each end day, shape (m,), for the calendar of another series.

        A day without a price takes the last one before it (a holiday of the market), at most `oldest_days` old;
        an older one, or none, withholds the whole series.
        """
        closes = []
        for wanted in (starts, ends):
            place = np.searchsorted(self.dates, wanted, side="right") - 1
            found = self.dates[np.maximum(place, 0)] if self.values.size else wanted
            stale = (place < 0) | (wanted - found > np.timedelta64(oldest_days, "D"))
            if stale.any():
                return Withheld(
                    f"The benchmark has no close on or shortly before {wanted[np.argmax(stale)]}."
                )
            closes.append(self.values[place])
        return Returns(closes[1] / closes[0] - 1, ends)


def days(dates: Sequence[date]) -> Days:
    """Dates as numpy days, shape (n,)."""
    return np.asarray(dates, dtype="datetime64[D]")


def _check(values: Doubles, dates: Days | None) -> None:
    if values.ndim != 1:
        raise SeriesError(f"a series has one dimension, this has {values.ndim}")
    if not np.isfinite(values).all():
        place = int(np.argmax(~np.isfinite(values)))
        raise SeriesError(f"value {values[place]} at position {place} is not a finite number")
    if dates is not None:
        if dates.shape != values.shape:
            raise SeriesError(f"{dates.size} dates for {values.size} values")
        if (np.diff(dates) <= np.timedelta64(0, "D")).any():
            raise SeriesError("the dates do not ascend")
