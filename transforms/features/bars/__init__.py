"""Features of daily bars: their registry, and what computes them. Adjusting prices is transforms/market/adjust.py."""

from transforms.features.bars.compute import (
    FEATURES,
    NAMING,
    RECURSIVE,
    compute,
    compute_in_parts,
    lookback,
)
from transforms.features.bars.feature import EVERY_DAY, WEEKDAYS, Calendar, Feature, Window
from transforms.features.bars.sessions import NEEDED

__all__ = [
    "EVERY_DAY",
    "FEATURES",
    "NAMING",
    "NEEDED",
    "RECURSIVE",
    "WEEKDAYS",
    "Calendar",
    "Feature",
    "Window",
    "compute",
    "compute_in_parts",
    "lookback",
]
