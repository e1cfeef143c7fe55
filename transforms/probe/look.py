"""Looking at the raw rows of one Flex document: what each account has, lacks, or has in the wrong format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import polars as pl

from transforms.clean import CLEAN_TABLES, CleanContext
from transforms.flex.registry import AttributeKind, load_registry
from transforms.flex.values import parse_date, parse_datetime, parse_decimal, parse_integer
from transforms.probe.needs import CleanColumn, MartColumn, lost_columns, needs
from transforms.probe.sections import WantedSection, wanted_sections
from transforms.schemas.contract import ContractError

State = Literal["ok", "warning", "problem"]
Published = Mapping[str, Mapping[str, Sequence[CleanColumn]]]

_NAMED = 6
_DATES = (
    "Set the query's date format to yyyyMMdd or yyyy-MM-dd, its time format to HHmmss and the separator to ;."
)
_NUMBERS = "Fetch the query again with the format XML; its numbers have no thousands separators."
_SELECT_ALL = "In the query, open the section and choose Select All."


@dataclass(frozen=True)
class Sight:
    """One thing seen in a document. `subject` names the account and section, `fix` what to do.

    `lost`: published columns that stay empty because of it; `touched`: those that some of their values do not reach.
    """

    state: State
    account_id: str
    section: str
    detail: str
    fix: str = ""
    lost: tuple[MartColumn, ...] = ()
    touched: tuple[MartColumn, ...] = ()


def look(
    frames: Mapping[str, pl.DataFrame], published: Published, timezone: str, confirmations: bool = False
) -> list[Sight]:
    """What is seen per account, in the order of the sections.

    `frames`: by section the raw rows of one document, with `_statements` and `_statement_sections`; `published`: the
    packaged lineage; `confirmations`: the document is of a Trade Confirmation Flex Query.
    """
    statements = frames.get("_statements")
    if statements is None or not statements.height:
        return [
            Sight(
                "problem",
                "",
                "",
                "the document holds no statement",
                "Choose accounts and a period with statements.",
            )
        ]
    found: list[Sight] = []
    for account_id in statements["_account_id"].unique(maintain_order=True):
        own = statements.filter(pl.col("_account_id").eq_missing(account_id))
        found += _Account(str(account_id), own, frames, published, timezone, confirmations).sights()
    return found


class _Cell(NamedTuple):
    """A finding of the clean layer, by the columns of its own table of findings."""

    section: str
    column: str | None
    value: str | None
    problem: str
    severity: str


class _Account:
    """One account of a document."""

    def __init__(
        self,
        account_id: str,
        statements: pl.DataFrame,
        frames: Mapping[str, pl.DataFrame],
        published: Published,
        timezone: str,
        confirmations: bool,
    ) -> None:
        self._id, self._published, self._timezone = account_id, published, timezone
        numbers = statements["_statement"].implode()
        counted = frames.get("_statement_sections")
        if counted is not None:
            counted = (
                counted.filter(pl.col("_statement").is_in(numbers))
                .group_by("section", maintain_order=True)
                .agg(pl.col("rows").sum())
            )
        self._rows: dict[str, int] = dict(counted.iter_rows()) if counted is not None else {}
        self._rows_of = {
            section: frame.filter(pl.col("_statement").is_in(numbers))
            for section, frame in frames.items()
            if "_statement" in frame.columns
        }
        self._frames = {
            section: self._rows_of[section]
            for section, count in self._rows.items()
            if count and section in self._rows_of
        }
        self._wanted = [
            section
            for section in wanted_sections().values()
            if (section.need == "confirmations") == confirmations and section.need != "business"
        ]

    def sights(self) -> list[Sight]:
        found = [*self._missing(), *self._levels(), *self._fields(), *self._rows_read(), *self._cancels()]
        if not any(sight.state != "ok" for sight in found):
            found.append(
                self._sight("ok", "", f"all {len(self._wanted)} sections are there, as the books need them")
            )
        return found

    def _sight(
        self,
        state: State,
        section: str,
        detail: str,
        fix: str = "",
        unserved: frozenset[CleanColumn] = frozenset(),
    ) -> Sight:
        lost, touched = lost_columns(unserved, self._published)
        return Sight(state, self._id, section, detail, fix, tuple(sorted(lost)), tuple(sorted(touched)))

    def _missing(self) -> Iterator[Sight]:
        """Sections that are not ticked, and those that are but say nothing of their fields."""
        for section in self._wanted:
            if section.tag not in self._rows:
                detail = f"the section {section.portal} is not in the document: {section.without}"
                yield self._sight(
                    "warning", section.tag, detail, _tick(section), self._unserved(section.tag, set())
                )
        empty = [s.portal for s in self._wanted if self._rows.get(s.tag) == 0]
        if empty:
            yield self._sight(
                "ok", "", f"without rows, so that their fields cannot be seen: {', '.join(empty)}"
            )

    def _levels(self) -> Iterator[Sight]:
        """Sections whose rows are summaries where the books need the finer ones."""
        for section in self._wanted:
            frame = self._frames.get(section.tag)
            if frame is None or not section.levels or "levelOfDetail" not in frame.columns:
                continue
            there = {level.upper() for level in frame["levelOfDetail"].drop_nulls().unique() if level}
            for level, option in section.levels.items():
                if there and level.upper() not in there:
                    yield self._sight(
                        "warning",
                        section.tag,
                        f"{section.portal} has no rows of the level {level}, only {', '.join(sorted(there))}",
                        f"In the query, tick {option} for {section.portal}.",
                    )

    def _fields(self) -> Iterator[Sight]:
        """Fields that are not ticked and that no other field stands in for."""
        for tag, wanted in wanted_sections().items():
            frame = self._frames.get(tag)
            if frame is None:
                continue
            present = {s.name for s in frame if s.null_count() < s.len()}
            unserved = self._unserved(tag, present)
            lacking = sorted(
                {
                    attribute
                    for need in needs()
                    if (need.table, need.column) in unserved
                    for section, attribute in need.places
                    if section == tag
                }
            )
            if not lacking:
                continue
            named = ", ".join(lacking[:_NAMED]) + (
                f" and {len(lacking) - _NAMED} more" if lacking[_NAMED:] else ""
            )
            yield self._sight("warning", tag, f"{wanted.portal} lacks {named}", _SELECT_ALL, unserved)

    def _unserved(self, tag: str, present: set[str]) -> frozenset[CleanColumn]:
        """The clean columns that would be read from a section's fields, had it more than `present`."""
        other = {
            (section, series.name)
            for section, frame in self._frames.items()
            if section != tag
            for series in frame
            if series.null_count() < series.len()
        }
        there = other | {(tag, attribute) for attribute in present}
        return frozenset(
            (need.table, need.column)
            for need in needs()
            if not need.stood_in and need.home == tag and not there.intersection(need.places)
        )

    def _rows_read(self) -> Iterator[Sight]:
        """What the clean layer itself finds in the rows: cells in a wrong format, rows that it cannot use."""
        found: dict[tuple[str, str], list[_Cell]] = defaultdict(list)
        for name, table in CLEAN_TABLES.items():
            if set(table.inputs).isdisjoint(self._frames):
                continue
            try:
                issues = table.build(self._raw, CleanContext(self._timezone)).issues
            except ContractError as error:
                yield self._sight("problem", "", f"the table {name} cannot be made of these rows: {error}")
                continue
            for section, column, value, problem, severity in issues.select(_Cell._fields).iter_rows():
                found[problem, severity].append(_Cell(section, column, value, problem, severity))
        for (problem, severity), cells in found.items():
            first = cells[0]
            value = f" is {first.value!r}" if first.value is not None else ""
            what = f"{first.column}{value}: " if first.column else ""
            more = (
                f" ({len(cells)} times, in {', '.join(sorted({c.section for c in cells}))})"
                if cells[1:]
                else ""
            )
            state: State = "problem" if severity == "error" else "warning"
            yield self._sight(
                state, first.section, f"{_portal(first.section)}: {what}{problem}{more}", _fix(first)
            )

    def _raw(self, section: str) -> pl.LazyFrame | None:
        frame = self._rows_of.get(section)
        return None if frame is None else frame.lazy()

    def _cancels(self) -> Iterator[Sight]:
        """Cancelled trades whose originals are not in the document."""
        trades = self._frames.get("Trades")
        if trades is None or not {"transactionType", "origTradeID", "tradeID"} <= set(trades.columns):
            return
        cancels = trades.filter(pl.col("transactionType") == "TradeCancel")
        trade_ids = (
            trades.filter(pl.col("transactionType") != "TradeCancel")["tradeID"].drop_nulls().implode()
        )
        alone = cancels.filter(~pl.col("origTradeID").is_in(trade_ids))
        if alone.height:
            yield self._sight(
                "warning",
                "Trades",
                f"{alone.height} cancelled trade(s) without the trade that they cancel: another document must have it",
                "Fetch the period of the original, with Include Canceled Trades set to Yes.",
            )


def _tick(section: WantedSection) -> str:
    options = f", with {section.options}" if section.options else ""
    return f"In the query, tick {section.portal}{options}."


def _portal(section: str) -> str:
    """What the portal calls a section, as far as it is known."""
    wanted = wanted_sections().get(section)
    return wanted.portal if wanted else section


def _fix(cell: _Cell) -> str:
    """How to choose the format of a cell that cannot be read; nothing for one that can."""
    kind = load_registry().kind(cell.section, cell.column) if cell.column else None
    if kind is None or cell.value is None or kind not in _PARSERS:
        return ""
    parse, fix = _PARSERS[kind]
    try:
        parse(cell.value)
    except ValueError:
        return fix
    return ""


_PARSERS: Final[dict[AttributeKind, tuple[Callable[[str], object], str]]] = {
    AttributeKind.DATE: (parse_date, _DATES),
    AttributeKind.DATETIME: (parse_datetime, _DATES),
    AttributeKind.DECIMAL: (parse_decimal, _NUMBERS),
    AttributeKind.INTEGER: (parse_integer, _NUMBERS),
}
