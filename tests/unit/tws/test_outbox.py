"""The queue between connection and reader: figures are conflated, facts are kept, memory is bounded."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tws.outbox import Outbox
from tws.values import (
    AccountPnl,
    Commission,
    Contract,
    Event,
    Execution,
    Link,
    LinkState,
    Position,
    PositionPnl,
    Reconciled,
    Snapshot,
)

AT = datetime(2026, 3, 3, tzinfo=UTC)
SHARE = Contract(1, "ABC", "STK", "USD")
EMPTY = Snapshot(AT, AT, ("U1",), (), (), (), (), (), ())


def pnl(conid: int, value: int, account: str = "U1") -> PositionPnl:
    return PositionPnl(account, conid, Decimal(1), None, None, None, Decimal(value))


def fill(number: int, revision: int = 1) -> Execution:
    return Execution(
        f"a.{number}.{revision:02d}", "U1", SHARE, AT, Decimal(1), Decimal(10), "NYSE", 0, number, 0
    )


def paid(number: int) -> Commission:
    return Commission(f"a.{number}.01", Decimal(1), "USD", None)


def drained(outbox: Outbox) -> list[Event]:
    return [outbox.pop() for _ in range(len(outbox))]


def test_a_newer_figure_takes_the_place_and_the_turn_of_the_older() -> None:
    outbox = Outbox()
    for event in (pnl(1, 1), pnl(2, 1), pnl(1, 2), pnl(1, 3), pnl(1, 9, "U2")):
        outbox.put(event)
    assert drained(outbox) == [pnl(1, 3), pnl(2, 1), pnl(1, 9, "U2")]


def test_each_kind_of_figure_has_its_own_place() -> None:
    outbox = Outbox()
    position = Position("U1", SHARE, Decimal(1), None)
    total = AccountPnl("U1", Decimal(1), None, None)
    for event in (
        position,
        pnl(1, 1),
        total,
        replace(total, daily=Decimal(2)),
        replace(position, quantity=Decimal(2)),
    ):
        outbox.put(event)
    assert drained(outbox) == [
        replace(position, quantity=Decimal(2)),
        pnl(1, 1),
        replace(total, daily=Decimal(2)),
    ]


def test_facts_are_all_kept_in_their_order() -> None:
    outbox = Outbox()
    links = [Link(LinkState.DOWN, AT, "a"), Link(LinkState.UP, AT, "b"), Link(LinkState.DOWN, AT, "a")]
    facts: list[Event] = [fill(1), paid(1), links[0], fill(1, 2), links[1], fill(2), links[2], paid(2)]
    for event in facts:
        outbox.put(event)
    assert drained(outbox) == facts


def test_memory_is_bounded_by_the_positions() -> None:
    outbox = Outbox()
    for value in range(100_000):
        outbox.put(pnl(value % 500, value))
    assert len(outbox) == 500


def test_a_reconciliation_settles_what_waits_but_loses_no_fill() -> None:
    outbox = Outbox()
    older = replace(EMPTY, executions=(fill(1), fill(2)), commissions=(paid(1), paid(2)))
    newer = replace(EMPTY, executions=(fill(2),), commissions=(paid(2),))
    down = Link(LinkState.DOWN, AT, "lost")
    for event in (
        Reconciled(older),
        pnl(1, 1),
        fill(2),
        fill(3),
        paid(2),
        down,
        Reconciled(newer),
        pnl(2, 1),
    ):
        outbox.put(event)
    assert drained(outbox) == [fill(1), paid(1), fill(3), down, Reconciled(newer), pnl(2, 1)]


def test_nothing_waits() -> None:
    with pytest.raises(KeyError, match="no event"):
        Outbox().pop()
