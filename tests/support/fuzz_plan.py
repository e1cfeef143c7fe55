"""Which accounts, which changes, how many: the copies of one run over fuzzed documents, and what judges them."""

import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

from tests.support.fuzzed_books import BROKEN, SHARED, Base, Copy, Outcome, copy_lines
from tests.support.mutations import KINDS, Mutation, Mutator
from transforms.broker_simulator import Simulation

JUDGED_BY: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("fuzzing.toml").read_text(encoding="utf-8")
)
QUARTER = Base("U1000001", date(2023, 1, 1), date(2023, 3, 31), datetime(2023, 4, 3, 4))
SPRING = Base(
    "U2000002",
    date(2023, 1, 1),
    date(2023, 5, 31),
    datetime(2023, 6, 3, 4),
    frozenset({"Transfers", "Trades"}),
)
AUTUMN = Base(
    "U1000001", date(2023, 1, 1), date(2023, 10, 31), datetime(2023, 11, 3, 4),
    frozenset({"CorporateActions", "OptionEAE", "CashTransactions"}),
)  # fmt: skip
OTHER_YEARS = (-6, 11)
"""Years whose days and clock changes fall on the same days: each can hold one change of what no account owns."""


@dataclass(frozen=True)
class ToldOnce:
    """An attribute that nothing can check: its row's tag and level, its name, on rows with which cell, and why.

    `example`: a cell of rows that show it.
    """

    row: str
    attribute: str
    having: str
    example: str
    reason: str

    def holds(self, mutation: Mutation) -> bool:
        """Whether the change hit this attribute."""
        told = not self.having or self.having in {f"{name}={value}" for name, value in mutation.cells}
        return told and (mutation.element, mutation.attribute) == (self.row, self.attribute)


def told_once() -> list[ToldOnce]:
    """All of them."""
    return [
        ToldOnce(entry["row"], attribute, entry.get("of", ""), entry.get("example", ""), entry["reason"])
        for entry in JUDGED_BY["told_once"]
        for attribute in entry["attributes"]
    ]


def is_told_once(mutation: Mutation) -> bool:
    """Whether nothing could see this change."""
    return any(entry.holds(mutation) for entry in told_once())


def is_seen_rightly(outcome: Outcome) -> bool:
    """Whether a broken outcome has a break that stands in the changed section or on it."""
    mutation = outcome.copy.mutation
    if outcome.verdict != BROKEN or mutation is None:
        return True
    able = tuple(JUDGED_BY["sees"].get(mutation.section, ()))
    return any(section == mutation.section or check.startswith(able) for check, section in outcome.checks)


class Plan:
    """Copies of accounts with one change each; the numbers of accounts and all chance follow from the seed."""

    def __init__(self, life: Simulation, seed: int) -> None:
        self._life = life
        self._random = Random(seed)
        self._lines: dict[Base, list[str]] = {}
        self.copies: list[Copy] = []

    def add(self, base: Base, count: int, kinds: Sequence[str] = KINDS) -> None:
        """This many changes of a base, in turn of each kind."""
        self._add_untouched(base)
        able = base.sections
        for turn in range(count):
            mutator = self._mutator(base, 0, lambda s: s not in SHARED and (not able or s in able))
            self._append(base, 0, *mutator.mutate(kinds[turn % len(kinds)]))

    def add_shared(self, base: Base, kinds: Sequence[str]) -> None:
        """One change of a section without accounts for each of the other years, so that none meets another."""
        self._add_untouched(base)
        for years, kind in zip(OTHER_YEARS, kinds, strict=False):
            self._append(base, years, *self._mutator(base, years, SHARED.__contains__).mutate(kind))

    def add_told_once(self, *bases: Base) -> None:
        """Each attribute that nothing can check, in the first of the bases that tells it."""
        for base in bases:
            self._add_untouched(base)
        for entry in told_once():
            self._append(*self._change_of(entry, bases))

    def _change_of(self, entry: ToldOnce, bases: Sequence[Base]) -> tuple[Base, int, Mutation, bytes]:
        for base in bases:
            with suppress(LookupError):
                mutator = self._mutator(base, 0, lambda _: True)
                return base, 0, *mutator.at(entry.row, entry.attribute, entry.having or entry.example)
        raise LookupError(f"no account tells {entry.row} {entry.attribute}")

    def _add_untouched(self, base: Base) -> None:
        if base not in self._lines:
            self._lines[base] = base.lines(self._life)
            lines = copy_lines(base, self._lines[base], self._next)
            self.copies.append(
                Copy(base, self._next, 0, "".join(f"{line}\n" for line in lines).encode(), None)
            )

    @property
    def _next(self) -> int:
        return len(self.copies) + 1

    def _mutator(self, base: Base, years: int, sections: Any) -> Mutator:
        return Mutator(copy_lines(base, self._lines[base], self._next, years), self._random, sections)

    def _append(self, base: Base, years: int, mutation: Mutation, content: bytes) -> None:
        self.copies.append(Copy(base, self._next, years, content, mutation))
