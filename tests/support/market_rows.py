"""Bars, observations and actions for tests, written in a few words. What they should become is the tests' business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl

from transforms.schemas.market import BARS, CORPORATE_ACTION, OBSERVATIONS

MONDAY = date(2026, 1, 5)


def weekdays(count: int, first: date = MONDAY) -> list[date]:
    """That many days from Monday to Friday, from `first` on."""
    days: list[date] = []
    day = first
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return days


def midnight(day: date) -> datetime:
    """The day's first instant, UTC."""
    return datetime.combine(day, time(), UTC)


def bars(closes: Sequence[float], days: Iterable[date] | None = None, **columns: Any) -> pl.DataFrame:
    """Daily bars of one series with these closes, on weekdays from MONDAY on; other columns are given or usual ones.

    A column is one value for all bars, or a list with a value for each.
    """
    chosen = list(days) if days is not None else weekdays(len(closes))
    symbol = columns.pop("symbol", "AAA")
    usual: dict[str, Any] = {
        "instrument_id": f"XNAS:{symbol}",
        "symbol": symbol,
        "venue": "XNAS",
        "currency": "USD",
        "frequency": "1d",
        "timestamp": [midnight(day) for day in chosen],
        "session_date": chosen,
        "open": list(closes),
        "high": [close + 1 for close in closes],
        "low": [close - 1 if close > 1 else close / 2 for close in closes],
        "close": list(closes),
        "volume": 1000.0,
        "vwap": None,
        "trades": None,
        "volume_unit": "shares",
        "adjustment": "raw",
        "is_final": True,
        "provider": "massive",
        "provider_symbol": symbol,
        "ingested_at": midnight(date(2026, 3, 2)),
        "document_id": "first",
    }
    return _table({**usual, **columns}, len(chosen), BARS.polars_schema)


def observations(values: dict[date, float | None], **columns: Any) -> pl.DataFrame:
    """Observations of one series by day; known on their own day unless `known_from` says otherwise."""
    days = list(values)
    symbol = columns.pop("symbol", "DGS10")
    usual: dict[str, Any] = {
        "instrument_id": f"fred:{symbol}",
        "symbol": symbol,
        "unit": "percent",
        "frequency": "1d",
        "observation_date": days,
        "value": list(values.values()),
        "known_from": days,
        "provider": "fred",
        "provider_symbol": symbol,
        "ingested_at": midnight(date(2026, 3, 2)),
        "document_id": "first",
    }
    return _table({**usual, **columns}, len(days), OBSERVATIONS.polars_schema)


def split(day: date, ratio: float, symbol: str = "AAA", **columns: Any) -> pl.DataFrame:
    """One split."""
    return _action(day, symbol, {"action": "split", "ratio": ratio, **columns})


def dividend(day: date, amount: float, symbol: str = "AAA", **columns: Any) -> pl.DataFrame:
    """One dividend."""
    return _action(day, symbol, {"action": "dividend", "amount": amount, "currency": "USD", **columns})


def _action(day: date, symbol: str, columns: dict[str, Any]) -> pl.DataFrame:
    usual: dict[str, Any] = {
        "instrument_id": f"XNAS:{symbol}",
        "symbol": symbol,
        "ex_date": day,
        "ratio": None,
        "amount": None,
        "currency": None,
        "provider": "massive",
        "provider_symbol": symbol,
        "ingested_at": midnight(date(2026, 3, 2)),
        "document_id": "actions",
    }
    return _table({**usual, **columns}, 1, CORPORATE_ACTION.polars_schema)


def _table(columns: dict[str, Any], height: int, schema: pl.Schema) -> pl.DataFrame:
    lists = {
        name: column if isinstance(column, list) else [column] * height for name, column in columns.items()
    }
    return pl.DataFrame(lists).select(pl.col(name).cast(dtype) for name, dtype in schema.items())
