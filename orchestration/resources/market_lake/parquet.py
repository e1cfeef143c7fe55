"""How a partition is written into Parquet bytes and read back. The same rows give the same bytes. No files here."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP: Final = 61_440
"""Rows. One symbol is found in few rows, one day reads many groups at once; bench/bench_lake.py measured it."""
COMPRESSION: Final = "lz4"
"""A fifth more bytes than zstd, read in little more than half of the time; bench/bench_lake.py measured it."""
SYMBOLS_KEY: Final = "tieout.symbols"
"""Of the footer's metadata: the symbols as a JSON list. Parquet's own statistics know no distinct values."""


class UnreadableError(RuntimeError):
    """A partition's file is not what was written there; the message names it and says what to do."""


@contextmanager
def reading(address: str) -> Iterator[None]:
    """Around what reads a partition's file: says which one cannot be read."""
    try:
        yield
    except (pl.exceptions.ComputeError, pa.ArrowInvalid) as broken:
        problem = str(broken).splitlines()[0]
        raise UnreadableError(
            f"{address} cannot be read as Parquet ({problem}). Take it back from a backup, or move it away and "
            "pull its year again"
        ) from broken


def encode(frame: pl.DataFrame, doubles_repeat: bool = True) -> bytes:
    """The Parquet bytes of a partition. `doubles_repeat`: as prices do, which figures computed of them do not."""
    symbols = frame.get_column("symbol").unique().sort().to_list()
    told = json.dumps(symbols, separators=(",", ":"))
    rows = frame.to_arrow()
    stream = io.BytesIO()
    # pyarrow keeps the doubles of a row group in a dictionary where that is smaller, which polars does not: prices of
    # two decimals repeat, and a day of all symbols is unpacked in two thirds of the time
    pq.write_table(
        rows.replace_schema_metadata({SYMBOLS_KEY: told}),
        stream,
        compression=COMPRESSION,
        # where none repeats, to look for it takes half of the time, and the file is a fifth longer
        use_dictionary=doubles_repeat or [n for n, dtype in frame.schema.items() if dtype != pl.Float64],
        row_group_size=ROW_GROUP,
    )
    return stream.getvalue()


def decode(content: bytes) -> pl.DataFrame:
    """The rows of a partition's bytes."""
    return pl.read_parquet(io.BytesIO(content), hive_partitioning=False)
