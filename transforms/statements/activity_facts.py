"""What an Activity Statement's tables, headers and words mean, from activity_statement.toml. No records here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from transforms.flex.csv_columns import fold
from transforms.flex.registry import load_registry

_COMMISSION = re.compile(r"Comm in ([A-Z]{3})")


@dataclass(frozen=True)
class ActivityTable:
    """One table: the Flex section and tag of its rows, and what its headers or labels mean.

    A table with `values` is turned: its rows become attributes of one row (see the toml). `keep` are headers of it
    that no attribute stands for; `verbatim` keeps labels as attributes under their own text.
    """

    title: str
    section: str
    element: str
    known: bool = True
    has: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    set: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    shape: str = ""
    label: str | None = None
    by: str | None = None
    key: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    verbatim: bool = False

    @property
    def turned(self) -> bool:
        """Whether rows are attributes here."""
        return bool(self.values)

    def attribute(self, label: str) -> str | None:
        """The attribute that a label names; None where it is unknown."""
        label = label.strip()
        if self.verbatim:
            return label
        return self.labels.get(label) or _attributes(self.section).get(fold(label))

    def names(self, headers: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...], Mapping[str, str]]:
        """A name per column, those of them that are unknown, and texts that the headers set in every row."""
        names: list[str] = []
        unknown: list[str] = []
        said: dict[str, str] = {}
        for number, header in enumerate(headers, 1):
            header = header.strip()
            name = self.columns.get(header)
            commission = _COMMISSION.fullmatch(header)
            if commission is not None:
                name, said["ibCommissionCurrency"] = "ibCommission", commission[1]
            if header == "DataDiscriminator" and self.known:
                name = "dataDiscriminator"
            if name is None or name in names:
                name = header or f"(column {number})"
                while name in names:
                    name = f"{name} ({number})"
                if header:
                    unknown.append(name)
            names.append(name)
        return tuple(names), tuple(unknown), said


@dataclass(frozen=True)
class Words:
    """Words of a description that say a type: one, or one each for money paid and received."""

    table: str
    words: str
    type: str = ""
    paid: str = ""
    received: str = ""


@dataclass(frozen=True)
class ActivityFacts:
    """All that is known of the format."""

    tables: Mapping[str, tuple[ActivityTable, ...]]
    asset_classes: Mapping[str, str]
    languages: Mapping[str, str]
    types: tuple[Words, ...]
    actions: tuple[Words, ...]

    def table(self, title: str, headers: Sequence[str]) -> ActivityTable:
        """The table of a title and its headers; an unknown one keeps its title as section."""
        for table in self.tables.get(title, ()):
            if table.has is None or table.has in headers:
                return table
        return ActivityTable(title, title, title, known=False)


@cache
def load_activity_facts() -> ActivityFacts:
    """The facts that lie beside this module."""
    text = files(__package__).joinpath("activity_statement.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    tables: dict[str, list[ActivityTable]] = {}
    for entry in data["tables"]:
        tables.setdefault(entry["title"], []).append(ActivityTable(**entry))
    return ActivityFacts(
        tables={title: tuple(found) for title, found in tables.items()},
        asset_classes=data["asset_classes"],
        languages=data["languages"],
        types=tuple(Words(**entry) for entry in data["types"]),
        actions=tuple(Words(table="Corporate Actions", **entry) for entry in data["actions"]),
    )


@cache
def _attributes(section: str) -> Mapping[str, str]:
    """The section's attributes in the Flex registry, by folded name."""
    return {fold(attribute): attribute for attribute in reversed(load_registry().attributes(section))}
