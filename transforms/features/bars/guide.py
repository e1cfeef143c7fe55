"""The table of features in docs/features.md, written from the registry."""

from __future__ import annotations

from collections.abc import Callable

from transforms.features.bars.compute import FEATURES
from transforms.features.bars.feature import EVERY_DAY, WEEKDAYS, Calendar, Feature


def features_table() -> str:
    """A row of Markdown for each feature."""
    head = "| feature | what it is | sessions | at least | unit | closes | source |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *(_row(one) for one in FEATURES.values())])


def _row(one: Feature) -> str:
    sessions = _both(one.window.length)
    least = _both(one.observations)
    cells = (
        f"`{one.name}`", one.definition, f"all before, first {sessions}" if one.recursive else sessions, least,
        one.unit, one.prices, one.source,
    )  # fmt: skip
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _both(count: Callable[[Calendar], int]) -> str:
    """A count of sessions; of those that trade on all seven days in brackets, where it differs."""
    usual, daily = count(WEEKDAYS), count(EVERY_DAY)
    return str(usual) if usual == daily else f"{usual} ({daily})"
