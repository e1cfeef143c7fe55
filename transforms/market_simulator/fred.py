"""The simulated FRED: observations and descriptions of series as JSON, pages, vintages. No key is checked here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from transforms.market_simulator.bodies import Answered, as_html, as_json, decimal
from transforms.market_simulator.series import ROLLING_YEARS, STATISTICS, Observed, Statistic, observed

FOREVER = date(9999, 12, 31)
EARLIEST = date(1776, 7, 4)
MOST = 100_000
_CHICAGO = ZoneInfo("America/Chicago")


def refused(message: str) -> Answered:
    """An error of FRED's own, always with status 400."""
    return as_json({"error_code": 400, "error_message": f"Bad Request.  {message}"}, 400)


def answer(path: str, params: Mapping[str, str], now: datetime, seed: int, defects: bool) -> Answered:
    """Answer a request. Only `file_type=json` is simulated."""
    if params.get("file_type") != "json":
        return refused("The simulation answers file_type=json alone.")
    statistic = STATISTICS.get(params.get("series_id", ""))
    if path.rstrip("/") not in ("/fred/series/observations", "/fred/series"):
        return as_html("<html><body>Not Found</body></html>", 404)
    if statistic is None:
        return refused("The series does not exist.")
    today = now.astimezone(_CHICAGO).date()
    try:
        spans = {
            name: date.fromisoformat(params.get(name, default.isoformat()))
            for name, default in (
                ("realtime_start", today),
                ("realtime_end", today),
                ("observation_start", EARLIEST),
                ("observation_end", FOREVER),
            )
        }
        limit, offset = int(params.get("limit", MOST)), int(params.get("offset", 0))
    except ValueError as error:
        return refused(f"A variable could not be read: {error}")
    if not 1 <= limit <= MOST or offset < 0:
        return refused(f"The value for variable limit is not between 1 and {MOST}.")
    if path.rstrip("/") == "/fred/series":
        return as_json(_about(statistic, spans))
    rows = list(_rows(statistic, today, spans, observed(seed, today.year, statistic.series_id)))
    if params.get("sort_order") == "desc":
        rows.reverse()
    return as_json(
        {name: day.isoformat() for name, day in spans.items()}
        | {
            "units": "lin",
            "output_type": 1,
            "file_type": "json",
            "order_by": "observation_date",
            "sort_order": params.get("sort_order", "asc"),
            "count": len(rows),
            "offset": offset,
            "limit": limit,
            "observations": rows[offset : offset + limit],
        }
    )


def _rows(
    statistic: Statistic, today: date, spans: dict[str, date], told: tuple[Observed, ...]
) -> Iterator[dict[str, str]]:
    """The vintages that were known at some time of the real-time period, cut to it."""
    start, end = spans["realtime_start"], min(spans["realtime_end"], today)
    oldest = (
        today.replace(year=today.year - ROLLING_YEARS, day=min(today.day, 28))
        if statistic.rolling
        else EARLIEST
    )
    for each in told:
        if not max(spans["observation_start"], oldest) <= each.day <= spans["observation_end"]:
            continue
        ends = [later.known_from for later in each.vintages[1:]] + [FOREVER]
        for vintage, until in zip(each.vintages, ends, strict=True):
            last = FOREVER if until > today else date.fromordinal(until.toordinal() - 1)
            if vintage.known_from > end or last < start:
                continue
            yield {
                "realtime_start": max(vintage.known_from, start).isoformat(),
                "realtime_end": min(last, spans["realtime_end"]).isoformat(),
                "date": each.day.isoformat(),
                "value": "." if vintage.figure is None else decimal(vintage.figure, statistic.places),
            }


def _about(statistic: Statistic, spans: dict[str, date]) -> object:
    realtime = {name: spans[name].isoformat() for name in ("realtime_start", "realtime_end")}
    about = {
        "id": statistic.series_id,
        **realtime,
        "title": statistic.title,
        "frequency": statistic.frequency,
        "frequency_short": statistic.frequency[0],
        "units": statistic.units,
        "seasonal_adjustment_short": "NSA",
    }
    return {**realtime, "seriess": [about]}
