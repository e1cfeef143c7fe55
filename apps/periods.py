"""Periods, for the command and the page: which days MTD or 1Y means. Calendar arithmetic only."""

from dataclasses import dataclass
from datetime import date, timedelta

PERIODS = ("1D", "1W", "MTD", "QTD", "YTD", "1Y", "3Y", "All", "Custom")
DEFAULT_PERIOD = "YTD"

# The windows that the mart `performance_metric` holds; the others are linked from the daily returns.
METRIC_WINDOWS = {"MTD": "MTD", "QTD": "QTD", "YTD": "YTD", "1Y": "1Y", "3Y": "3Y", "All": "SI"}


@dataclass(frozen=True)
class Period:
    """Days `first` to `last`, both inclusive; `metric_window` names the mart's window when there is one."""

    name: str
    first: date
    last: date
    metric_window: str | None

    @property
    def label(self) -> str:
        """How cards and charts call the period."""
        if self.name == "All":
            return "since inception"
        if self.name == "Custom":
            return f"{self.first:%-d %b %Y} – {self.last:%-d %b %Y}"
        return self.name


def years_before(day: date, years: int) -> date:
    """The same calendar day some years earlier; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def resolve(name: str, as_of: date, inception: date, custom: tuple[date, date] | None = None) -> Period:
    """The period for a choice, ending at the account's last NAV day; unknown names mean the default.

    1D is the last NAV day. A year that ends on `as_of` starts the day after the same day of the year
    before: that day's NAV is where it starts from.
    """
    day = timedelta(days=1)
    if name == "Custom" and custom is not None:
        first, last = sorted(custom)
        return Period("Custom", first, min(last, as_of), None)
    starts = {
        "1D": as_of,
        "1W": as_of - 6 * day,
        "MTD": as_of.replace(day=1),
        "QTD": date(as_of.year, 3 * ((as_of.month - 1) // 3) + 1, 1),
        "YTD": date(as_of.year, 1, 1),
        "1Y": years_before(as_of, 1) + day,
        "3Y": years_before(as_of, 3) + day,
        "All": inception,
    }
    chosen = name if name in starts else DEFAULT_PERIOD
    return Period(chosen, starts[chosen], as_of, METRIC_WINDOWS.get(chosen))
