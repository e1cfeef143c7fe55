"""The contract of the features of daily bars. What each of them is stands once, in transforms/features/bars."""

from __future__ import annotations

from typing import Final

from transforms.features.bars import FEATURES
from transforms.schemas.contract import Field, TableContract, table
from transforms.schemas.market import BARS

BAR_FEATURES: Final[TableContract] = table(
    "bar_features",
    "Features of daily bars, a row per instrument and session; NULL where an input is missing or a window not full.",
    ("instrument_id", "session_date"),
    (
        BARS.field("instrument_id"),
        BARS.field("symbol"),
        BARS.field("session_date"),
        BARS.field("adjustment"),
        *(Field(one.name, "double", one.definition, unit=one.unit) for one in FEATURES.values()),
    ),
    lineage=False,
)
