"""Many copies of simulated accounts in one run of the pipeline, each with one change in its document; what became of
each: what the pipeline says about it, and which figures of the marts differ from the untouched copy's."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from tests.support.books import build_marts
from tests.support.mutations import Mutation
from transforms.broker_simulator import Simulation

QUARANTINED, REFUSED, BROKEN, FOUND, WITHHELD, HARMLESS, SILENT = VERDICTS = (
    "quarantined", "refused in part", "broken", "found", "withheld", "harmless", "silent",
)  # fmt: skip
SHARED = frozenset({"ConversionRates"})
"""Sections whose rows belong to no account: a copy with a change in them tells of years of its own."""
_CONID = re.compile(r'(conid|underlyingConid)="(\d+)"', re.IGNORECASE)
_APART = 10**12
_SAID_ELSEWHERE = {
    "reconciliation", "reconciliation_row", "data_health", "document", "document_section", "coverage", "coverage_gap",
    "build_info", "column_lineage", "restatement",
}  # fmt: skip
_FIGURE_TYPES = ("DECIMAL", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN", "INTEGER", "BIGINT")
_FIGURE_WORDS = {
    "currency",
    "commission_currency",
    "base_currency",
    "side",
    "asset_class",
    "category",
    "instrument_key",
}
_NO_FIGURES = {"row_ordinal", "conid", "underlying_conid"}
_ABOUT_CHECKS = "reconciliation_"


@dataclass(frozen=True)
class Base:
    """An account and the days that one document tells of it; the sections to change (none named: all)."""

    account: str
    start: date
    end: date
    generated: datetime
    sections: frozenset[str] = frozenset()

    def lines(self, life: Simulation) -> list[str]:
        """The untouched document."""
        return list(life.document([self.account], self.start, self.end, self.generated).lines())


@dataclass(frozen=True)
class Copy:
    """One account of the run: its base, its number, the years it is moved by, its document and what was changed."""

    base: Base
    number: int
    years: int
    content: bytes
    mutation: Mutation | None

    @property
    def account(self) -> str:
        """No other copy's account differs in one character only."""
        return f"U{self.number:03d}{self.number:03d}"

    @property
    def file_name(self) -> str:
        return f"{self.account}.xml"


def copy_lines(base: Base, lines: Iterable[str], number: int, years: int = 0) -> list[str]:
    """The document of another account with instruments of its own, told of years with the same weekdays."""
    own = Copy(base, number, years, b"", None).account
    moved = []
    for line in lines:
        line = line.replace(base.account, own)
        line = _CONID.sub(lambda cell: f'{cell[1]}="{int(cell[2]) + number * _APART}"', line)
        if years:
            line = re.sub(r'(?<=")(20\d\d)(?=\d{4}[;"])', lambda year: str(int(year[1]) + years), line)
        moved.append(line)
    return moved


@dataclass(frozen=True)
class Outcome:
    """What became of a copy: a verdict, the checks and findings that speak of it, mart columns that differ."""

    copy: Copy
    verdict: str
    checks: frozenset[tuple[str, str]] = frozenset()
    findings: frozenset[str] = frozenset()
    differing: Mapping[str, str] = field(default_factory=dict)


class FuzzedBooks:
    """The marts of one run over all copies. The first copy of each base and number of years is the untouched one."""

    def __init__(self, copies: Sequence[Copy], folder: Path) -> None:
        self._copies = copies
        self.warehouse = build_marts([(copy.file_name, copy.content) for copy in copies], folder)
        self._by_account = {copy.account: copy for copy in copies}
        self._connection = duckdb.connect(str(self.warehouse), read_only=True)
        self._connection.execute("set schema = 'marts'")
        self._connection.execute(
            "create temp table copies (account_id varchar, number bigint, years integer)"
        )
        rows = [(copy.account, copy.number, copy.years) for copy in copies]
        self._connection.executemany("insert into copies values (?, ?, ?)", rows)

    def outcomes(self) -> list[Outcome]:
        """One for each changed copy."""
        return [self._judge(copy) for copy in self._copies if copy.mutation is not None]

    def untouched(self, copy: Copy) -> Copy:
        """The copy of the same base that nothing was changed in."""
        return next(c for c in self._copies if c.base == copy.base and c.mutation is None)

    def _judge(self, copy: Copy) -> Outcome:
        if self._status[copy.file_name] != "loaded":
            return Outcome(copy, QUARANTINED)
        told, usual = self._said.get(copy.account, _NOTHING), self._said[self.untouched(copy).account]
        broken = frozenset(told.broken - usual.broken)
        unread = frozenset(told.unread - usual.unread)
        found = frozenset(told.found - usual.found)
        differing = self._differing(copy)
        if broken:
            verdict = BROKEN
        elif unread:
            verdict = REFUSED
        elif found:
            verdict = FOUND
        elif not differing:
            verdict = HARMLESS
        elif all(example.endswith("→ NULL") for example in differing.values()):
            verdict = WITHHELD
        else:
            verdict = SILENT
        return Outcome(copy, verdict, broken, unread | found, differing)

    @cached_property
    def _status(self) -> dict[str, str]:
        return dict(self._query("select file_name, status from document"))

    @cached_property
    def _said(self) -> dict[str, "_Said"]:
        """By account: breaks, unread cells, findings; those of a document count for the account that it tells of."""
        said: dict[str, _Said] = {copy.account: _Said() for copy in self._copies}
        names = {
            doc: Path(name).stem for doc, name in self._query("select document_id, file_name from document")
        }
        sql = "select account_id, check_name, section from reconciliation where status = 'broken'"
        for account, check, section in self._query(sql):
            if account in said:
                said[account].broken.add((check, section))
        sql = "select account_id, document_id, check_name, section, subject from data_health"
        for account, document, check, section, subject in self._query(sql):
            owner = account if document is None else names[document]
            if owner in said and check != "withheld_metric":
                entry = f"{check} {section} {self._plain(owner, subject)}"
                (said[owner].found if document is None else said[owner].unread).add(entry)
        return said

    def _plain(self, account: str, text: str) -> str:
        """The text as the base itself would say it."""
        copy = self._by_account[account]
        text = (text or "").replace(account, copy.base.account)
        return re.sub(r"\b(\d{4})(?=-\d\d-\d\d)", lambda year: str(int(year[1]) - copy.years), text)

    def _differing(self, copy: Copy) -> dict[str, str]:
        """mart.column → an example, for each column of the marts that differs from the untouched account's."""
        found: dict[str, str] = {}
        usual = self.untouched(copy)
        for mart, columns in self._marts.items():
            sums = self._sums[mart]
            if sums.get(copy.account) != sums.get(usual.account):
                own, other = (
                    Counter(self._figures(mart, account)) for account in (copy.account, usual.account)
                )
                gone, new = list((other - own).elements()), list((own - other).elements())
                found |= _differences(mart, columns, gone, new)
        return found

    @cached_property
    def _marts(self) -> dict[str, dict[str, str]]:
        """The figures' columns of each mart that has accounts, with their types."""
        columns: dict[str, dict[str, str]] = {}
        with_account = set()
        sql = """
            select table_name, column_name, data_type from information_schema.columns
            where table_schema = 'marts' order by table_name, ordinal_position
        """
        for mart, column, kind in self._query(sql):
            if mart in _SAID_ELSEWHERE:
                continue
            if column == "account_id":
                with_account.add(mart)
            elif column in _FIGURE_WORDS or (kind.startswith(_FIGURE_TYPES) and not _is_beside(column)):
                columns.setdefault(mart, {})[column] = kind
        return {mart: names for mart, names in columns.items() if mart in with_account}

    @cached_property
    def _sums(self) -> dict[str, dict[str, int]]:
        """By mart and account: one number of all its figures."""
        return {
            mart: dict(
                self._query(
                    f"select account_id, sum(cast(hash({self._as_base(columns)}) as hugeint)) "
                    f"from {mart} inner join copies using (account_id) group by account_id"
                )
            )
            for mart, columns in self._marts.items()
        }

    def _figures(self, mart: str, account: str) -> list[tuple[Any, ...]]:
        """The rows of an account in a mart."""
        sql = f"select {self._as_base(self._marts[mart])} from {mart} inner join copies using (account_id)"
        return self._query(f"{sql} where account_id = '{account}'")

    def _as_base(self, columns: Mapping[str, str]) -> str:
        """The figures as the base itself would tell them: its years and instruments, ratios but for their last bits."""
        told = []
        for name, kind in columns.items():
            if name == "instrument_key":
                told.append(
                    f"coalesce(cast(try_cast({name} as bigint) - number * {_APART} as varchar), {name})"
                )
            elif kind == "DATE" or kind.startswith("TIMESTAMP"):
                told.append(f'cast("{name}" as timestamp) - to_years(years)')
            else:
                told.append(f'round("{name}", 9)' if kind == "DOUBLE" else f'"{name}"')
        return ", ".join(told)

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()


def _is_beside(column: str) -> bool:
    """Numbers that are no figures of the books: where a row stands, how many checks there are."""
    return column in _NO_FIGURES or column.startswith(_ABOUT_CHECKS)


@dataclass
class _Said:
    broken: set[tuple[str, str]] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    found: set[str] = field(default_factory=set)


_NOTHING = _Said()


def _differences(
    mart: str, columns: Iterable[str], gone: list[tuple[Any, ...]], new: list[tuple[Any, ...]]
) -> dict[str, str]:
    """The columns in which rows differ, each row held against the one of the other side that is most alike."""
    found: dict[str, str] = {}
    if not gone or not new:
        what = "row(s) gone" if gone else "row(s) more"
        return {f"{mart}": f"{len(gone or new)} {what}, such as {(gone or new)[0]}"}
    for row in new[:50]:
        alike = max(gone[:200], key=lambda other: sum(a == b for a, b in zip(row, other, strict=True)))
        for column, now, was in zip(columns, row, alike, strict=True):
            if now != was:
                found.setdefault(f"{mart}.{column}", f"{was} → {'NULL' if now is None else now}")
    return found
