"""The state store: versions of its schema, transactions, and acknowledgements with all that a break is named by.

On SQLite and, where there is one on the machine, on a real PostgreSQL.
"""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    inspect,
    select,
    text,
)

from deploy.check.postgres import Server
from state_store import database
from state_store.acknowledgements import COMPONENT, Break, acknowledge, acknowledged, undo
from state_store.database import Component, StateError, StateStore, adds, makes

BROKEN = Break("U1", "nav_end", date(2024, 3, 1), date(2024, 3, 31), None, Decimal("-18.25"))
NOON = datetime(2024, 4, 2, 12, tzinfo=UTC)


def create(connection: Connection) -> None:
    connection.execute(text("create table thing (name text)"))


def add_colour(connection: Connection) -> None:
    connection.execute(text("alter table thing add column colour text"))


def fail_half_way(connection: Connection) -> None:
    add_colour(connection)
    raise RuntimeError("the disk is on fire")


def test_reading_what_was_never_written_makes_nothing(store: StateStore, url: str, path: Path) -> None:
    assert acknowledged(store) == {}
    assert not path.parent.exists()
    if not url.startswith("sqlite"):
        assert inspect(create_engine(url)).get_table_names() == []


def test_each_step_of_a_schema_runs_once(store: StateStore) -> None:
    with store.write(Component("things", (create,))) as connection:
        connection.execute(text("insert into thing values ('old')"))
    for _ in range(2):
        with store.write(Component("things", (create, add_colour))) as connection:
            assert connection.execute(text("select name, colour from thing")).all() == [("old", None)]
    with (
        pytest.raises(StateError, match="things have version 2, this Tieout knows version 1"),
        store.read(Component("things", (create,))),
    ):
        pass


def test_a_column_is_added_where_the_table_is_older_than_it(url: str) -> None:
    old, new = MetaData(), MetaData()
    before = Table("thing", old, Column("name", String))
    thing = Table("thing", new, Column("name", String), Column("colour", String))
    with StateStore(url).write(Component("things", (makes(before),))) as connection:
        connection.execute(insert(before).values(name="old"))
    newer = Component("things", (makes(thing), adds(thing.c.colour)))
    with StateStore(url).write(newer) as connection:
        assert connection.execute(select(thing)).all() == [("old", None)]


def test_a_new_table_has_its_columns_at_once(url: str) -> None:
    thing = Table("thing", MetaData(), Column("name", String), Column("colour", String))
    with StateStore(url).write(Component("things", (makes(thing), adds(thing.c.colour)))) as connection:
        assert connection.execute(select(thing)).all() == []


def test_a_step_that_fails_leaves_the_schema_as_it_was(store: StateStore) -> None:
    with store.write(Component("things", (create,))):
        pass
    with pytest.raises(RuntimeError), store.write(Component("things", (create, fail_half_way))):
        pass
    with store.read(Component("things", (create,))) as connection:
        assert connection is not None
        assert connection.execute(text("select * from thing")).keys() == ["name"]


def test_components_have_versions_of_their_own(store: StateStore) -> None:
    acknowledge(store, BROKEN, "known", NOON)
    with store.read(Component("things", (create,))) as connection:
        assert connection is None
    with store.write(Component("things", (create,))):
        pass
    assert list(acknowledged(store)) == [BROKEN]


def test_a_write_that_fails_writes_nothing(store: StateStore) -> None:
    component = Component("things", (create,))
    statement = text("insert into thing select 'lost' from nowhere")
    with (
        pytest.raises(StateError, match=r'no such table: nowhere|relation "nowhere" does not exist'),
        store.write(component) as connection,
    ):
        connection.execute(statement)
    with store.read(component) as connection:
        assert connection is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("no url", "DB_URL is no database URL"),
        ("nonsense://u:secret@host/db", "needs a database driver that is not installed"),
    ],
)
def test_a_url_that_cannot_be_used_is_said_without_its_password(url: str, says: str) -> None:
    with pytest.raises(StateError, match=says) as error:
        acknowledged(StateStore(url))
    assert "secret" not in str(error.value)


def test_a_file_that_is_no_database_is_said(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("not a database, but long enough to be taken for one" * 40)
    with pytest.raises(StateError, match=r"tieout\.sqlite cannot be used: file is not a database"):
        acknowledged(StateStore(f"sqlite:///{path}"))


def test_a_server_that_refuses_is_said_without_the_password(postgres: Server) -> None:
    wrong = replace(postgres, password="secret")
    with pytest.raises(StateError, match=r"cannot be used: .*password authentication failed") as error:
        acknowledged(StateStore(wrong.url("postgres")))
    assert "secret" not in str(error.value)


def test_a_password_in_the_query_of_a_url_is_not_said() -> None:
    """libpq takes it there too."""
    url = "postgresql+psycopg2://tieout@127.0.0.1:1/state?password=secret"
    with pytest.raises(StateError, match=r"127\.0\.0\.1:1/state cannot be used") as error:
        acknowledged(StateStore(url))
    assert "secret" not in str(error.value)


def test_a_lock_that_is_held_is_waited_for_no_longer_than_said(store: StateStore, url: str) -> None:
    with (
        store.write(COMPONENT),
        pytest.raises(StateError, match=r"database is locked|lock timeout"),
    ):
        acknowledge(StateStore(url, wait_seconds=0.1), BROKEN, "late", NOON)


def test_threads_that_begin_together_use_the_same_transactions(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody gets the engine before it begins its transactions itself."""
    order, entered, go = [], threading.Event(), threading.Event()
    configure = database._use_real_transactions

    def slowly(*arguments: object) -> None:
        entered.set()
        go.wait(30)
        configure(*arguments)
        order.append("configured")

    def use() -> None:
        acknowledge(store, BROKEN, "known", NOON)
        order.append("used")

    monkeypatch.setattr(database, "_use_real_transactions", slowly)
    store = StateStore(f"sqlite:///{path}")
    threads = [threading.Thread(target=use) for _ in range(2)]
    threads[0].start()
    entered.wait(30)
    threads[1].start()
    threads[1].join(0.3)
    go.set()
    for thread in threads:
        thread.join()
    assert order == ["configured", "used", "used"]


def test_a_password_may_stand_in_a_file_of_the_server(postgres: Server, tmp_path: Path) -> None:
    """As the containers have it: the address names the file, and only its owner may read that."""
    words = tmp_path / "pgpass"
    words.write_text(f"*:*:*:tieout:{postgres.password}\n")
    words.chmod(0o600)
    address = f"postgresql+psycopg2://tieout@127.0.0.1:{postgres.port}/postgres?passfile={words}"
    assert acknowledged(StateStore(address)) == {}
    words.chmod(0o644)
    with pytest.raises(StateError, match="no password supplied"):
        acknowledged(StateStore(address))


def test_an_acknowledgement_comes_back_with_its_note_and_instant(store: StateStore) -> None:
    here = NOON.astimezone(timezone(timedelta(hours=2)))
    assert acknowledge(store, BROKEN, "the broker's own rounding", here) is None
    (found,) = acknowledged(store).values()
    assert (found.broken, found.note, found.at) == (BROKEN, "the broker's own rounding", NOON)
    assert found.at.tzinfo is UTC


@pytest.mark.parametrize(
    "other",
    [
        replace(BROKEN, difference=Decimal("-18.26")),
        replace(BROKEN, difference=Decimal("18.25")),
        replace(BROKEN, account_id="U2"),
        replace(BROKEN, check_name="nav_start"),
        replace(BROKEN, period_start=date(2024, 1, 1)),
        replace(BROKEN, period_end=date(2024, 3, 29)),
        replace(BROKEN, currency="EUR"),
    ],
    ids=lambda b: f"{b.account_id} {b.check_name} {b.period_start} {b.currency} {b.difference}",
)
def test_another_break_is_not_acknowledged(store: StateStore, other: Break) -> None:
    acknowledge(store, BROKEN, "known", NOON)
    assert other not in acknowledged(store)
    assert undo(store, other, NOON) is None
    assert BROKEN in acknowledged(store)


def test_the_same_difference_with_other_zeros_is_the_same_break(store: StateStore) -> None:
    acknowledge(store, replace(BROKEN, difference=Decimal("-18.2500000000")), "known", NOON)
    assert BROKEN in acknowledged(store)
    acknowledge(store, replace(BROKEN, difference=Decimal("1E+3")), "known", NOON)
    assert replace(BROKEN, difference=Decimal(1000)) in acknowledged(store)


def test_the_last_word_counts(store: StateStore) -> None:
    acknowledge(store, BROKEN, "first", NOON)
    before = acknowledge(store, BROKEN, "second", NOON)
    assert before is not None
    assert before.note == "first"
    assert acknowledged(store)[BROKEN].note == "second"
    taken_back = undo(store, BROKEN, NOON)
    assert taken_back is not None
    assert taken_back.note == "second"
    assert acknowledged(store) == {}
    assert undo(store, BROKEN, NOON) is None
    acknowledge(store, BROKEN, "third", NOON - timedelta(1))
    assert acknowledged(store)[BROKEN].note == "third", "the order of writing counts, not a clock"


def test_nothing_that_was_said_is_lost(store: StateStore) -> None:
    acknowledge(store, BROKEN, "first", NOON)
    undo(store, BROKEN, NOON)
    acknowledge(store, BROKEN, "second", NOON)
    with store.read(COMPONENT) as connection:
        assert connection is not None
        rows = connection.execute(
            text("select action, note from acknowledgement_event order by event_id")
        ).all()
    assert rows == [("acknowledged", "first"), ("undone", ""), ("acknowledged", "second")]


@pytest.fixture
def together() -> threading.Barrier:
    return threading.Barrier(6)


def test_of_many_at_once_exactly_one_is_the_first(
    store: StateStore, url: str, together: threading.Barrier
) -> None:
    found: list[str | None] = []

    def say(number: int) -> None:
        own = StateStore(url)
        together.wait()
        before = acknowledge(own, BROKEN, str(number), NOON)
        found.append(before.note if before else None)

    threads = [threading.Thread(target=say, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert found.count(None) == 1
    assert len({*found, acknowledged(store)[BROKEN].note}) == 7, "each saw the one before it"
