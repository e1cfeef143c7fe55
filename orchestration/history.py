"""Dagster's SQLite storage with its event files held open. `dagster.yaml` in the data folder names the class."""

import os
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, create_engine, event

# The index over all runs, the run that is being written, and some that a reader of the UI has opened.
HELD = 8


class HeldEventLog(SqliteEventLogStorage):
    """The event log of Dagster, one SQLite file per run, that keeps the files it used last open.

    Dagster's own opens a connection for each event, compiles its statements anew, and closes it again; the last one to
    close writes the log back into the file and deletes it: four thousand flushes to the disk and a fifth of the time
    of a small run. With synchronous=NORMAL a power cut can lose the end of the history, never its order; the books do
    not depend on it.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._connections: OrderedDict[str, Connection] = OrderedDict()
        self._seen: set[tuple[str, str]] = set()
        self._db_lock = threading.Lock()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            connection = self._connection(shard)
            with connection.begin():
                yield connection
            # The UI follows a run by watching its file, and SQLite writes to the log beside it.
            os.utime(self.path_for_shard(shard))

    def _connection(self, shard: str) -> Connection:
        """The connection to one file; the one that was not used for longest is closed when there are too many."""
        if shard not in self._connections:
            engine = create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            )
            event.listen(engine, "connect", _flush_at_checkpoints)
            self._initdb(engine)
            self._connections[shard] = engine.connect()
        self._connections.move_to_end(shard)
        while len(self._connections) > HELD:
            _, oldest = self._connections.popitem(last=False)
            _close(oldest)
        return self._connections[shard]

    def has_table(self, table_name: str) -> bool:
        """Whether a table of the index exists; one that was seen is not looked for again, nor below."""
        return self._known("table", table_name, super().has_table)

    def has_secondary_index(self, name: str) -> bool:
        """Whether a migration of the index is done."""
        return self._known("index", name, super().has_secondary_index)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        def look(name: str) -> bool:
            return super(HeldEventLog, self)._has_asset_key_col_on_connection(conn, name)

        return self._known("column", column_name, look)

    def _known(self, kind: str, name: str, look: Callable[[str], bool]) -> bool:
        if (kind, name) not in self._seen and look(name):
            self._seen.add((kind, name))
        return (kind, name) in self._seen

    def dispose(self) -> None:
        """Close all files; what stands in the logs beside them is written back."""
        super().dispose()
        with self._db_lock:
            for connection in self._connections.values():
                _close(connection)
            self._connections.clear()


class History(DagsterSqliteStorage):
    """Runs, events and schedules in SQLite files under `base_dir`, laid out as Dagster does by default."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = HeldEventLog(str(Path(base_dir, "history", "runs")))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: dict[str, str]) -> "History":
        """From the values in `dagster.yaml`."""
        return cls(config_value["base_dir"], inst_data)


def _flush_at_checkpoints(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


def _close(connection: Connection) -> None:
    connection.close()
    connection.engine.dispose()
