"""Reading published versions, for the command and the page. Nothing here writes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from config.data_folder import DataFolder

if TYPE_CHECKING:
    import polars as pl

CURRENT = "CURRENT"
FILE_NAME = "tieout.duckdb"

# A publish may remove the version between our look at CURRENT and the opening of its file; the next look
# sees the new one. More than a few in a row means that CURRENT itself is broken.
_OPENING_ATTEMPTS = 10

# What a person's SQL may not do: read or write other files, load code, change these settings.
_LOCKED_DOWN: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "temp_directory": "",
}

Parameters = Sequence[object] | Mapping[str, object]


class NothingPublishedError(Exception):
    """There is no published version to read; the message says where we looked and what to do."""


class VersionGoneError(Exception):
    """The version was pruned before it could be opened: look at CURRENT again."""


class QueryError(Exception):
    """A person's SQL was refused or failed; the message is the database's own words."""


@dataclass(frozen=True)
class Version:
    """One published version: its id (the folder's name) and its database file."""

    id: str
    path: Path
    token: str
    """The key for caches: changes with the file, even if a wiped folder publishes the same id again."""


@dataclass(frozen=True)
class Result:
    """The answer to a query: column names, DuckDB type names, rows; `truncated` when a row limit cut it."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    truncated: bool = False

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def current_version(published: Path) -> Version:
    """Which version CURRENT points to now; raises `NothingPublishedError` when there is none."""
    link = published / CURRENT
    try:
        folder = (published / link.readlink()).resolve(strict=True)
        path = folder / FILE_NAME
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NothingPublishedError(
            f"nothing is published in {published}: run `make demo` for the synthetic account, or "
            f"`tieout ingest FILE` "
            "and `tieout run` for your own documents"
        ) from error
    except OSError as error:
        raise NothingPublishedError(
            f"{link} cannot be read as a link to a version ({error.strerror}); `tieout run` "
            f"publishes a new one"
        ) from error
    return Version(folder.name, path, f"{folder.name}:{stat.st_ino}:{stat.st_mtime_ns}")


def inspected(version: Version) -> Path | None:
    """The first page of what was found of a version (`tieout inspect`), or None where it was not inspected."""
    page = DataFolder(version.path.parents[2]).quality / version.id / "index.html"
    return page if page.exists() else None


class Reader:
    """One version, opened read-only: whatever is published since, all that it reads is of that version."""

    def __init__(self, version: Version, connection: duckdb.DuckDBPyConnection) -> None:
        self.version = version
        self._connection = connection

    def result(self, sql: str, parameters: Parameters = (), *, limit: int | None = None) -> Result:
        """Run our own SQL; `limit` stops after that many rows and says so."""
        cursor = self._connection.execute(sql, parameters)
        description = cursor.description or []
        rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
        truncated = limit is not None and len(rows) > limit
        return Result(
            tuple(column[0] for column in description),
            tuple(str(column[1]) for column in description),
            rows[:limit] if truncated else rows,
            truncated,
        )

    def records(self, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """Run our own SQL; the rows as dictionaries."""
        return self.result(sql, parameters).records()

    def frame(self, sql: str, parameters: Parameters = ()) -> "pl.DataFrame":
        """Run our own SQL; the rows as a polars frame, decimals kept."""
        return self._connection.execute(sql, parameters).pl()

    def query(self, sql: str, *, limit: int | None = None) -> Result:
        """Run a person's SQL: one statement that reads. Raises `QueryError`."""
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1:
                count = "no" if not statements else f"{len(statements)}"
                raise QueryError(
                    f"one statement at a time, please: this holds {count} statements"
                    " (a PIVOT counts as several unless its IN list is written out)"
                )
            if statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
                name = statements[0].type.name
                raise QueryError(f"only statements that read are allowed here, this one is {name}")
            return self.result(sql, limit=limit)
        except duckdb.Error as error:
            raise QueryError(str(error)) from error


def _open(version: Version) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(version.path), read_only=True, config=_LOCKED_DOWN)
    # These belong to the connection, not to the database, so they come after opening; the lock comes last.
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET schema = 'marts'")
    folders = ", ".join("'" + folder.replace("'", "''") + "'" for folder in _lake_folders(connection))
    connection.execute(f"SET allowed_directories = [{folders}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _lake_folders(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The folder of market data that views of this version read; no other file can be read."""
    known = connection.execute(
        "select 1 from duckdb_functions() where function_name = 'lake_root'"
    ).fetchone()
    return [row[0] for row in connection.execute("select lake_root()").fetchall()] if known else []


@contextmanager
def open_version(version: Version) -> Iterator[Reader]:
    """Open one version for reading; raises `VersionGoneError` when it was pruned before it could be opened.

    The versioned path is opened, never the `current.duckdb` link: what is read inside the block is one
    whole version, also when it is pruned meanwhile (an open file stays readable).
    """
    try:
        connection = _open(version)
    except duckdb.Error as error:
        if version.path.exists():
            raise
        raise VersionGoneError(f"version {version.id} is gone") from error
    try:
        yield Reader(version, connection)
    finally:
        connection.close()


@contextmanager
def open_current(published: Path) -> Iterator[Reader]:
    """Open the current version, or the next one if it vanishes. Raises `NothingPublishedError`."""
    with ExitStack() as stack:
        for _ in range(_OPENING_ATTEMPTS):
            try:
                reader = stack.enter_context(open_version(current_version(published)))
                break
            except VersionGoneError:
                continue
        else:
            raise NothingPublishedError(
                f"every version that {published / CURRENT} named was gone before it could be opened; "
                "`tieout run` publishes anew"
            )
        yield reader
