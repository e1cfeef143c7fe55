"""What a dataset holds, told from the footers of its files without reading a row."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow.parquet as pq

from orchestration.resources.market_lake.parquet import SYMBOLS_KEY, reading
from orchestration.resources.market_lake.stores import Store, settled


@dataclass(frozen=True)
class Facts:
    """Rows, bytes, the first and last time (an instant of bars, else a date), and the symbols, sorted."""

    rows: int
    bytes: int
    first: datetime | date | None
    last: datetime | date | None
    symbols: tuple[str, ...]


def facts_of(store: Store, names: Iterable[str], time: str) -> Facts:
    """The facts of several partitions together. `time` is the column that first and last are of."""
    rows = size = 0
    times: list[Any] = []
    symbols: set[str] = set()
    for name in names:
        with reading(store.address(name)):
            footer, bytes_of_file = settled(lambda name=name: (_footer(store, name), store.size(name)))
        rows += footer.num_rows
        size += bytes_of_file
        symbols.update(json.loads((footer.metadata or {}).get(SYMBOLS_KEY.encode(), b"[]")))
        times += _bounds(footer, time)
    return Facts(rows, size, min(times, default=None), max(times, default=None), tuple(sorted(symbols)))


def _footer(store: Store, name: str) -> pq.FileMetaData:
    return pq.read_metadata(store.address(name), filesystem=store.filesystem)


def _bounds(footer: pq.FileMetaData, column: str) -> Iterable[Any]:
    position = footer.schema.names.index(column)
    for group in range(footer.num_row_groups):
        statistics = footer.row_group(group).column(position).statistics
        if statistics is not None and statistics.has_min_max:
            yield from (statistics.min, statistics.max)
