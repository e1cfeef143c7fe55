"""The connection to the state store, and the versions of its schema. No feature's tables here.

SQLite in the data folder unless a URL names another database. One write at a time: on SQLite a transaction begins by
taking the file's lock, on Postgres by taking an advisory one, so that what it reads is still so when it writes.
SQLite keeps a write-ahead log: readers see the last state that was committed, wait for no writer and hold none up.
A transaction sees one state from its first statement to its last.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    TypeDecorator,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError

_WAIT_SECONDS = 30.0
_ADVISORY_LOCK = 7_106_731

metadata = MetaData()
_versions = Table(
    "state_schema",
    metadata,
    Column("component", String, primary_key=True),
    Column("version", Integer, nullable=False),
)


class StateError(Exception):
    """The state store cannot be used; the message says why and what to do."""


class Instant(TypeDecorator[datetime]):
    """An instant with a zone, kept in UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC, without saying so: SQLite keeps no zones."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """As UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class Exact(TypeDecorator[Decimal]):
    """An exact decimal, kept as text: SQLite has none."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Every digit."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """As it was."""
        return None if value is None else Decimal(value)


@dataclass(frozen=True)
class Component:
    """A feature's part of the schema: `steps[n]` brings it from version n to n + 1. Old steps never change."""

    name: str
    steps: tuple[Callable[[Connection], None], ...]


def makes(*tables: Table) -> Callable[[Connection], None]:
    """A component's first step: these tables."""

    def step(connection: Connection) -> None:
        for table in tables:
            table.create(connection)

    return step


def adds(column: Column[Any]) -> Callable[[Connection], None]:
    """A later step: a column that may be empty, where the table was made before it had one."""

    def step(connection: Connection) -> None:
        table = column.table.name
        if column.name not in {known["name"] for known in inspect(connection).get_columns(table)}:
            kind = column.type.compile(connection.dialect)
            connection.execute(text(f"alter table {table} add column {column.name} {kind}"))

    return step


def upsert(
    connection: Connection, table: Table, rows: list[dict[str, Any]], *, newer: str | None = None
) -> None:
    """Insert or overwrite by primary key; with `newer`, only a row whose column is not older overwrites."""
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    given = {name: statement.excluded[name] for name in rows[0] if not table.c[name].primary_key}
    where = statement.excluded[newer] >= table.c[newer] if newer else None
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=given, where=where), rows
    )


class StateStore:
    """The state store behind a URL. Nothing is opened or made before the first use.

    `keep_open` is for a process that writes several times a second: its connection stays open until `close`.
    After `wait_seconds` a lock that another holds, or a server that does not answer, is a `StateError`.
    """

    def __init__(self, url: str, *, keep_open: bool = False, wait_seconds: float = _WAIT_SECONDS) -> None:
        try:
            self._url = make_url(url)
        except ArgumentError as error:
            raise StateError(
                "DB_URL is no database URL: write one like sqlite:////path/to/tieout.sqlite"
            ) from error
        self._keep_open = keep_open
        self._wait_seconds = wait_seconds
        self._engine: Engine | None = None
        self._opening = Lock()

    def close(self) -> None:
        """Close what is open; the next use opens it again."""
        if self._engine is not None:
            self._engine.dispose()

    @contextmanager
    def write(self, component: Component) -> Iterator[Connection]:
        """One transaction that may write, with the component's tables at their newest version."""
        path = self._file()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection(writes=True) as connection:
            _upgrade(connection, component)
            yield connection

    @contextmanager
    def read(self, component: Component) -> Iterator[Connection | None]:
        """A transaction that reads; None where the component has not written anything yet. Makes nothing."""
        path = self._file()
        if path is not None and not path.exists():
            yield None
            return
        with self._connection(writes=False) as connection:
            known = _version(connection, component)
            if known > len(component.steps):
                raise _too_new(component, known)
            yield connection if known == len(component.steps) else None

    def _file(self) -> Path | None:
        """The database's file, if it is one."""
        is_file = self._url.get_backend_name() == "sqlite" and self._url.database not in (
            None,
            "",
            ":memory:",
        )
        return Path(str(self._url.database)) if is_file else None

    @contextmanager
    def _connection(self, writes: bool) -> Iterator[Connection]:
        try:
            options: dict[str, Any] = {"tieout_writes": writes}
            if not writes and self._url.get_backend_name() == "postgresql":
                options["isolation_level"] = "REPEATABLE READ"
            opened = self._opened().connect().execution_options(**options)
            with opened as connection, connection.begin():
                if writes and connection.dialect.name == "postgresql":
                    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
                yield connection
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            # Without its query, where a password may stand, too.
            place = self._url.set(query={}).render_as_string(hide_password=True)
            raise StateError(f"the state store {place} cannot be used: {reason}") from error

    def _opened(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._engine = self._new_engine()
            return self._engine

    def _new_engine(self) -> Engine:
        pool = {"pool_pre_ping": True} if self._keep_open else {"poolclass": NullPool}
        try:
            given = {"connect_args": _deadlines(self._url, self._wait_seconds)}
            engine = create_engine(self._url, **pool, **given)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise StateError(f"DB_URL needs a database driver that is not installed: {error}") from error
        if engine.dialect.name == "sqlite":
            _use_real_transactions(engine, self._wait_seconds)
        return engine


def _deadlines(url: URL, seconds: float) -> dict[str, object]:
    """What libpq is told so that nothing waits for ever; what the URL says itself stands."""
    if url.get_backend_name() != "postgresql":
        return {}
    whole = max(2, round(seconds))  # libpq takes 1 for 2
    told: dict[str, object] = {
        "connect_timeout": whole,
        "options": f"-c lock_timeout={round(seconds * 1000)}",
        "tcp_user_timeout": whole * 1000,
        "keepalives_idle": whole,
        "keepalives_interval": 2,
        "keepalives_count": 3,
    }
    return {name: value for name, value in told.items() if name not in url.query}


def _use_real_transactions(engine: Engine, wait_seconds: float) -> None:
    """Python's SQLite module begins transactions late and without a lock: begin them ourselves."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute(f"pragma busy_timeout = {round(wait_seconds * 1000)}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("tieout_writes")
        if writes:
            _keep_a_write_ahead_log(connection)
        connection.exec_driver_sql("begin immediate" if writes else "begin")


def _keep_a_write_ahead_log(connection: Connection) -> None:
    """Once in the life of the file; it says so in its header."""
    if connection.exec_driver_sql("pragma journal_mode").scalar() == "wal":
        return
    # While another connection is in a transaction the file cannot change over; then a later write does.
    with suppress(OperationalError):
        connection.exec_driver_sql("pragma journal_mode = wal")


def _version(connection: Connection, component: Component) -> int:
    if not inspect(connection).has_table(_versions.name):
        return 0
    found = connection.execute(
        select(_versions.c.version).where(_versions.c.component == component.name)
    ).scalar_one_or_none()
    return found or 0


def _upgrade(connection: Connection, component: Component) -> None:
    """Bring the component's tables to their newest version, inside the transaction."""
    known, newest = _version(connection, component), len(component.steps)
    if known > newest:
        raise _too_new(component, known)
    if known == newest:
        return
    _versions.create(connection, checkfirst=True)
    for step in component.steps[known:]:
        step(connection)
    if known:
        named = _versions.c.component == component.name
        connection.execute(update(_versions).where(named).values(version=newest))
    else:
        connection.execute(insert(_versions).values(component=component.name, version=newest))


def _too_new(component: Component, known: int) -> StateError:
    return StateError(
        f"the state store's {component.name} have version {known}, this Tieout knows version "
        f"{len(component.steps)}: use the newer Tieout that wrote them"
    )
