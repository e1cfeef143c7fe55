"""The simulated US Treasury: the par yield curve of a year as CSV, newest first, with the columns of that year."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from transforms.market_simulator.bodies import Answered, as_csv, as_html, decimal
from transforms.market_simulator.curve import Curve, curve

PATH = re.compile(
    r"^/resource-center/data-chart-center/interest-rates/daily-treasury-rates\.csv/(\d{4})/all/?$"
)
PUBLISHED = time(18)
_WASHINGTON = ZoneInfo("America/New_York")
SIX_WEEKS_SINCE = date(2025, 2, 18)
_COLUMNS = (
    ("1 Mo", 1.0), ("1.5 Month", 1.5), ("2 Mo", 2.0), ("3 Mo", 3.0), ("4 Mo", 4.0), ("6 Mo", 6.0), ("1 Yr", 12.0),
    ("2 Yr", 24.0), ("3 Yr", 36.0), ("5 Yr", 60.0), ("7 Yr", 84.0), ("10 Yr", 120.0), ("20 Yr", 240.0),
    ("30 Yr", 360.0),
)  # fmt: skip
_REAL_COLUMNS = (("5 YR", 60.0), ("7 YR", 84.0), ("10 YR", 120.0), ("20 YR", 240.0), ("30 YR", 360.0))


def answer(path: str, params: Mapping[str, str], now: datetime, seed: int, defects: bool) -> Answered:
    """Answer a request for a year of the nominal or the real curve."""
    found = PATH.match(path)
    kind = params.get("type")
    if not found or kind not in ("daily_treasury_yield_curve", "daily_treasury_real_yield_curve"):
        return as_html(
            "<!DOCTYPE html><html><head><title>Page not found</title></head><body></body></html>", 404
        )
    year, told = int(found[1]), curve(seed, now.year)
    is_real = kind == "daily_treasury_real_yield_curve"
    columns = [each for each in (_REAL_COLUMNS if is_real else _COLUMNS) if each[1] != 1.5 or year >= 2025]
    days = [d for d in told.days if d.year == year and told.is_told(d) and _known_at(d) <= now]
    lines = [",".join(["Date", *(f'"{name}"' for name, _ in columns)])]
    lines += [_line(told, day, [months for _, months in columns], is_real) for day in reversed(days)]
    return as_csv("\n".join(lines) + "\n")


def _line(told: Curve, day: date, maturities: list[float], is_real: bool) -> str:
    cells = [f"{day:%m/%d/%Y}"]
    for months in maturities:
        is_missing = months == 1.5 and day < SIX_WEEKS_SINCE
        rate = told.real(months, day) if is_real else told.par(months, day)
        cells.append("" if is_missing else decimal(rate, 2))
    return ",".join(cells)


def _known_at(day: date) -> datetime:
    return datetime.combine(day, PUBLISHED, _WASHINGTON)
