"""What a Flex query's CSV calls the sections and attributes of the XML, from csv_columns.toml. No records here."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from transforms.flex.registry import load_registry


@dataclass(frozen=True)
class CsvSection:
    """One section: its XML name, what its headers mean, the tag of its rows, and what EOS adds up.

    `headers`: folded header -> attribute. `elements`: level of detail -> tag, `element` for the others.
    `checksum`, `amounts`: folded headers of which EOS surely, or maybe, sums one. `base_level`: the level whose
    currency is BASE_SUMMARY.
    """

    name: str
    element: str
    known: bool
    headers: Mapping[str, str] = field(default_factory=dict)
    elements: Mapping[str, str] = field(default_factory=dict)
    checksum: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    base_level: str | None = None

    def attributes(self, headers: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """A name per column, and those of them that are unknown.

        A known header gives its attribute; an unknown one, or a second one of the same attribute, keeps its own
        text; a blank one is named by its place.
        """
        names: list[str] = []
        unknown: list[str] = []
        for number, header in enumerate(headers, 1):
            attribute = self.headers.get(fold(header))
            if attribute is None or attribute in names:
                attribute = header.strip() or f"(column {number})"
                while attribute in names:
                    attribute = f"{attribute} ({number})"
                unknown.append(attribute)
            names.append(attribute)
        return tuple(names), tuple(unknown)


@dataclass(frozen=True)
class CsvColumns:
    """All sections by XML name, by code, by folded label, and the headers that any of them has."""

    sections: Mapping[str, CsvSection]
    codes: Mapping[str, str]
    labels: Mapping[str, str]
    signatures: tuple[tuple[str, frozenset[str], str | None], ...]
    known_headers: frozenset[str]

    def by_code(self, code: str, label: str) -> CsvSection:
        """The section that a code and a label name; an unknown one takes its label, else its code, as its name."""
        stem = label.partition(";")[0].strip()
        name = self.codes.get(code.strip().upper())
        for text in (stem, code):
            name = name or self.labels.get(fold(text)) or None
        return self.sections[name] if name else _unknown(stem or code.strip() or "(no name)")

    def by_headers(self, headers: Sequence[str]) -> CsvSection | None:
        """The section that columns show; None where they show none that is known."""
        folded = {fold(header) for header in headers}
        for name, signature, lacks in self.signatures:
            if signature <= folded and lacks not in folded:
                return self.sections[name]
        return None

    def is_header(self, cells: Sequence[str]) -> bool:
        """Whether a record is a row of headers: no cell is blank, and most are headers of some section."""
        if not all(cell.strip() for cell in cells):
            return False
        return 2 * sum(fold(cell) in self.known_headers for cell in cells) > len(cells)


def fold(text: str) -> str:
    """A header or label without case and without what is not a letter or digit."""
    return "".join(c for c in text if c.isalnum()).lower()


@cache
def load_csv_columns() -> CsvColumns:
    """The facts that lie beside this module, joined with the registry's sections and attributes."""
    data = tomllib.loads(files(__package__).joinpath("csv_columns.toml").read_text(encoding="utf-8"))
    own = {entry["name"]: entry for entry in data["sections"]}
    sections = {name: _section(name, own.get(name, {}), data) for name in load_registry().sections}
    labels = {fold(name): name for name in sections}
    labels |= {fold(label): name for label, name in data["labels"].items()}
    known = {header for section in sections.values() for header in section.headers}
    return CsvColumns(
        sections=sections,
        codes=data["codes"],
        labels=labels,
        signatures=tuple(
            (
                entry["name"],
                frozenset(fold(header) for header in text.split()),
                fold(entry["lacks"]) if "lacks" in entry else None,
            )
            for entry in data["sections"]
            for text in entry.get("signatures", ())
        ),
        known_headers=frozenset(known),
    )


def _section(name: str, own: Mapping[str, Any], data: Mapping[str, Any]) -> CsvSection:
    registry = load_registry()
    listed = registry.attributes(name)
    # Of attributes that differ in case alone (tradePrice, TradePrice) the usual one; the section's before others'.
    ordered = sorted({*registry.kinds, *listed}, key=lambda a: (a not in listed, a[0].isupper(), a))
    headers = {fold(attribute): attribute for attribute in reversed(ordered)}
    for header, attribute in data["headers"].items():
        if attribute in listed:
            headers[fold(header)] = attribute
    for header, attribute in list(headers.items()):
        for long, short in data["endings"].items():
            if attribute + short in listed or attribute + short in registry.kinds:
                headers[header + fold(long)] = attribute + short
    headers |= {fold(header): attribute for header, attribute in own.get("headers", {}).items()}
    tags = registry.sections[name]
    return CsvSection(
        name=name,
        element=tags[0] if tags else name,
        known=True,
        headers=headers,
        elements=own.get("elements", {}),
        checksum=tuple(fold(header) for header in own.get("checksum", ())),
        amounts=tuple(fold(header) for header in own.get("amounts", ())),
        base_level=own.get("base_level"),
    )


def _unknown(name: str) -> CsvSection:
    return CsvSection(name=name, element=name, known=False)
