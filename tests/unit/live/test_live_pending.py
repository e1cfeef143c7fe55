"""Conflation: the newest of each key, every fill, and nothing forgotten when a write fails."""

from apps.live.pending import Pending
from state_store.live import Changes
from tests.support.told_by_tws import (
    DOWN,
    EUR_ACCOUNT,
    NOON,
    SHARE,
    UP,
    account_pnl,
    commission,
    execution,
    later,
    position,
    position_pnl,
    snapshot,
)
from tws.values import Reconciled

KEY = (EUR_ACCOUNT, SHARE.conid)


def test_of_each_key_the_newest_waits_with_its_instant() -> None:
    pending = Pending()
    for second in range(1000):
        pending.add(position_pnl(str(second)), later(second))
        pending.add(account_pnl(str(second)), later(second))
        pending.add(position(str(second)), later(second))
    assert pending.keys == 3
    assert pending.events == 3000
    assert pending.oldest == NOON
    changes, oldest = pending.take()
    assert oldest == NOON
    assert changes.position_pnl == {KEY: (position_pnl("999"), later(999))}
    assert changes.account_pnl == {EUR_ACCOUNT: (account_pnl("999"), later(999))}
    assert changes.positions == {KEY: (position("999"), later(999))}
    assert (pending.keys, pending.oldest, pending.take()) == (0, None, (Changes(), None))


def test_no_fill_is_conflated_and_one_told_twice_is_one() -> None:
    pending = Pending()
    for told in ("1.01", "2.01", "1.02", "2.01"):
        pending.add(execution(told), NOON)
        pending.add(commission(told), NOON)
    changes, _ = pending.take()
    assert list(changes.executions) == list(changes.commissions) == ["1.01", "2.01", "1.02"]


def test_a_snapshot_takes_the_place_of_what_was_told_before_it_but_for_fills_and_the_link() -> None:
    pending = Pending()
    for event in (
        UP,
        position("1"),
        position_pnl("1"),
        account_pnl("1"),
        execution("1.01"),
        commission("1.01"),
    ):
        pending.add(event, NOON)
    book = snapshot(position("2"))
    pending.add(Reconciled(book), later(1))
    pending.add(position("3"), later(2))
    changes, _ = pending.take()
    assert changes.snapshot == (book, later(1))
    assert changes.link == UP
    assert (changes.position_pnl, changes.account_pnl) == ({}, {})
    assert changes.positions == {KEY: (position("3"), later(2))}
    assert changes.executions.keys() == changes.commissions.keys() == {"1.01"}


def test_what_could_not_be_written_waits_behind_what_was_told_since() -> None:
    pending = Pending()
    first = snapshot(position("1"))
    for event in (UP, Reconciled(first), position("2"), position_pnl("2"), execution("1.01")):
        pending.add(event, NOON)
    failed = pending.take()
    for event in (DOWN, position("3"), execution("2.01")):
        pending.add(event, later(1))
    pending.put_back(*failed)
    assert pending.oldest == NOON
    changes, _ = pending.take()
    assert changes.snapshot == (first, NOON)
    assert changes.link == DOWN
    assert changes.positions[KEY] == (position("3"), later(1))
    assert changes.position_pnl[KEY] == (position_pnl("2"), NOON)
    assert list(changes.executions) == ["1.01", "2.01"]


def test_what_could_not_be_written_does_not_outlive_a_newer_snapshot() -> None:
    pending = Pending()
    for event in (Reconciled(snapshot(position("1"))), position_pnl("1"), position("2"), execution("1.01")):
        pending.add(event, NOON)
    failed = pending.take()
    newer = snapshot()
    pending.add(Reconciled(newer), later(1))
    pending.put_back(*failed)
    changes, _ = pending.take()
    assert changes.snapshot == (newer, later(1))
    assert (changes.positions, changes.position_pnl) == ({}, {})
    assert changes.executions.keys() == {"1.01"}


FILL_OF_THE_FIRST, FILL_OF_THE_SECOND = "1.01", "2.01"
FIRST, SECOND = (
    snapshot(position(), executions=(execution(one),), commissions=(commission(one),))
    for one in (FILL_OF_THE_FIRST, FILL_OF_THE_SECOND)
)


def test_the_fills_of_a_snapshot_outlive_it() -> None:
    pending = Pending()
    pending.add(Reconciled(FIRST), NOON)
    pending.add(Reconciled(SECOND), later(1))
    changes, _ = pending.take()
    assert changes.snapshot == (SECOND, later(1))
    assert changes.executions == {FILL_OF_THE_FIRST: (execution(FILL_OF_THE_FIRST), NOON)}
    assert changes.commissions == {FILL_OF_THE_FIRST: (commission(FILL_OF_THE_FIRST), NOON)}


def test_the_fills_of_a_snapshot_that_could_not_be_written_outlive_it() -> None:
    pending = Pending()
    pending.add(Reconciled(FIRST), NOON)
    failed = pending.take()
    pending.add(Reconciled(SECOND), later(1))
    pending.add(execution("3.01"), later(2))
    pending.put_back(*failed)
    changes, _ = pending.take()
    assert changes.snapshot == (SECOND, later(1))
    assert list(changes.executions) == [FILL_OF_THE_FIRST, "3.01"]
    assert list(changes.commissions) == [FILL_OF_THE_FIRST]


def test_a_failed_round_of_nothing_leaves_nothing_waiting() -> None:
    pending = Pending()
    pending.put_back(*pending.take())
    assert pending.oldest is None
    assert pending.take()[0] == Changes()
