"""The lake: a Parquet file a year of each dataset, read in parts and replaced as a whole. Prices are not judged."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, get_args

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem

from orchestration.resources.market_lake.facts import Facts, facts_of
from orchestration.resources.market_lake.parquet import decode, encode, reading
from orchestration.resources.market_lake.stores import LostRaceError, Store, settled, store_at
from orchestration.resources.market_lake.tables import TABLES, LakeTable, arranged, table_of
from orchestration.resources.market_lake.views import CATALOG, SYMBOLS, make_views, prepare
from orchestration.resources.remote import reaching
from transforms.market.series import DatasetId, Kind, Layer
from transforms.schemas.market import SYMBOL_MAP

Result = TypeVar("Result")

EMPTY = "_"
"""The provider of files without rows, which are no dataset."""
ATTEMPTS = 20
"""Of an update that loses races. Each lost one means that another writer won, so all of them get through."""


class Partition:
    """A year of a dataset, held by its one writer until the `with` of `MarketLake.writing` ends."""

    def __init__(self, store: Store, table: LakeTable, dataset: DatasetId, layer: Layer, year: int) -> None:
        self._store, self._table, self._dataset, self._year = store, table, dataset, year
        self._name = dataset.partition(layer, year)
        self._held = True
        content, self._version = store.read(self._name)
        with reading(store.address(self._name)):
            rows = table.schema.to_frame() if content is None else decode(content)
        self.stored: pl.DataFrame = _shaped(table, rows)
        """What is stored, in the partition's order; without rows where there is nothing yet."""

    def replace(self, frame: pl.DataFrame) -> bool:
        """Store these rows instead, whatever their order. False when they are what is stored: nothing is written.

        Raises ContractError when they break the table's contract or belong to another year or dataset;
        LostRaceError when another writer replaced the partition since it was read. Both leave what is stored as it is.
        """
        if not self._held:
            raise RuntimeError(
                f"{self._name} is written inside `with lake.writing(…)` only: another may hold it now"
            )
        rows = arranged(self._table, self._dataset, self._year, frame)
        if rows.equals(self.stored):
            return False
        self._version = self._store.write(self._name, encode(rows, self._table.doubles_repeat), self._version)
        self.stored = rows
        return True

    def release(self) -> None:
        """From now on nothing is written by this."""
        self._held = False


class MarketLake:
    """The partitions below a root: a path, or a URL that fsspec knows (`s3://bucket/prefix`, `memory://`).

    `options` are those of the fsspec filesystem (for S3 `key`, `secret`, `endpoint_url`, ...).
    """

    def __init__(self, root: str, options: Mapping[str, Any] | None = None) -> None:
        self.root = root
        self._store = store_at(root, options)

    def datasets(self, layer: Layer) -> list[DatasetId]:
        """The datasets that a layer has rows of, sorted."""
        found = set()
        for name in self._store.parts(layer):
            parts = name.split("/")
            if len(parts) == 7 and parts[1] != EMPTY and parts[2] in get_args(Kind):
                found.add(DatasetId(parts[1], parts[2], parts[3], parts[4]))  # type: ignore[arg-type]
        return sorted(found)

    def years(self, layer: Layer, dataset: DatasetId) -> list[int]:
        """The years of a dataset that are stored, sorted."""
        names = self._store.parts(f"{layer}/{dataset}")
        return [int(name.split("/")[-2].removeprefix("year=")) for name in names]

    def read(
        self,
        layer: Layer,
        dataset: DatasetId,
        years: Iterable[int] | None = None,
        columns: Sequence[str] | None = None,
        symbols: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """Rows of a dataset, sorted by symbol and time; typed and without rows where nothing is stored.

        Only the asked years, columns and row groups of the symbols are read.
        """
        table = table_of(layer, dataset.kind)
        stored = self.years(layer, dataset)
        wanted = stored if years is None else sorted(set(stored) & set(years))
        needed = None if columns is None else list(dict.fromkeys((*columns, *table.order)))
        frames = [
            self._part(dataset.partition(layer, year), needed, None if symbols is None else sorted(symbols))
            for year in wanted
        ]
        if not frames:
            frames = [table.schema.to_frame()]
        rows = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal").sort(table.order)
        if columns is None:
            return _shaped(table, rows)
        missing = [name for name in columns if name not in rows.columns and name not in table.schema]
        if missing:
            raise ValueError(f"{layer}/{dataset} has no column {', '.join(missing)}")
        return _shaped(table, rows).select(columns)

    def _part(self, name: str, columns: list[str] | None, symbols: list[str] | None) -> pl.DataFrame:
        address, filesystem = self._store.address(name), self._store.filesystem
        with reading(address):
            if filesystem is not None:
                with reaching(self.root, but=(pa.ArrowInvalid,)):
                    return settled(lambda: _part_of_object(address, filesystem, columns, symbols))
            return _part_of_file(address, columns, symbols)

    @contextmanager
    def writing(self, layer: Layer, dataset: DatasetId, year: int) -> Iterator[Partition]:
        """The one writer of a year of a dataset: `stored` is what is there, `replace` what is there afterwards.

        On a disk other writers wait. On S3 the writer of another process may come first: `replace` then raises
        LostRaceError. `update` goes on by itself.
        """
        table = table_of(layer, dataset.kind)
        with self._store.holding(dataset.partition(layer, year)):
            partition = Partition(self._store, table, dataset, layer, year)
            try:
                yield partition
            finally:
                partition.release()

    def update(
        self,
        layer: Layer,
        dataset: DatasetId,
        year: int,
        change: Callable[[pl.DataFrame], pl.DataFrame],
    ) -> bool:
        """Replace a year by what `change` makes of what is stored; again with the newer rows after a lost race.

        Says whether anything was written. `change` may be called several times.
        """

        def replace() -> bool:
            with self.writing(layer, dataset, year) as partition:
                return partition.replace(change(partition.stored))

        return _won(replace)

    def facts(self, layer: Layer, dataset: DatasetId) -> Facts:
        """What a dataset holds, from its files' footers alone."""
        names = [dataset.partition(layer, year) for year in self.years(layer, dataset)]
        return facts_of(self._store, names, table_of(layer, dataset.kind).time)

    def fingerprint(self, layer: Layer, dataset: DatasetId, year: int) -> str:
        """A hash of the bytes of a year's file; `absent` where there is none."""
        content, _ = self._store.read(dataset.partition(layer, year))
        return "absent" if content is None else hashlib.sha256(content).hexdigest()

    def views(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the views of the lake's tables in the connection's current schema (`make_views` says which).

        They show what is stored when they are asked, also the first rows of a kind: a file without rows stands for it.
        """
        for layer, kind in TABLES:
            name = DatasetId(EMPTY, kind, EMPTY, EMPTY).partition(layer, 0)
            empty = encode(table_of(layer, kind).schema.to_frame())
            if self._store.read(name)[0] != empty:
                self._put(name, empty)
        if self._store.read(SYMBOLS)[0] is None:
            self.keep_symbols(SYMBOL_MAP.empty())
        make_views(connection, self._store)

    def keep_catalog(self, table: pl.DataFrame) -> None:
        """Replace the catalogue of datasets, which the view `dataset_catalog` shows."""
        self._put(CATALOG, _parquet(table))

    def keep_symbols(self, table: pl.DataFrame) -> None:
        """Replace the map of symbols, which the view `symbol_map` shows. Raises ContractError for another table."""
        content = _parquet(SYMBOL_MAP.validate(table))
        if self._store.read(SYMBOLS)[0] != content:
            self._put(SYMBOLS, content)

    def symbols(self) -> pl.DataFrame:
        """The map of symbols as it was kept last."""
        content = self._store.read(SYMBOLS)[0]
        return SYMBOL_MAP.empty() if content is None else decode(content)

    def _put(self, name: str, content: bytes) -> None:
        """Replace a file whatever is in it."""

        def replace() -> None:
            with self._store.holding(name):
                self._store.write(name, content, self._store.read(name)[1])

        _won(replace)

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let a connection read views that were made before, such as those in a file that is opened read-only."""
        prepare(connection, self._store)


def _parquet(table: pl.DataFrame) -> bytes:
    content = io.BytesIO()
    table.write_parquet(content)
    return content.getvalue()


def _won(write: Callable[[], Result]) -> Result:
    """What `write` gives, which reads and replaces; again from the start where it lost a race."""
    for _ in range(ATTEMPTS - 1):
        try:
            return write()
        except LostRaceError:
            continue
    return write()


def _part_of_file(path: str, columns: list[str] | None, symbols: list[str] | None) -> pl.DataFrame:
    rows = pl.scan_parquet(path, hive_partitioning=False, glob=False)
    if symbols is not None:
        rows = rows.filter(pl.col("symbol").is_in(symbols))
    if columns is not None:
        there = rows.collect_schema()
        rows = rows.select([c for c in columns if c in there])
    return rows.collect()


def _part_of_object(
    address: str, filesystem: AbstractFileSystem, columns: list[str] | None, symbols: list[str] | None
) -> pl.DataFrame:
    """Through pyarrow, which reads by fsspec the footer and then the row groups and columns that are asked."""
    with filesystem.open(address) as stream:
        there = None if columns is None else [c for c in columns if c in pq.read_schema(stream).names]
        wanted = None if symbols is None else pc.field("symbol").isin(pa.array(symbols, pa.large_string()))
        frame = pl.from_arrow(pq.read_table(stream, columns=there, filters=wanted))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _shaped(table: LakeTable, frame: pl.DataFrame) -> pl.DataFrame:
    """The table's columns; what a file of an earlier contract lacks is empty, what it has besides is left out."""
    lacking = [pl.lit(None, dtype).alias(n) for n, dtype in table.schema.items() if n not in frame.columns]
    whole = frame.with_columns(lacking) if lacking else frame
    return whole.select(table.schema.names())
