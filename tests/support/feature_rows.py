"""Daily bars for tests of features, as adjusting gives them. Their prices are given, or walk by chance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from tests.support.market_rows import MONDAY, bars, weekdays
from transforms.market.adjust import adjusted, factors
from transforms.schemas.market import CORPORATE_ACTION


def given(closes: Sequence[float], actions: pl.DataFrame | None = None, **columns: object) -> pl.DataFrame:
    """Adjusted bars with these closes (`tests.support.market_rows.bars`)."""
    return adjust(bars(closes, **columns), actions)


def adjust(rows: pl.DataFrame, actions: pl.DataFrame | None = None) -> pl.DataFrame:
    """Bars and what adjusting makes of them."""
    return adjusted(rows, factors(rows, CORPORATE_ACTION.empty() if actions is None else actions))


def walk(
    sessions: int, seed: int = 7, symbol: str = "AAA", first: date = MONDAY, **columns: object
) -> pl.DataFrame:
    """Adjusted bars of one symbol whose prices walk by chance, in cents; high and low are around open and close."""
    chance = np.random.default_rng(seed)
    close = np.round(50 * np.exp(np.cumsum(chance.normal(0, 0.02, sessions))), 2)
    start = np.round(close * np.exp(chance.normal(0, 0.01, sessions)), 2)
    high = np.round(np.maximum(start, close) * np.exp(np.abs(chance.normal(0, 0.01, sessions))), 2)
    low = np.round(np.minimum(start, close) * np.exp(-np.abs(chance.normal(0, 0.01, sessions))), 2)
    volume = chance.integers(100, 100_000, sessions).astype(float)
    rows = bars(
        close.tolist(),
        weekdays(sessions, first),
        symbol=symbol,
        open=start.tolist(),
        high=high.tolist(),
        low=low.tolist(),
        volume=volume.tolist(),
        **columns,
    )
    return adjust(rows)
