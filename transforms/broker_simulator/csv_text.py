"""How a line of CSV is written: quoting, thousands commas, the broker's names of days. No sections here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from transforms.broker_simulator.money import cents, text

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)


def csv_line(cells: Iterable[str]) -> str:
    """Cells joined by commas, quoted where one holds a comma or a quote."""
    return ",".join(_quoted(cell) if "," in cell or '"' in cell else cell for cell in cells)


def quoted_line(cells: Iterable[str]) -> str:
    """Cells joined by commas, each in quotes."""
    return ",".join(map(_quoted, cells))


def _quoted(cell: str) -> str:
    escaped = cell.replace('"', '""')
    return f'"{escaped}"'


def thousands(figure: Decimal) -> str:
    """A number with thousands commas and no trailing zeros: `-1,000`, `12.5`."""
    whole, dot, part = text(figure).partition(".")
    return f"{int(whole):,}{dot}{part}" if whole not in ("-0", "0") else f"{whole}{dot}{part}"


def two_places(figure: Decimal) -> str:
    """A number rounded to 2 decimal places, halves away from zero, never `-0.00`."""
    return f"{cents(figure) or Decimal('0.00'):.2f}"


def long_day(day: date) -> str:
    """A day as `January 2, 2023`, whatever the machine's language."""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def zoned_stamp(moment: datetime) -> str:
    """A moment in the broker's zone as `2023-01-05, 04:15:27 EST`, or `EDT` in the United States' summer."""
    begins = _nth_sunday(moment.year, 3, 2)
    ends = _nth_sunday(moment.year, 11, 1)
    zone = "EDT" if begins <= moment.date() < ends else "EST"
    return f"{moment:%Y-%m-%d, %H:%M:%S} {zone}"


def _nth_sunday(year: int, month: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta((6 - first.weekday()) % 7 + 7 * (count - 1))
