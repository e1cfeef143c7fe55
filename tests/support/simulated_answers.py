"""Requests to the simulated vendors that several tests make, and what is answered. No server and no judgement here."""

import json
from datetime import UTC, datetime
from typing import Any

from transforms.market_simulator import answer

NOW = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
"""A Friday evening after all sessions but those that never end."""
OBSERVATIONS = "/fred/series/observations"
CURVE = "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/{}/all"
VINTAGES = {"realtime_start": "1776-07-04", "realtime_end": "9999-12-31"}


def get(vendor: str, path: str, now: datetime = NOW, **params: str) -> Any:
    """The JSON that a vendor answers."""
    return json.loads(answer(vendor, path, params, now)[2])


def observations(series_id: str, now: datetime = NOW, **params: str) -> list[dict[str, str]]:
    """The rows that FRED answers about a series."""
    answered = get("fred", OBSERVATIONS, now, series_id=series_id, file_type="json", **params)
    told: list[dict[str, str]] = answered["observations"]
    return told
