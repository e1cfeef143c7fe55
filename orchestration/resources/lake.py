"""A layer of tables on disk: one Parquet file each, replaced in one step. The same table gives the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from orchestration.resources.files import replace_atomically


@dataclass(frozen=True)
class Lake:
    """Writes and finds the Parquet files of one layer."""

    folder: Path

    def path(self, name: str) -> Path:
        """Where a table lies."""
        return self.folder / f"{name}.parquet"

    def read(self, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """A table, or some columns of it."""
        return pl.read_parquet(self.path(name), columns=None if columns is None else list(columns))

    def write(self, name: str, table: pl.DataFrame) -> Path:
        """Replace a table; a reader sees the old one or the new one."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".tmp")
        table.write_parquet(temporary, compression="zstd", compression_level=1, statistics=True)
        replace_atomically(temporary, path)
        return path
