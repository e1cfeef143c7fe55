"""The live feed's state: every value comes back as it was told, what is gone is gone, readers wait for nobody."""

import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from state_store.database import StateStore
from state_store.live import Changes, fills, positions, read, write
from state_store.live_handover import Waiting, delivered, prune, stage, staged, waiting
from state_store.live_tables import COMPONENT
from tests.support.told_by_tws import (
    DOWN,
    EUR_ACCOUNT,
    NOON,
    OPTION,
    SHARE,
    UP,
    USD_ACCOUNT,
    account_pnl,
    commission,
    execution,
    later,
    position,
    position_pnl,
    snapshot,
)

FIRST, SECOND = "0000e0d5.00000001.01.01", "0000e0d5.00000001.01.02"
BOOK = snapshot(
    position(),
    position("-2.5", OPTION, USD_ACCOUNT),
    pnl=(position_pnl(), position_pnl(None, OPTION, USD_ACCOUNT)),
    account_pnls=(account_pnl(), account_pnl(None, USD_ACCOUNT)),
)


@pytest.fixture
def on_sqlite(path: Path) -> StateStore:
    return StateStore(f"sqlite:///{path}")


def told(**kinds: object) -> Changes:
    """Changes told at noon, keyed as the feed keys them."""
    changes = Changes(link=UP)
    for name, values in kinds.items():
        if name == "snapshot":
            changes.snapshot = (values, NOON)
            continue
        for value in values:
            key = {
                "positions": lambda v: (v.account_id, v.contract.conid),
                "position_pnl": lambda v: (v.account_id, v.conid),
                "account_pnl": lambda v: v.account_id,
            }.get(name, lambda v: v.execution_id)(value)
            getattr(changes, name)[key] = (value, NOON)
    return changes


def count(store: StateStore, table: str) -> object:
    with store.read(COMPONENT) as connection:
        assert connection is not None
        return connection.execute(text(f"select count(*) from {table}")).scalar()


def test_where_no_feed_ran_nothing_is_read_and_nothing_made(store: StateStore, path: Path) -> None:
    assert read(store) is None
    assert positions(store) == []
    assert fills(store) == []
    assert waiting(store) == Waiting((), ())
    assert not path.parent.exists()


def test_every_value_comes_back_exactly(store: StateStore) -> None:
    write(store, told(snapshot=BOOK), later(1))
    state = read(store)
    assert state is not None
    assert (state.link, state.reconciled_at, state.written_at, state.ended) == (UP, NOON, later(1), False)
    assert [(a.account_id, a.currency) for a in state.accounts] == [
        (EUR_ACCOUNT, "EUR"),
        (USD_ACCOUNT, "USD"),
    ]
    assert [a.pnl for a in state.accounts] == list(BOOK.account_pnl)
    held = positions(store)
    assert [h.position for h in held] == list(BOOK.positions)
    assert [h.pnl for h in held] == list(BOOK.position_pnl)
    assert [h.position for h in positions(store, [USD_ACCOUNT])] == [BOOK.positions[1]]


def test_an_account_without_pnl_has_none_not_zero(store: StateStore) -> None:
    write(store, told(snapshot=snapshot(position())), NOON)
    state = read(store)
    assert state is not None
    assert [a.pnl for a in state.accounts] == [None, None]
    assert positions(store)[0].pnl is None


def test_only_a_whole_snapshot_removes(store: StateStore) -> None:
    write(store, told(snapshot=BOOK), NOON)
    write(store, told(positions=[position("7")], position_pnl=[position_pnl("11")]), later(1))
    held = {h.position.contract.conid: h for h in positions(store)}
    assert held.keys() == {SHARE.conid, OPTION.conid}
    assert held[SHARE.conid].position.quantity == 7
    assert held[SHARE.conid].pnl == position_pnl("11")
    write(store, told(snapshot=snapshot(position("8"), accounts=(EUR_ACCOUNT,))), later(2))
    (left,) = positions(store)
    assert (left.position.quantity, left.pnl) == (8, None)
    state = read(store)
    assert state is not None
    assert [a.account_id for a in state.accounts] == [EUR_ACCOUNT]


def test_what_is_held_no_more_goes_with_its_pnl(store: StateStore) -> None:
    write(store, told(snapshot=BOOK), NOON)
    write(store, told(positions=[position("0")], position_pnl=[position_pnl("3")]), later(1))
    assert [h.position.contract.conid for h in positions(store)] == [OPTION.conid]
    write(store, told(positions=[position("5")]), later(2))
    again = next(h for h in positions(store) if h.position.contract.conid == SHARE.conid)
    assert again.pnl is None, "the PnL of the position that was closed is not that of the new one"


def test_each_value_keeps_the_instant_when_it_was_told(store: StateStore) -> None:
    write(store, told(snapshot=BOOK), NOON)
    changes = Changes(position_pnl={(EUR_ACCOUNT, SHARE.conid): (position_pnl("1"), later(5))})
    write(store, changes, later(9))
    at = {h.position.contract.conid: (h.told_at, h.pnl_at) for h in positions(store)}
    assert at == {SHARE.conid: (NOON, later(5)), OPTION.conid: (NOON, NOON)}
    write(store, told(snapshot=snapshot(position())), NOON)
    assert [h.pnl_at for h in positions(store)] == [None]


def test_a_link_stands_until_another_is_told_and_the_heartbeat_moves(store: StateStore) -> None:
    write(store, Changes(), NOON)
    assert read(store).link.reason == "the feed starts"
    write(store, Changes(link=DOWN), later(1))
    write(store, Changes(), later(3))
    state = read(store)
    assert (state.link, state.written_at, state.reconciled_at) == (DOWN, later(3), None)
    write(store, told(snapshot=BOOK), later(4))
    write(store, Changes(link=DOWN), later(5), ended=True)
    state = read(store)
    assert (state.link, state.reconciled_at, state.ended) == (DOWN, NOON, True)


def test_a_correction_takes_the_place_of_its_fill_whichever_comes_first(store: StateStore) -> None:
    first, second = execution(FIRST), replace(execution(SECOND), price=Decimal("190.60"))
    for one, other in ((first, second), (second, first)):
        write(store, told(executions=[one]), NOON)
        write(store, told(executions=[other]), NOON)
        assert [fill.execution for fill in fills(store)] == [second]
    write(store, told(commissions=[commission(FIRST, "1.05")]), NOON)
    (fill,) = fills(store)
    assert fill.commission == commission(FIRST, "1.05")
    assert not fill.complete, "the commission is that of the revision before"
    write(store, told(commissions=[commission(SECOND, "0.99"), commission(FIRST, "1.05")]), NOON)
    (fill,) = fills(store)
    assert (fill.commission, fill.complete) == (commission(SECOND, "0.99"), True)


def test_ids_without_a_revision_are_fills_of_their_own(store: StateStore) -> None:
    write(store, told(executions=[execution("one"), execution("other"), execution("no.number")]), NOON)
    assert len(fills(store)) == 3


def test_a_fill_waits_until_a_document_holds_it_and_its_late_commission_once_more(store: StateStore) -> None:
    write(store, told(executions=[execution(FIRST)]), NOON)
    found = waiting(store)
    assert ([f.execution for f in found.fills], found.late) == ([execution(FIRST)], ())
    stage(store, "a.json", b"a", found, NOON)
    assert waiting(store) == Waiting((), ())
    assert staged(store) == [("a.json", b"a")]
    delivered(store, "a.json")
    assert staged(store) == []
    write(store, told(commissions=[commission(FIRST)]), later(30))
    found = waiting(store)
    assert (found.fills, found.late) == ((), (commission(FIRST),))
    stage(store, "b.json", b"b", found, later(31))
    assert waiting(store) == Waiting((), ())
    write(store, told(executions=[execution(SECOND)]), later(40))
    assert [f.execution.execution_id for f in waiting(store).fills] == [SECOND], "a correction is news"


def test_past_fills_go_once_they_are_handed_over_and_are_not_handed_over_again(store: StateStore) -> None:
    old, new = execution("a.01", at=NOON - timedelta(1)), execution("b.01")
    write(store, told(executions=[old, new], commissions=[commission("a.01"), commission("b.01")]), NOON)
    prune(store, NOON - timedelta(hours=12), NOON - timedelta(8))
    assert len(fills(store)) == 2, "nobody has them yet"
    stage(store, "a.json", b"", waiting(store), NOON)
    prune(store, NOON - timedelta(hours=12), NOON - timedelta(8))
    assert [f.execution for f in fills(store)] == [new]
    write(store, told(executions=[old], commissions=[commission("a.01")]), NOON)
    assert waiting(store) == Waiting((), ()), "TWS tells the fills of several days when it is asked"
    prune(store, NOON + timedelta(20), NOON + timedelta(20))
    prune(store, NOON + timedelta(20), NOON + timedelta(20))
    for table in ("live_execution", "live_commission", "live_handed"):
        assert count(store, table) == 0, table


def test_a_fill_stays_until_its_commission_is_handed_over_but_not_for_ever(store: StateStore) -> None:
    today, long_ago = NOON + timedelta(hours=12), NOON - timedelta(8)
    write(store, told(executions=[execution(FIRST)]), NOON)
    stage(store, "a.json", b"", waiting(store), NOON)
    prune(store, today, long_ago)
    write(store, told(commissions=[commission(FIRST)]), NOON + timedelta(hours=14))
    assert waiting(store).late == (commission(FIRST),), "it came after midnight"
    stage(store, "b.json", b"", waiting(store), NOON)
    prune(store, today, long_ago)
    assert fills(store) == []
    write(store, told(executions=[execution("9.01")], commissions=[commission("8.01")]), NOON)
    stage(store, "c.json", b"", waiting(store), NOON)
    prune(store, NOON + timedelta(9), NOON + timedelta(1))
    assert fills(store) == []
    assert count(store, "live_commission") == 0, "not that of a fill that was never told either"


def test_a_reader_sees_one_state_however_often_it_asks(store: StateStore) -> None:
    write(store, told(snapshot=BOOK), NOON)
    with store.read(COMPONENT) as connection:
        assert connection is not None
        asked = text("select count(*) from live_position")
        assert connection.execute(asked).scalar() == 2
        write(store, told(positions=[position("0")]), later(1))
        assert connection.execute(asked).scalar() == 2
    assert count(store, "live_position") == 1


def test_readers_wait_for_no_writer_and_hold_none_up(on_sqlite: StateStore, path: Path) -> None:
    write(on_sqlite, told(snapshot=BOOK), NOON)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as reader:
        reader.execute("begin")
        assert reader.execute("select count(*) from live_position").fetchone() == (2,)
        write(on_sqlite, told(positions=[position("0")]), later(1))
        assert reader.execute("select count(*) from live_position").fetchone() == (2,)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as writer:
        writer.execute("begin immediate")
        writer.execute("delete from live_position")
        began = time.monotonic()
        assert len(positions(on_sqlite)) == 1
        assert time.monotonic() - began < 5, "the store waits thirty seconds for a lock"


def test_a_writer_waits_for_another_one(on_sqlite: StateStore, path: Path) -> None:
    write(on_sqlite, told(snapshot=BOOK), NOON)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("begin immediate")
        release = threading.Timer(0.5, other.execute, ["commit"])
        release.start()
        write(on_sqlite, told(positions=[position("9")]), later(1))
        release.join()
    assert positions(on_sqlite)[0].position.quantity == 9


def test_a_store_that_is_kept_open_reads_and_writes_the_same(path: Path) -> None:
    kept = StateStore(f"sqlite:///{path}", keep_open=True)
    for second in range(3):
        write(kept, told(positions=[position(str(second + 1))]), later(second))
    assert positions(StateStore(f"sqlite:///{path}"))[0].position.quantity == 3
    assert path.with_name(path.name + "-wal").exists()
    kept.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name], "closed without a rest"
