"""The rows of a statement read back from its XML lines, for the writers of other formats. Nothing is made here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from xml.sax.saxutils import unescape

from transforms.broker_simulator.ledger import Ledger

_TAG = re.compile(r"<(/?)(\w+)").match
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"').findall
_OUTER = "FlexStatement"
# elements that are a row themselves, without a container
_ALONE = ("AccountInformation", "ChangeInNAV")


class Source(Protocol):
    """What one statement tells: the books as known, and the calendar days [start, end]."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def start(self) -> date: ...
    @property
    def end(self) -> date: ...
    @property
    def when_generated(self) -> datetime: ...

    def lines(self) -> Iterator[str]:
        """The statement as XML, one element a line."""


@dataclass(frozen=True)
class ToldRow:
    """A row: the element's tag and its attributes, unescaped, in the order written."""

    tag: str
    values: dict[str, str]


def sections(source: Source) -> Iterator[tuple[str, Iterator[ToldRow]]]:
    """The statement's sections in order; each one's rows must be used up before the next is asked for."""
    lines = iter(source.lines())
    for line in lines:
        found = _TAG(line)
        if found is None or found[1] or found[2] == _OUTER:
            continue
        if found[2] in _ALONE:
            yield found[2], iter((_row(found[2], line),))
        else:
            yield found[2], _rows(lines, found[2])


def _rows(lines: Iterable[str], section: str) -> Iterator[ToldRow]:
    for line in lines:
        found = _TAG(line)
        if found is None or found[1]:
            return
        yield _row(found[2], line)
    raise ValueError(f"{section} does not end")


def _row(tag: str, line: str) -> ToldRow:
    return ToldRow(tag, {name: _plain(value) for name, value in _ATTRIBUTE(line)})


def _plain(value: str) -> str:
    return unescape(value, {"&quot;": '"'}) if "&" in value else value
