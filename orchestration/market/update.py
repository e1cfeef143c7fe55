"""A dataset brought up to date: each series asked for from its last stored sessions on, merged, stored by year.

One series that fails leaves the others and what is stored as they are. What is asked for and how: plan.py, vendors/.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from time import monotonic
from types import MappingProxyType
from typing import Final

import polars as pl

from orchestration.market.context import context_of
from orchestration.market.outcome import DatasetOutcome, SeriesOutcome, Span
from orchestration.market.plan import Wanted
from orchestration.market.progress import Tell, nobody
from orchestration.market.stored import Stored, first_stored, resume
from orchestration.resources.market_lake import MarketLake
from orchestration.resources.market_lake.stores import LostRaceError
from orchestration.resources.market_lake.tables import by_year
from orchestration.resources.vendors import Received, VendorClient
from transforms.market.checks import FINDINGS, run_checks
from transforms.market.judge import Judged, judge
from transforms.market.merge import RESTATED
from transforms.market.series import Ask, Series
from transforms.market.vendors.contract import Reach, Vendor, VendorError
from transforms.schemas.market import BARS, CORPORATE_ACTION, OBSERVATIONS

MANY_ROWS: Final = 500_000
LONG: Final = 300.0
"""What came is stored when it is that many rows, or when that many seconds were asked for: the next day of thousands of
series writes their year once, and who is killed in a first pull of many hours has lost minutes."""
_RACES: Final = 20
NEVER: Final = "Check the symbol, or name what the vendor calls it in market.toml"

log = logging.getLogger("tieout")


def bring_in(
    wanted: Wanted,
    client: VendorClient,
    lake: MarketLake,
    now: datetime,
    span: Span | None = None,
    since: Mapping[str, date] = MappingProxyType({}),
    tell: Tell = nobody,
) -> DatasetOutcome:
    """Ask for what is missing of a dataset and store it. `now` is UTC; `tell` hears of each series that is asked for.

    Without `span` each series is asked for from ten of its stored sessions before the end, or from the first day that
    is wanted where nothing is stored, or where that day was moved back: `since` has by symbol the day from which on it
    was asked for. With a span, for that span. A series whose history was restated is asked for again as a whole.
    """
    work = _Work(wanted, client, lake, now, since, tell)
    work.take(work.asks(span), whole=False)
    again = work.to_refetch()
    if again:
        work.take(work.whole(again), whole=True)
    if span is None:
        work.say_what_never_came()
        work.note_since()
    return work.outcome()


class _Work:
    """One dataset in one run."""

    def __init__(
        self,
        wanted: Wanted,
        client: VendorClient,
        lake: MarketLake,
        now: datetime,
        since: Mapping[str, date],
        tell: Tell,
    ) -> None:
        self._wanted, self._client, self._lake, self._now, self._tell = wanted, client, lake, now, tell
        self._vendor: Vendor = client.vendor
        self._dataset = wanted.dataset
        self._by_id = {one.instrument_id: one for one in wanted.series}
        self._outcomes = {
            one.symbol: SeriesOutcome(one.symbol, one.provider_symbol, since=since.get(one.symbol))
            for one in wanted.series
        }
        self._refetch: list[Series] = []
        self._stored: dict[str, Stored] = {}
        self._years: set[int] = set()
        self._restated = [RESTATED.to_frame()]
        self._findings = [FINDINGS.to_frame()]

    def asks(self, span: Span | None) -> list[Ask]:
        """What to ask, in the order of the series."""
        last = self._end()
        if span is not None:
            return self._asked(self._wanted.series, max(span[0], self._wanted.first), min(span[1], last))
        self._stored = resume(self._wanted, self._lake)
        first = self._wanted.first
        begin = {
            one: first if stored is None or self._was_moved_back(one) else stored.tenth
            for one, stored in ((one, self._stored.get(one.instrument_id)) for one in self._wanted.series)
        }
        return [
            ask
            for day, series in _grouped(begin, self._vendor.many_series)
            for ask in self._asked(series, day, last)
        ]

    def _was_moved_back(self, one: Series) -> bool:
        """Whether the first day that is wanted lies before all that was ever asked of a series."""
        since = self._outcomes[one.symbol].since
        return since is not None and self._wanted.first < since

    def whole(self, series: Sequence[Series]) -> list[Ask]:
        """The whole history of some series."""
        return self._asked(series, first_stored(series, self._wanted, self._lake), self._end())

    def take(self, asks: Sequence[Ask], whole: bool) -> None:
        """Ask, and store what came: all at once, or in parts where it is much or takes long."""
        came, begun = _Came(), monotonic()
        for ask in asks:
            for rows, told in self._answered(ask, None if whole else self._known_to(ask)):
                came.take(rows, told)
            if came.rows >= MANY_ROWS or monotonic() - begun >= LONG:
                self._store(came, whole)
                came, begun = _Came(), monotonic()
        self._store(came, whole)

    def _store(self, came: _Came, whole: bool) -> None:
        # the actions first: who is killed between the two has no bars yet, and so asks for both again
        self._fold_actions([told for told in came.actions if told.height])
        if came.rows:
            self._note(self._fold(pl.concat(came.frames), whole), whole)

    def to_refetch(self) -> list[Series]:
        """The series whose history the last merge found restated; told once."""
        again, self._refetch = self._refetch, []
        return again

    def say_what_never_came(self) -> None:
        """A vendor that has nothing of a symbol answers without an error. Here it is one: of each series something was
        asked for that is there, or that is stored.
        """
        for one in self._wanted.series:
            known, stored = self._outcomes[one.symbol], self._stored.get(one.instrument_id)
            if known.problem or known.changed or known.unchanged or known.left_out:
                continue
            said = f"{self._vendor.title} told nothing of {one.provider_symbol} since"
            if stored is None:
                problem = f"{said} {self._wanted.first}. {NEVER}"
            else:
                problem = (
                    f"{said} {stored.tenth}, although sessions up to {stored.last} are stored. Nothing was changed; "
                    f"look whether it still has it, and check {self._vendor.base_url_setting} if you set it"
                )
            self._outcomes[one.symbol] = replace(known, problem=problem)

    def note_since(self) -> None:
        """Say of each series from which day on it was asked for by now: an answer that failed reaches no day."""
        for one in self._wanted.series:
            known = self._outcomes[one.symbol]
            if known.asked is None or known.problem is not None:
                continue
            first = known.asked[0]
            if known.since is not None:
                first = min(first, known.since)
            elif one.instrument_id in self._stored and first > self._wanted.first:
                continue
            self._outcomes[one.symbol] = replace(known, since=first)

    def outcome(self) -> DatasetOutcome:
        """What became of it all."""
        return DatasetOutcome(
            self._dataset,
            tuple(self._outcomes.values()),
            tuple(sorted(self._years)),
            pl.concat(self._restated),
            pl.concat([pl.concat(self._findings).filter(~self._mended()), self._warnings()]),
        )

    def _mended(self) -> pl.Expr:
        """A restated history that was fetched anew in this run is no finding any more: the outcome says it."""
        anew = [one.symbol for one in self._outcomes.values() if one.refetched and one.problem is None]
        return (pl.col("check_name") == "restated_overlap") & pl.col("symbol").is_in(anew)

    def _warnings(self) -> pl.DataFrame:
        """What the checks say of the rows that are stored: of the years that were written, and of the last two.

        Series that are no longer wanted stay stored, and nobody looks after them.
        """
        years = {*self._years, *self._lake.years("clean", self._dataset)[-2:]}
        rows = self._lake.read("clean", self._dataset, years=years)
        rows = rows.filter(pl.col("instrument_id").is_in(list(self._by_id)))
        return run_checks(rows, context_of(self._wanted, self._lake, self._now, years), "warning")

    def _end(self) -> date:
        """Tomorrow: what a vendor tells of a day that has not begun is asked for too, so that the checks see it."""
        return self._now.date() + timedelta(days=1)

    def _asked(self, series: Sequence[Series], first: date, last: date) -> list[Ask]:
        """Asks that are as wide as the vendor takes them; none for a span without a day."""
        groups = [tuple(series)] if self._vendor.many_series else [(one,) for one in series]
        return [Ask(group, first, last, self._now) for group in groups if group and first <= last]

    def _known_to(self, ask: Ask) -> date | None:
        """The last session that is stored of all series of an ask; none if one of them has none."""
        known = [self._stored.get(one.instrument_id) for one in ask.series]
        return None if None in known else min(one.last for one in known if one)

    def _answered(self, ask: Ask, known_to: date | None) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
        """The rows and actions of an ask; none when it failed, which its series then say."""
        for one in ask.series:
            known = self._outcomes[one.symbol]
            span = (min(known.asked[0], ask.first), max(known.asked[1], ask.last)) if known.asked else None
            self._outcomes[one.symbol] = replace(known, asked=span or (ask.first, ask.last))
            self._tell(self._dataset, one.symbol, "asking", {})
        try:
            pages = list(self._client.pages(ask, known_to))
        except VendorError as error:
            for one in ask.series:
                self._outcomes[one.symbol] = replace(self._outcomes[one.symbol], problem=str(error))
                self._tell(self._dataset, one.symbol, "failed", {"problem": str(error)})
            if error.reach is Reach.SERIES:
                log.warning("%s: %s", self._dataset, error)
            return []
        for one in ask.series:
            self._tell(self._dataset, one.symbol, "answered", {})
        units = {symbol: unit for each in pages for symbol, unit in each.page.units.items()}
        told = replace(ask, series=tuple(self._with_unit(one, units) for one in ask.series))
        return [(self._rows(page, told), self._actions(page, told)) for page in pages]

    def _with_unit(self, one: Series, told: Mapping[str, str]) -> Series:
        """A series with the unit that came; with the stored one where the vendor tells it apart and was not asked."""
        stored = self._stored.get(one.instrument_id)
        return replace(one, unit=told.get(one.provider_symbol) or (stored.unit if stored else None))

    def _rows(self, received: Received, ask: Ask) -> pl.DataFrame:
        """A page's rows as those of the dataset."""
        contract = BARS if self._dataset.kind == "bars" else OBSERVATIONS
        named = received.page.rows.join(self._constants(ask), on="provider_symbol", how="inner")
        return named.with_columns(*_told_by(received)).select(
            pl.col(name).cast(dtype) for name, dtype in contract.polars_schema.items()
        )

    def _actions(self, received: Received, ask: Ask) -> pl.DataFrame:
        actions = received.page.actions
        if actions is None:
            return CORPORATE_ACTION.empty()
        constants = self._constants(ask).select("provider_symbol", "instrument_id", "symbol", "provider")
        return (
            actions.join(constants, on="provider_symbol", how="inner")
            .with_columns(*_told_by(received))
            .select(CORPORATE_ACTION.columns)
        )

    def _constants(self, ask: Ask) -> pl.DataFrame:
        """What is the same in all rows of a series."""
        return pl.DataFrame(
            [
                (
                    one.provider_symbol, one.instrument_id, one.symbol, one.venue, one.currency, one.unit,
                    one.volume_unit, self._dataset.frequency, self._dataset.provider, self._vendor.adjustment,
                )
                for one in ask.series
            ],
            schema=dict.fromkeys(_CONSTANTS, pl.String),
            orient="row",
        )  # fmt: skip

    def _fold(self, new: pl.DataFrame, whole: bool) -> Judged:
        """Merge new rows into their partitions, the oldest first: the newest, which shows a restatement, comes last."""
        for attempt in range(1, _RACES + 1):
            try:
                return self._fold_once(new, whole)
            except LostRaceError:
                if attempt == _RACES:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _fold_once(self, new: pl.DataFrame, whole: bool) -> Judged:
        dataset, lake = self._dataset, self._lake
        years = set(by_year(dataset.kind, new)) | (set(lake.years("clean", dataset)) if whole else set())
        with ExitStack() as stack:
            partitions = {
                year: stack.enter_context(lake.writing("clean", dataset, year)) for year in sorted(years)
            }
            stored = pl.concat(partition.stored for partition in partitions.values())
            judged = judge(
                stored, new, context_of(self._wanted, lake, self._now, years), whole=whole, warn=False
            )
            parts = by_year(dataset.kind, judged.merged.frame)
            for year, partition in partitions.items():
                if partition.replace(parts.get(year, stored.clear())):
                    self._years.add(year)
        return judged

    def _fold_actions(self, told: list[pl.DataFrame]) -> None:
        if not told:
            return
        dataset = replace(self._dataset, kind="actions")
        for year, rows in by_year("actions", pl.concat(told)).items():
            self._lake.update("clean", dataset, year, lambda stored, rows=rows: _newest(stored, rows))  # type: ignore[misc]

    def _note(self, judged: Judged, whole: bool) -> None:
        """What became of each series that came."""
        for row in judged.merged.series.iter_rows(named=True):
            one = self._by_id[row["instrument_id"]]
            known = self._outcomes[one.symbol]
            if row["refetch"] and not whole:
                self._refetch.append(one)
                continue
            self._outcomes[one.symbol] = replace(
                known,
                added=known.added + row["added"],
                completed=known.completed + row["completed"],
                unchanged=known.unchanged + row["unchanged"],
                restated=known.restated + row["restated"],
                left_out=known.left_out + row["left_out"],
                withdrawn=known.withdrawn + (row["withdrawn"] if whole else 0),
                refetched=known.refetched or whole,
                problem=row["refused"] or known.problem,
            )
        self._restated.append(judged.merged.restated)
        self._findings.append(judged.failed)


@dataclass
class _Came:
    """What answers told and is not stored yet."""

    frames: list[pl.DataFrame] = field(default_factory=list)
    actions: list[pl.DataFrame] = field(default_factory=list)
    rows: int = 0

    def take(self, rows: pl.DataFrame, actions: pl.DataFrame) -> None:
        """Of one page."""
        self.frames.append(rows)
        self.actions.append(actions)
        self.rows += rows.height


_CONSTANTS: Final = (
    "provider_symbol", "instrument_id", "symbol", "venue", "currency", "unit",
    "volume_unit", "frequency", "provider", "adjustment",
)  # fmt: skip


def _told_by(received: Received) -> tuple[pl.Expr, pl.Expr]:
    return (
        pl.lit(received.ingested_at).alias("ingested_at"),
        pl.lit(received.document_id).alias("document_id"),
    )


def _grouped(begin: Mapping[Series, date], together: bool) -> Iterator[tuple[date, tuple[Series, ...]]]:
    """Series with the day to ask from: each alone, or those of one day together."""
    if not together:
        yield from ((day, (one,)) for one, day in begin.items())
        return
    for day in sorted(set(begin.values())):
        yield day, tuple(one for one in begin if begin[one] == day)


def _newest(stored: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Actions by their key, the one that was told last; one that is told again as it was stays as it is."""
    key = list(CORPORATE_ACTION.key)
    values = [*key, "ratio", "amount", "currency"]
    new = told.join(stored, on=values, how="anti", nulls_equal=True)
    both = pl.concat([stored, new]) if new.height else stored
    return both.unique(key, keep="last", maintain_order=True)
