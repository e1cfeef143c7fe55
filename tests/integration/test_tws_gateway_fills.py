"""Fills and their commissions as the simulated TWS misreports them: twice, early, late, to others, corrected."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.ib_client import library, talk, until
from tests.support.tws_wire import WireClient, wire_client

pytest_plugins = ["tests.support.simulated_tws"]

ACCOUNT = "DU1000001"
FIRST = 700_000_001


def test_messages_come_twice(gateway: Gateway) -> None:
    gateway.faults.doubled |= {"position", "execDetails"}

    async def act(client: Any) -> int:
        return len(await client.reqPositionsAsync())

    assert talk(gateway, act) == 6
    with wire_client(gateway) as client:
        client.start()
        gateway.fill(ACCOUNT, FIRST, 1, 10)
        told = client.until("commissionReport")
        assert [name for name, _ in told] == ["execDetails", "execDetails", "commissionReport"]
        assert told[0] == told[1]


def test_a_commission_comes_before_its_execution(gateway: Gateway) -> None:
    gateway.faults.commission_first = True
    with wire_client(gateway) as client:
        client.start()
        gateway.fill(ACCOUNT, FIRST, 1, 10)
        assert [client.message()[0] for _ in range(2)] == ["commissionReport", "execDetails"]

    async def act(client: Any) -> Any:
        gateway.fill(ACCOUNT, FIRST, 1, 10)
        await until(lambda: len(client.fills()) == 2)
        return client.fills()[1]

    # the library drops what it cannot place yet
    assert talk(gateway, act).commissionReport.commission == 0


def test_a_commission_comes_late_or_never(gateway: Gateway) -> None:
    async def late(client: Any) -> Decimal:
        gateway.faults.hold_commissions = True
        gateway.fill(ACCOUNT, FIRST, 1, 10, "0.77")
        (seen,) = await until(client.fills)
        await client.reqCurrentTimeAsync()
        assert seen.commissionReport.commission == 0
        gateway.release_commissions()
        await until(lambda: seen.commissionReport.commission)
        return Decimal(repr(seen.commissionReport.commission))

    async def never_told(client: Any) -> int:
        gateway.faults.withheld.add("commissionReport")
        gateway.fill(ACCOUNT, FIRST, 1, 10, "0.77")
        await until(lambda: len(client.fills()) == 2)
        await client.reqCurrentTimeAsync()
        return sum(fill.commissionReport.commission != 0 for fill in client.fills())

    assert talk(gateway, late) == Decimal("0.77")
    # the first one is told with the executions that a new connection asks for
    assert talk(gateway, never_told) == 1


def test_commissions_may_follow_the_end_of_the_executions(gateway: Gateway) -> None:
    gateway.fill(ACCOUNT, FIRST, 1, 10)

    def order_of_answer() -> list[str]:
        with wire_client(gateway) as client:
            client.start()
            client.send(7, 3, 5, *[""] * 7)
            return [client.message()[0] for _ in range(3)]

    assert order_of_answer() == ["execDetails", "commissionReport", "execDetailsEnd"]
    gateway.faults.commissions_after_end = True
    assert order_of_answer() == ["execDetails", "execDetailsEnd", "commissionReport"]


def test_a_fill_comes_before_its_order(gateway: Gateway) -> None:
    def first_told(client: WireClient) -> list[str]:
        names = [name for name, _ in client.until("execDetails") + client.until("commissionReport")]
        return [name for name in names if name in ("openOrder", "execDetails")]

    def place(fault: bool) -> list[str]:
        gateway.faults.fill_before_order = fault
        (sent,) = {one.fields for one in gateway.asked if one.name == "placeOrder"}
        with wire_client(gateway) as client:
            client.greet(versions.encode())
            client.send(71, 2, 9 + fault, "")
            client.send(3, *sent)
            return first_told(client)

    async def act(client: Any) -> str:
        client.placeOrder(library.Contract(conId=FIRST, exchange="SMART"), library.MarketOrder("BUY", 1))
        await until(lambda: gateway.book.fills)
        return f"v157..{client.client.serverVersion()}"

    versions = talk(gateway, act)
    assert place(False)[0] == "openOrder"
    assert place(True)[0] == "execDetails"


def test_fills_may_be_told_only_to_who_placed_the_order_and_to_the_master(gateway: Gateway) -> None:
    gateway.faults.fills_to_owner_only = True

    async def act(client: Any) -> None:
        gateway.fill(ACCOUNT, FIRST, 1, 10)
        await client.reqCurrentTimeAsync()
        assert not client.fills()
        gateway.fill(ACCOUNT, FIRST, 1, 10, client_id=1, order_id=1)
        await until(client.fills)
        assert len(await client.reqExecutionsAsync()) == 2
        gateway.faults.master_client_id = 1
        gateway.fill(ACCOUNT, FIRST, 1, 10)
        await until(lambda: len(client.fills()) == 3)

    talk(gateway, act, client_id=1)


def test_commissions_may_be_told_only_to_who_placed_the_order_and_to_the_master(gateway: Gateway) -> None:
    gateway.faults.commissions_to_owner_only = True
    gateway.fill(ACCOUNT, FIRST, 1, 10)

    def told() -> list[str]:
        with wire_client(gateway) as client:
            client.start(client_id=3)
            client.send(7, 3, 5, *[""] * 7)
            client.send(49, 1)
            return [name for name, _ in client.until("currentTime")]

    assert told() == ["execDetails", "execDetailsEnd", "currentTime"]
    gateway.faults.master_client_id = 3
    assert told() == ["execDetails", "commissionReport", "execDetailsEnd", "currentTime"]


def test_a_correction_replaces_a_fill(gateway: Gateway) -> None:
    async def act(client: Any) -> list[str]:
        fill = gateway.fill(ACCOUNT, FIRST, -4, 11)
        gateway.correct(fill.execution_id, price="10.5")
        await until(lambda: len(client.fills()) == 2)
        return [one.execution.execId for one in await client.reqExecutionsAsync()]

    first, second = talk(gateway, act)
    assert (first[-3:], second[-3:]) == (".01", ".02")
    assert first[:-3] == second[:-3]
    (truth,) = gateway.book.fills.values()
    # four sold at 10.50 that cost 9, less a commission of one
    assert (truth.execution_id, truth.price, truth.realized) == (second, Decimal("10.5"), 5)
    assert gateway.book.positions[ACCOUNT, FIRST] == (6, 9)
    assert gateway.book.accounts[ACCOUNT].cash["USD"] == 1_000_000 + 42 - 1


@pytest.mark.parametrize(
    ("style", "told"),
    [
        ("zone", "20261124 00:14:02 Asia/Tokyo"),
        ("utc", "20261123-15:14:02"),
        ("bare", "20261124  00:14:02"),
    ],
)
def test_times_of_executions_in_three_forms(style: str, told: str) -> None:
    with tws_gateway(Book.of(1), zone="Asia/Tokyo") as gateway, wire_client(gateway) as client:
        gateway.faults.execution_time = style
        client.start()
        gateway.fill(ACCOUNT, FIRST, 1, 10, at=datetime(2026, 11, 23, 15, 14, 2, tzinfo=UTC))
        assert client.message()[1][14] == told
