"""The benchmark beside the books: closes as the marts have them, and their growth over the days. No widgets."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from apps.dashboard.data import Row
from apps.periods import Period
from apps.published import Reader

OLDEST: Final = timedelta(days=7)
"""A day without a close takes the last one, if it is not older: the marts do the same."""

METRICS: Final = ("alpha", "beta", "tracking_error", "information_ratio", "up_capture", "down_capture")
_ADJUSTED: Final = {
    "total_return": "with dividends reinvested",
    "raw": "as traded, without dividends",
    "splits": "adjusted for splits, without dividends",
    "splits_dividends": "adjusted for splits and dividends by their vendor",
    "unknown": "whose vendor does not say what they are adjusted for",
}


@dataclass(frozen=True)
class Benchmark:
    """Closes of a series, oldest first."""

    name: str
    currency: str | None
    adjustment: str | None
    days: list[date]
    closes: list[float]

    def growth(self, dates: Sequence[date]) -> list[float | None]:
        """The growth of 1 since the first of these days; None where no close is near enough."""
        closes = [self._close(day) for day in dates]
        base = closes[0] if closes else None
        return [None if close is None or base is None else close / base for close in closes]

    def basis(self, currency: str) -> str:
        """What the closes are, beside an account in a currency."""
        adjusted = _ADJUSTED.get(self.adjustment or "", "from a file, as it has them")
        told = f"{self.name}: closes {f'in {self.currency} ' if self.currency else ''}{adjusted}"
        if self.currency and currency and self.currency != currency:
            told += f"; the account is in {currency}, and no exchange rate is applied"
        return told + "."

    def _close(self, day: date) -> float | None:
        place = bisect_right(self.days, day) - 1
        return self.closes[place] if place >= 0 and day - self.days[place] <= OLDEST else None


def read_benchmark(reader: Reader, period: Period) -> Benchmark | None:
    """The benchmark of a version over a period and the days before it; None where none is named.

    A version that was published before there was such a mart has none either.
    """
    if not reader.records("SELECT 1 AS found FROM duckdb_tables() WHERE table_name = 'benchmark_close'"):
        return None
    rows: list[Row] = reader.records(
        """
        SELECT benchmark, price_date, CAST(close AS DOUBLE) AS close, currency, adjustment
        FROM marts.benchmark_close WHERE price_date BETWEEN $first AND $last ORDER BY price_date
        """,
        {"first": period.first - 2 * OLDEST, "last": period.last},
    )
    if not rows:
        return None
    last = rows[-1]
    return Benchmark(
        last["benchmark"],
        last["currency"],
        last["adjustment"],
        [row["price_date"] for row in rows],
        [row["close"] for row in rows],
    )
