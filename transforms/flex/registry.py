"""What is known of Flex sections and attributes, loaded from registry.toml. No facts in code."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files


class AttributeKind(StrEnum):
    """What an attribute's text means."""

    TEXT = "text"
    ID = "id"
    DATE = "date"
    DATETIME = "datetime"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CURRENCY = "currency"
    CODE_LIST = "code_list"


@dataclass(frozen=True)
class Registry:
    """Sections, the rows they hold, and the kind of each attribute.

    `sections`: section → tags of its rows. `kinds`: attribute → kind. `exceptions`: (section, attribute) →
    kind where it differs. `listed`: section → the attributes known to occur there.
    """

    sections: dict[str, tuple[str, ...]]
    kinds: dict[str, AttributeKind]
    exceptions: dict[tuple[str, str], AttributeKind]
    listed: dict[str, tuple[str, ...]]

    @property
    def known_sections(self) -> frozenset[str]:
        """The containers' tags that are known."""
        return frozenset(self.sections)

    def kind(self, section: str, attribute: str) -> AttributeKind | None:
        """What the attribute's text means in that section; None where the attribute is not known at all."""
        return self.exceptions.get((section, attribute), self.kinds.get(attribute))

    def attributes(self, section: str) -> tuple[str, ...]:
        """The attributes known to occur in a section, sorted; empty for an unknown section."""
        return self.listed.get(section, ())


@cache
def load_registry() -> Registry:
    """The registry that lies beside this module."""
    data = tomllib.loads(files(__package__).joinpath("registry.toml").read_text(encoding="utf-8"))
    kinds = {name: AttributeKind(kind) for kind, names in data["kinds"].items() for name in names.split()}
    sections = {name: tuple(entry["rows"].split()) for name, entry in data["sections"].items()}
    listed = {name: tuple(sorted(entry["attributes"].split())) for name, entry in data["sections"].items()}
    exceptions = {
        (section, attribute): AttributeKind(kind)
        for section, entry in data["sections"].items()
        for kind, names in entry.get("exceptions", {}).items()
        for attribute in names.split()
    }
    return Registry(sections, kinds, exceptions, listed)
