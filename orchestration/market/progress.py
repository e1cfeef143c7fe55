"""How far an update of market data is, series by series, for who watches it. What became of it at last: update.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from transforms.market.series import DatasetId

State = Literal["waiting", "asking", "answered", "failed", "done"]
"""`answered` and `failed` are of one request, of which a series may need several; `done` is the last word."""

Tell = Callable[[DatasetId, str, State, Mapping[str, object]], None]
"""Hears the dataset, the symbol, the state, and what more is known: `problem`, or the counts of rows."""


def nobody(_dataset: DatasetId, _symbol: str, _state: State, _known: Mapping[str, object]) -> None:
    """Nobody watches."""
