"""Market data in one run: the plan, the vendors and the lake of the settings put together. No Dagster here."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl

from config.settings import Settings
from orchestration.market.benchmark_name import benchmark_name
from orchestration.market.catalog import CatalogRow, catalog_table, units_of
from orchestration.market.context import sessions_ahead
from orchestration.market.errors import PlanError
from orchestration.market.features import BarFeatures
from orchestration.market.importing import Imported, import_file, source_of
from orchestration.market.outcome import DatasetOutcome
from orchestration.market.plan import Plan, Wanted, vendor_of
from orchestration.market.progress import Tell, nobody
from orchestration.market.record import Records
from orchestration.market.symbols import symbol_table
from orchestration.market.update import bring_in
from orchestration.resources.files import exclusive
from orchestration.resources.market_lake import MarketLake, UnreadableError
from orchestration.resources.market_state import market_state
from orchestration.resources.vendors import FileStore, OpenVendors, Way, open_archive, open_vendors
from transforms.market.series import DatasetId
from transforms.market.sessions import ALWAYS

log = logging.getLogger("tieout")


@dataclass(frozen=True)
class MarketData:
    """The market data of a data folder. `way`: how the vendors are reached, where it is not the network.

    `tell` hears how far an update is.
    """

    settings: Settings
    way: Way | None = None
    tell: Tell = nobody

    @property
    def plan(self) -> Plan:
        """What is kept up to date."""
        return Plan(self.settings.data.market_plan)

    @property
    def lake(self) -> MarketLake:
        """Where it is stored."""
        return MarketLake(self.settings.lake_url)

    @property
    def records(self) -> Records:
        """How the last updates went."""
        return Records(market_state(self.settings))

    def chosen(self, universes: Sequence[str]) -> tuple[Wanted, ...]:
        """The datasets of these universes, of all without one. Raises `PlanError` for one that there is none of."""
        self.refuse_the_demo()
        wanted = self.plan.wanted()
        known = {one.dataset.universe for one in wanted}
        for universe in universes:
            if universe not in known:
                there = (
                    f"there are {', '.join(sorted(known))}"
                    if known
                    else "there are none yet: `tieout data pull`"
                )
                raise PlanError(f"{self.plan.path} has no universe {universe}; {there}")
        return tuple(one for one in wanted if not universes or one.dataset.universe in universes)

    def went_well_since(self, wanted: Wanted, begin: datetime) -> bool:
        """Whether the last update of a dataset is newer than that, brought its series and had no problem."""
        last = self.records.of(wanted.dataset)
        if last is None or last.at < begin or last.outcome.problems:
            return False
        return {one.symbol for one in wanted.series} <= {one.symbol for one in last.outcome.series}

    def refuse_the_demo(self) -> None:
        """Raises `PlanError` where the market is the demo's and the network would be asked for it."""
        plan = self.plan
        if plan.simulated and self.way is None:
            raise PlanError(
                f"{plan.path} is that of the demo, whose market is invented: `tieout demo --clear` first, "
                "or set TIEOUT_DATA_DIR to another folder"
            )

    def bring_in(
        self, wanted: Iterable[Wanted], span: tuple[date, date] | None = None
    ) -> Iterator[DatasetOutcome]:
        """Bring datasets up to date, or fill a span of them; each is told when it is done, and recorded."""
        with self._vendors() as vendors:
            for one in wanted:
                for series in one.series:
                    self.tell(one.dataset, series.symbol, "waiting", {})
                log.info("market data: %s, %d series", one.dataset, len(one.series))
                client = vendors.client(vendor_of(one.dataset.provider))
                with self._alone(one.dataset):
                    since = self.records.since(one.dataset)
                    outcome = bring_in(one, client, self.lake, datetime.now(UTC), span, since, self.tell)
                    now = datetime.now(UTC)
                    self.records.keep(now, outcome, sessions_ahead(one, now))
                for known in outcome.series:
                    self.tell(one.dataset, known.symbol, "done", asdict(known))
                yield outcome

    def import_file(self, path: Path, universe: str, symbols: Sequence[str] = ()) -> Imported:
        """Bring a file of Stooq's that a person downloaded into a universe. Raises `PlanError`."""
        self.refuse_the_demo()
        wanted, now = self.plan.dataset("stooq", universe), datetime.now(UTC)
        source = source_of(path, now, symbols)
        with self._alone(wanted.dataset), open_archive(*self._archived) as archive:
            folder = self.settings.data.market_records / "imports"
            done = import_file(source, wanted, self.lake, archive, folder, now)
            if done.before is None:
                self.records.keep(datetime.now(UTC), done.outcome)
        if done.before is None:
            self.publish_catalog()
        return done

    def bar_features(self, dataset: DatasetId) -> BarFeatures:
        """The features of a dataset of daily bars."""
        series = [one for wanted in self.plan.wanted() if wanted.dataset == dataset for one in wanted.series]
        every_day = frozenset(one.instrument_id for one in series if one.calendar == ALWAYS)
        state = market_state(self.settings)
        return BarFeatures(self.lake, dataset, state, benchmark_name(self.settings), every_day)

    def catalog(self) -> tuple[CatalogRow, ...]:
        """Every dataset that is wanted or stored, sorted."""
        wanted = {one.dataset: one for one in self.plan.wanted()}
        stored = {one for one in self.lake.datasets("clean") if one.kind != "actions"}
        return tuple(
            CatalogRow(
                one,
                wanted.get(one),
                self.lake.facts("clean", one),
                self.records.of(one),
                units_of(self.lake, one),
            )
            for one in sorted(wanted.keys() | stored)
        )

    def publish_catalog(self) -> None:
        """Let SQL see the catalogue and the map of symbols as they are now.

        A `symbols.csv` that cannot be read leaves the map as it was: `tieout data symbols` says what is wrong with it.
        """
        self.lake.keep_catalog(catalog_table(self.catalog()))
        try:
            told = symbol_table(self.settings.data, self.plan.wanted(), self.lake)
        except PlanError as error:
            log.warning("market data: the map of symbols stays as it was: %s", error)
            return
        self.lake.keep_symbols(told.filter(pl.col("reason").is_null()).drop("reason"))

    @property
    def _archived(self) -> tuple[FileStore, Path]:
        return FileStore(self.settings.lake_url), self.settings.data.vendor_journals

    def _alone(self, dataset: DatasetId) -> AbstractContextManager[None]:
        """Hold a dataset: an import judges its bars before it stores them, and no update comes between."""
        return exclusive(self.settings.data.market_records / f".{str(dataset).replace('/', '.')}.lock")

    def views(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the views of the published database, as far as the lake and `market.toml` can be read.

        The books wait for no market data: what cannot be read is left out, and said.
        """
        for make in (self.publish_catalog, lambda: self.lake.views(connection)):
            try:
                make()
            except (PlanError, UnreadableError, OSError, ValueError, duckdb.Error) as error:
                log.warning("views of market data are missing in what is published: %s", error)

    @contextmanager
    def _vendors(self) -> Iterator[OpenVendors]:
        with open_vendors(self.settings, way=self.way) as vendors:
            yield vendors
