"""Publishing: copies the marts that dbt built into a new version folder, then flips CURRENT to it in one step.

Readers open the versioned file, which is never written again, so a publish never blocks or disturbs them.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.resources.files import flip_symlink, sync_file, sync_folder
from orchestration.resources.publisher_state import current_version

SCHEMA = "marts"
FILE_NAME = "tieout.duckdb"
Views = Callable[[duckdb.DuckDBPyConnection], None]
_VERSION = re.compile(r"(\d{6})-([0-9a-f]{8})")


@dataclass(frozen=True)
class Publisher:
    """The one writer of `published/`. `keep` versions stay, so that a reader has time to move on."""

    folder: Path
    keep: int

    def current(self) -> str | None:
        """The version that readers open, or None before the first publish."""
        return current_version(self.folder)

    def versions(self) -> list[str]:
        """All versions that stand, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if p.is_dir() and _VERSION.fullmatch(p.name))

    def next_version(self, fingerprint: str) -> str:
        """The id of the next version: a running number and the beginning of its inputs' fingerprint."""
        current = self.current()
        number = int(current.split("-")[0]) if current else 0
        return f"{number + 1:06d}-{fingerprint[:8]}"

    def publish(self, warehouse: Path, version: str, views: Views | None = None) -> dict[str, int]:
        """Copy the marts of `warehouse` into `version` and make it current; returns the rows of each table.

        `views` adds views to the schema of the marts: what is large, or changes between two versions.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for left_over in self.folder.glob("*.tmp"):
            _remove(left_over)
        staging = self.folder / f"{version}.tmp"
        staging.mkdir()
        rows = _copy_marts(warehouse, staging / FILE_NAME, views)
        sync_file(staging / FILE_NAME)
        sync_folder(staging)
        final = self.folder / version
        if final.exists():  # of a run that was killed before it became current
            shutil.rmtree(final)
        staging.replace(final)
        sync_folder(self.folder)
        flip_symlink(self.folder / "CURRENT", version)
        flip_symlink(self.folder / "current.duckdb", f"CURRENT/{FILE_NAME}")
        self._prune()
        return rows

    def _prune(self) -> None:
        current = self.current()
        for version in self.versions()[: -self.keep]:
            if version != current:
                shutil.rmtree(self.folder / version)


def _copy_marts(warehouse: Path, target: Path, views: Views | None) -> dict[str, int]:
    """Copy every table of the marts with its comments into a new DuckDB file."""
    with duckdb.connect(str(target)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach {_quoted(str(warehouse))} as warehouse (read_only)")
        connection.execute(f"create schema {SCHEMA}")
        tables = connection.execute(
            "select table_name, comment from duckdb_tables()"
            " where database_name = 'warehouse' and schema_name = ? order by table_name",
            [SCHEMA],
        ).fetchall()
        rows = {}
        for name, _ in tables:
            table = f'{SCHEMA}."{name}"'
            connection.execute(f'create table {table} as from warehouse.{SCHEMA}."{name}"')
            (count,) = connection.execute(f"select count(*) from {table}").fetchone() or (0,)
            rows[name] = count
        columns = connection.execute(
            "select table_name, column_name, comment from duckdb_columns()"
            " where database_name = 'warehouse' and schema_name = ? and comment is not null",
            [SCHEMA],
        ).fetchall()
        connection.begin()  # one write to the disk for all comments, not one for each
        for table_name, comment in tables:
            if comment:
                connection.execute(f'comment on table {SCHEMA}."{table_name}" is {_quoted(comment)}')
        for table_name, column, comment in columns:
            connection.execute(f'comment on column {SCHEMA}."{table_name}"."{column}" is {_quoted(comment)}')
        connection.commit()
        connection.execute("detach warehouse")
        if views is not None:
            connection.execute(f"set schema = '{SCHEMA}'")
            views(connection)
        connection.execute("checkpoint")
    return rows


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
