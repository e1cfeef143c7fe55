"""A file of Stooq's that a person downloaded, brought into the lake: kept, read in parts, judged, stored year by year.

The parts come by symbol and the lake is kept by year. So every part is judged against all that is stored of its
symbols, and put aside by year; then each year is written once. A killed import leaves whole years, and the same call
goes on: years that have the file's bars are found as they are.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from orchestration.market.context import context_of, context_of_errors
from orchestration.market.errors import ImportFileError
from orchestration.market.import_names import Names
from orchestration.market.outcome import DatasetOutcome, SeriesOutcome
from orchestration.market.plan import Wanted
from orchestration.market.spool import Spool, spooling
from orchestration.market.update import NEVER
from orchestration.resources.files import write_atomically
from orchestration.resources.market_lake import MarketLake
from orchestration.resources.vendors import AnswerArchive
from transforms.market.checks import FINDINGS, run_checks
from transforms.market.judge import Judged, judge
from transforms.market.merge import RESTATED, merge
from transforms.market.series import Series
from transforms.market.stooq_bulk import HEADER as BULK_HEADER
from transforms.market.stooq_bulk import LONGEST_FILE, Bulk, BulkError, made_at, read_files, read_zip
from transforms.market.stooq_csv import read_csv, symbol_in
from transforms.market.vendors.stooq import STOOQ
from transforms.schemas.market import BARS

SYMBOLS_AT_ONCE: Final = 500
"""Whose stored bars are looked at together for warnings."""
_ZIP: Final = b"PK"
_CONSTANTS: Final = ("provider_symbol", "instrument_id", "symbol", "venue", "currency", "volume_unit")

log = logging.getLogger("tieout")


@dataclass(frozen=True)
class Imported:
    """What became of a file. `before`: when the same file was imported already; then nothing was done.

    `problems`: what of the file could not be read or named, each with member and line.
    """

    outcome: DatasetOutcome
    document_id: str
    problems: tuple[str, ...] = ()
    before: datetime | None = None


@dataclass(frozen=True)
class Source:
    """A file as it is read. `made_at`: when the vendor made it, as far as it can be told, and not after now (UTC)."""

    path: Path
    document_id: str
    made_at: datetime
    symbols: tuple[str, ...] = ()

    @property
    def is_zip(self) -> bool:
        """Whether it is a zip; else it is the text of one symbol."""
        with self.path.open("rb") as stream:
            return stream.read(len(_ZIP)) == _ZIP

    def parts(self, names: Names) -> Iterator[Bulk]:
        """Its bars, part by part. Raises `ImportFileError`."""
        try:
            if self.is_zip:
                chosen = {names.of_symbol(one).provider_symbol for one in self.symbols}
                with self.path.open("rb") as stream:
                    yield from read_zip(stream, self.made_at.date(), chosen or None)
            else:
                yield self._of_one_symbol(names)
        except BulkError as error:
            raise ImportFileError(f"{self.path}: {error}") from None

    def _of_one_symbol(self, names: Names) -> Bulk:
        if self.path.stat().st_size > LONGEST_FILE:
            raise ImportFileError(
                f"{self.path} is longer than {LONGEST_FILE:,} bytes: it is no zip, and no CSV of one symbol"
            )
        content, as_of = self.path.read_bytes(), self.made_at.date()
        if content.lstrip(b"\xef\xbb\xbf").upper().startswith(BULK_HEADER.encode()):
            return read_files([(self.path.name, content)], as_of)
        symbol = self.symbols[0] if self.symbols else symbol_in(self.path.name)
        if symbol is None or len(self.symbols) > 1:
            raise ImportFileError(f"{self.path}: say which symbol it is of: --symbol AAPL")
        return read_csv(self.path.name, content, names.of_symbol(symbol).provider_symbol, as_of)


def source_of(path: Path, now: datetime, symbols: Sequence[str] = ()) -> Source:
    """The file at a path. Raises `ImportFileError` where there is none, or only a part of one."""
    try:
        with path.open("rb") as stream:
            document_id = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            told = made_at(stream) if stream.read(len(_ZIP)) == _ZIP else None
        saved = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise ImportFileError(f"{path} cannot be read: {error.strerror}") from None
    except BulkError as error:
        raise ImportFileError(f"{path}: {error}") from None
    made = told.replace(tzinfo=UTC) if told else saved
    return Source(path, document_id, min(made, now), tuple(sorted(set(symbols))))


def import_file(
    source: Source, wanted: Wanted, lake: MarketLake, archive: AnswerArchive, folder: Path, now: datetime
) -> Imported:
    """Bring a file's bars into a dataset of Stooq's. `folder`: where is kept what was imported; `now` is UTC.

    Raises `ImportFileError` for a file that nothing can be read of; nothing is stored then.
    """
    journal = _Journal(folder, wanted, source)
    before = journal.done(lake.years("clean", wanted.dataset))
    if before is not None:
        return Imported(DatasetOutcome(wanted.dataset, ()), source.document_id, before=before)
    archive.keep_file(source.path, source.document_id, wanted.dataset, now.timestamp())
    with spooling(folder / f"{plain(wanted)}.spool") as spool:
        work = _Import(source, wanted, lake, spool, now, journal.whole())
        work.read()
        journal.keep(work.whole)
        work.store()
    outcome = work.outcome()
    journal.keep(work.whole, lake.years("clean", wanted.dataset), now)
    return Imported(outcome, source.document_id, tuple(work.problems))


class _Import:
    """One file on its way into one dataset. `whole`: the instruments whose history is replaced by the file's."""

    def __init__(
        self, source: Source, wanted: Wanted, lake: MarketLake, spool: Spool, now: datetime, whole: set[str]
    ) -> None:
        self._source, self._wanted, self._lake, self._spool, self._now = source, wanted, lake, spool, now
        self._names = Names(wanted)
        self._context = context_of_errors(wanted, now)
        self._read: set[str] = set()
        self._outcomes: dict[str, SeriesOutcome] = {}
        self._years: set[int] = set()
        self._findings = [FINDINGS.to_frame()]
        self._restated = [RESTATED.to_frame()]
        self.whole = whole
        self.problems: list[str] = []

    def read(self) -> None:
        """Read and judge the whole file, and put aside what is new of it."""
        for part in self._source.parts(self._names):
            self.problems += map(str, part.problems)
            self._take(part.rows)
            log.info("%s: %s symbols read", self._source.path.name, f"{len(self._read):,}")
        self.problems += self._names.problems()
        for one in map(self._names.of_symbol, self._source.symbols):
            if one.provider_symbol not in self._read:
                self.problems.append(
                    f"{one.symbol}: {self._source.path.name} has no {one.provider_symbol}. {NEVER}"
                )

    def store(self) -> None:
        """Write each year once, the oldest first."""
        years = set(self._spool.years())
        if self.whole:
            years |= set(self._lake.years("clean", self._wanted.dataset))
        for year in sorted(years):
            if self._lake.update("clean", self._wanted.dataset, year, partial(self._merged, year)):
                self._years.add(year)

    def outcome(self) -> DatasetOutcome:
        """What became of each series of the file, with what the checks say of its last two stored years."""
        return DatasetOutcome(
            self._wanted.dataset,
            tuple(self._outcomes.values()),
            tuple(sorted(self._years)),
            pl.concat(self._restated),
            pl.concat([*self._findings, *self._warnings()]),
        )

    def _take(self, rows: pl.DataFrame) -> None:
        """Judge the bars of some symbols against all that is stored of these, and put aside those that come in."""
        names = rows["provider_symbol"].unique().sort().to_list()
        self.problems += [
            f"{name} stands in several files; it was read from the first"
            for name in names
            if name in self._read
        ]
        series = self._names.of(name for name in names if name not in self._read)
        self._read |= set(names)
        new = self._rows(rows, series)
        if new.is_empty():
            return
        stored = self._lake.read("clean", self._wanted.dataset, symbols=[one.symbol for one in series])
        by_id = {one.instrument_id: one for one in series}
        context = replace(
            self._context, calendars={id_: s.calendar for id_, s in by_id.items() if s.calendar}
        )
        anew = pl.col("instrument_id").is_in(list(self.whole))
        judged = judge(stored.filter(~anew), new.filter(~anew), context, warn=False)
        self.whole |= set(judged.merged.refetch)
        self._note(judged, new, by_id)
        anew = pl.col("instrument_id").is_in(list(self.whole & by_id.keys()))
        if self.whole & by_id.keys():
            again = judge(stored.filter(anew), new.filter(anew), context, whole=True, warn=False)
            self.whole -= set(again.merged.refused)
            self._note(again, new, by_id)

    def _note(self, judged: Judged, new: pl.DataFrame, by_id: Mapping[str, Series]) -> None:
        """What became of each series, but for those that are judged again as a whole; their rows are put aside."""
        changed = []
        for row in judged.merged.series.filter(~pl.col("refetch")).iter_rows(named=True):
            one, anew = by_id[row["instrument_id"]], row["instrument_id"] in self.whole
            counts = {name: row[name] for name in ("added", "completed", "unchanged", "restated", "left_out")}
            told = SeriesOutcome(
                one.symbol, one.provider_symbol, refetched=anew, problem=row["refused"], **counts
            )
            self._outcomes[one.symbol] = told
            if told.problem is None and (told.changed or anew):
                changed.append(one.instrument_id)
        self._restated.append(judged.merged.restated)
        self._findings.append(judged.failed.filter(pl.col("check_name") != "restated_overlap"))
        coming = new.filter(pl.col("instrument_id").is_in(changed))
        if judged.refused.height:
            coming = coming.join(judged.refused, on=["instrument_id", "timestamp"], how="anti")
        if coming.height:
            self._spool.add(coming)

    def _merged(self, year: int, stored: pl.DataFrame) -> pl.DataFrame:
        """A year as it is to be stored. The series that come as a whole have no other bars than the file's."""
        new = self._spool.rows(year)
        new = stored.clear() if new is None else new
        # most series of a market's first import are not stored: what comes of them was judged, and is what is stored
        there = pl.col("instrument_id").is_in(stored["instrument_id"].unique().implode())
        fresh, new = new.filter(~there), new.filter(there)
        anew = pl.col("instrument_id").is_in(list(self.whole))
        told = new["instrument_id"].unique().implode()
        kept = stored.filter(~anew | pl.col("instrument_id").is_in(told))
        of_whole = merge(kept.filter(anew), new.filter(anew), whole=True, judged=True).frame
        others = merge(kept.filter(~anew), new.filter(~anew), judged=True).frame
        return pl.concat([part for part in (of_whole, others, fresh) if part.height] or [stored.clear()])

    def _rows(self, rows: pl.DataFrame, series: Sequence[Series]) -> pl.DataFrame:
        """Bars as those of the dataset; without those of a symbol that is none of these series."""
        told = [
            (s.provider_symbol, s.instrument_id, s.symbol, s.venue, s.currency, s.volume_unit) for s in series
        ]
        constants = pl.DataFrame(told, schema=dict.fromkeys(_CONSTANTS, pl.String), orient="row")
        dataset = self._wanted.dataset
        return (
            rows.join(constants, on="provider_symbol", how="inner", maintain_order="left")
            .with_columns(
                frequency=pl.lit(dataset.frequency),
                provider=pl.lit(dataset.provider),
                adjustment=pl.lit(STOOQ.adjustment),
                ingested_at=pl.lit(self._source.made_at),
                document_id=pl.lit(self._source.document_id),
            )
            .select(pl.col(name).cast(dtype) for name, dtype in BARS.polars_schema.items())
        )

    def _warnings(self) -> Iterator[pl.DataFrame]:
        """What the checks say of the file's series as they are stored now, some symbols at a time."""
        years = self._lake.years("clean", self._wanted.dataset)[-2:]
        series = [s for s in map(self._names.of_symbol, self._outcomes) if self._outcomes[s.symbol].changed]
        for place in range(0, len(series), SYMBOLS_AT_ONCE):
            some = tuple(series[place : place + SYMBOLS_AT_ONCE])
            symbols = [one.symbol for one in some]
            stored = self._lake.read("clean", self._wanted.dataset, years=years, symbols=symbols)
            context = context_of(replace(self._wanted, series=some), self._lake, self._now, years)
            yield run_checks(stored, context, "warning")


@dataclass(frozen=True)
class _Journal:
    """What an import has come to: the series that it replaces as a whole, and when it was done, with which years."""

    folder: Path
    wanted: Wanted
    source: Source

    def whole(self) -> set[str]:
        """The series that a killed import of this file had begun to replace."""
        told = self._told()
        return set() if "at" in told else set(told.get("whole", ()))

    def done(self, years: Collection[int]) -> datetime | None:
        """When the file was imported, if that was done and the years that it wrote are still there."""
        told = self._told()
        if "at" not in told or not set(told["years"]) <= set(years):
            return None
        return datetime.fromisoformat(told["at"])

    def keep(self, whole: Collection[str], years: Collection[int] = (), at: datetime | None = None) -> None:
        """Replace what is known. `at`: it is done."""
        told: dict[str, Any] = {"file": self.source.path.name, "whole": sorted(whole)}
        if at is not None:
            told |= {"at": at.isoformat(), "years": sorted(years)}
        write_atomically(self._path, json.dumps(told, indent=1).encode())

    def _told(self) -> dict[str, Any]:
        with suppress(FileNotFoundError):
            told: dict[str, Any] = json.loads(self._path.read_bytes())
            return told
        return {}

    @property
    def _path(self) -> Path:
        asked = hashlib.sha256(repr((self.source.document_id, self.source.symbols)).encode()).hexdigest()
        return self.folder / f"{plain(self.wanted)}.{asked[:32]}.json"


def plain(wanted: Wanted) -> str:
    """A dataset as part of a file's name."""
    return str(wanted.dataset).replace("/", ".")
