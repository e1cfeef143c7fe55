"""The tables of the guide to the Flex query, as Markdown: sections, options and fields to tick. From data alone."""

from __future__ import annotations

from transforms.probe.needs import attributes_read
from transforms.probe.sections import WantedSection, wanted_sections

_HEADINGS = {
    "always": "For every account",
    "books": "So that every figure can be held against the broker's",
    "business": "If the account has such business",
    "confirmations": "In a Trade Confirmation Flex Query of its own",
}


def sections_table() -> str:
    """The sections by how much they are needed, with the options to choose and what is missing without them."""
    parts = []
    for need, heading in _HEADINGS.items():
        rows = [_section_row(section) for section in wanted_sections().values() if section.need == need]
        head = ["| section in the portal | in the document | options | without it |", "|---|---|---|---|"]
        parts.append("\n".join([f"**{heading}**", "", *head, *rows]))
    return "\n\n".join(parts)


def fields_table() -> str:
    """By section the fields that are read, by the names of their attributes in the document."""
    rows = [
        f"| {section.portal} | {', '.join(f'`{name}`' for name in attributes_read(section.tag))} |"
        for section in wanted_sections().values()
    ]
    return "\n".join(["| section in the portal | fields that are read |", "|---|---|", *rows])


def _section_row(section: WantedSection) -> str:
    return f"| {section.portal} | {section.tag} | {section.options} | {section.without} |"
