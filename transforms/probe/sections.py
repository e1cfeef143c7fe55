"""The sections to tick in a Flex query, loaded from sections.toml. What is read of each is needs.py."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

Need = Literal["always", "books", "business", "confirmations"]


@dataclass(frozen=True)
class WantedSection:
    """A section, what Client Portal calls it, how to tick it, and what is missing without it.

    `levels`: level of detail of rows that the books need → the option in the portal that brings it.
    """

    tag: str
    portal: str
    need: Need
    without: str
    options: str = ""
    levels: Mapping[str, str] = field(default_factory=dict)


@cache
def wanted_sections() -> dict[str, WantedSection]:
    """By their tags, in the order of the guide."""
    text = files(__package__).joinpath("sections.toml").read_text(encoding="utf-8")
    return {tag: WantedSection(tag, **entry) for tag, entry in tomllib.loads(text).items()}
