"""A feed that loses its connection or its broker: it says which, in words, and comes back with what it missed."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.tws_feed import (
    ACCOUNT,
    FIRST,
    Listener,
    act_on_a_feed,
    caught_up,
    endpoint_of,
    finish,
    listening,
    positions_of,
)
from tws.values import (
    Link,
    LinkState,
    Reconciled,
)

NIGHT = datetime(2026, 3, 3, 4, 50, tzinfo=UTC)  # 23:50 in New York
NOON = datetime(2026, 3, 3, 17, tzinfo=UTC)


@pytest.mark.parametrize("reset", [True, False])
def test_after_a_drop_it_reconciles_what_it_missed(reset: bool) -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.refuse()
        gateway.drop(reset)
        link = await hear.state(LinkState.DOWN)
        assert "hung up" in link.reason
        gateway.fill(ACCOUNT, FIRST, 5, "10")
        gateway.fill(ACCOUNT, FIRST + 1, -gateway.book.positions[ACCOUNT, FIRST + 1][0], "10")
        gateway.listen()
        reconciled = await hear.reconciled()
        await hear.state(LinkState.UP)
        assert positions_of(reconciled) == gateway.book.positions
        assert {e.execution_id for e in reconciled.snapshot.executions} == set(gateway.book.fills)
        await caught_up(hear, gateway)

    with tws_gateway(Book.of(3)) as gateway:
        act_on_a_feed(main, gateway)


def test_a_half_open_connection_is_found_by_the_heartbeat() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.half_open()
        link = await hear.state(LinkState.DOWN, seconds=8)
        assert "no longer answers" in link.reason
        await hear.state(LinkState.UP)
        await caught_up(hear, gateway)

    with tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(
            main, gateway, endpoint=endpoint_of(gateway, request_deadline=0.3), keepalive_seconds=0.2
        )


@pytest.mark.parametrize("fault", ["say_bogus_length", "say_garbage"])
def test_nonsense_on_the_wire_ends_the_connection_not_the_feed(fault: str) -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        getattr(gateway, fault)()
        await hear.state(LinkState.DOWN, seconds=8)
        await hear.state(LinkState.UP)
        await caught_up(hear, gateway)

    with tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(
            main, gateway, endpoint=endpoint_of(gateway, request_deadline=0.3), keepalive_seconds=0.2
        )


@pytest.mark.parametrize("marker", ["positionEnd", "execDetailsEnd", "accountDownloadEnd"])
def test_an_answer_without_an_end_never_reconciles(marker: str) -> None:
    """Part of the positions looks like an account that was sold: it is not told."""

    async def main(gateway: Gateway, hear: Listener) -> None:
        link = await hear.until(lambda e: isinstance(e, Link) and "did not end" in e.reason)
        assert isinstance(link, Link)
        assert link.state is LinkState.DOWN
        assert hear.of(Reconciled) == []
        gateway.faults.withheld = set()
        assert positions_of(await hear.reconciled()) == gateway.book.positions

    with tws_gateway(Book.of(2)) as gateway:
        gateway.faults.withheld = {marker}
        act_on_a_feed(main, gateway, endpoint=endpoint_of(gateway, request_deadline=0.2))


def test_the_nightly_reset_is_named_and_ends_by_itself() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.reset_for_the_night(0.6)
        await hear.state(LinkState.DEGRADED)
        link = await hear.state(LinkState.DOWN)
        assert "nightly reset" in link.reason
        await hear.until(lambda e: isinstance(e, Link) and "nothing listens" in e.reason)
        await hear.state(LinkState.UP)
        assert all("nightly reset" in link.reason for link in hear.of(Link)[3:-1])
        assert LinkState.STOPPED not in {link.state for link in hear.of(Link)}
        await caught_up(hear, gateway)

    with tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(main, gateway, now=lambda: NIGHT)


def test_at_noon_a_drop_after_the_broker_was_lost_is_no_reset() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.tell(1100)
        gateway.drop()
        link = await hear.state(LinkState.DOWN)
        assert "see whether TWS or IB Gateway still runs" in link.reason

    with tws_gateway(Book.of(1)) as gateway:
        act_on_a_feed(main, gateway, now=lambda: NOON)


def test_a_tws_that_was_never_there_is_not_in_its_reset() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        link = await hear.until(lambda e: isinstance(e, Link) and "nothing listens" in e.reason)
        assert isinstance(link, Link)
        assert "start TWS" in link.reason

    with tws_gateway(Book.of(1)) as gateway:
        gateway.refuse()
        act_on_a_feed(main, gateway, now=lambda: NIGHT)


def test_a_port_that_was_changed_is_named_with_its_setting_also_at_night() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.refuse()
        gateway.tell(1300)
        link = await hear.state(LinkState.DOWN)
        assert (link.code, "set IBKR_PORT to the new port" in link.reason) == (1300, True)
        refused = await hear.state(LinkState.DOWN)
        assert "set IBKR_PORT to its socket port" in refused.reason

    with tws_gateway(Book.of(1)) as gateway:
        act_on_a_feed(main, gateway, now=lambda: NIGHT)


def test_a_restart_behind_a_forwarder_is_named_and_found() -> None:
    """In the containers something else takes the connection, and hangs up until IB Gateway is logged in."""

    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.faults.hangs_up = True
        gateway.drop()
        link = await hear.until(lambda e: isinstance(e, Link) and "before it said anything" in e.reason)
        assert isinstance(link, Link)
        assert (link.state, "forwarder" in link.reason, "Trusted" in link.reason) == (
            LinkState.DOWN, True, False,
        )  # fmt: skip
        gateway.faults.hangs_up = False
        await hear.state(LinkState.UP)

    with tws_gateway(Book.of(1)) as gateway:
        act_on_a_feed(main, gateway)


def test_the_weekly_login_is_named_stops_the_attempts_and_is_found() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.log_out()
        link = await hear.until(lambda e: isinstance(e, Link) and "weekly login" in e.reason)
        assert isinstance(link, Link)
        stopped = await hear.state(LinkState.STOPPED)
        assert "weekly login" in stopped.reason
        assert "tried again about every" in stopped.reason
        gateway.log_in()
        await hear.state(LinkState.UP)
        await caught_up(hear, gateway)

    with tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(main, gateway, endpoint=endpoint_of(gateway, connect_deadline=0.1))


def test_an_id_in_use_opens_the_circuit_breaker_and_closes_it_when_it_is_free() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        link = await hear.state(LinkState.STOPPED)
        assert (link.code, "IBKR_CLIENT_ID" in link.reason) == (326, True)
        gateway.faults.refused_client_ids = set()
        await hear.state(LinkState.UP)

    with tws_gateway(Book.of(1)) as gateway:
        gateway.faults.refused_client_ids = {7}
        act_on_a_feed(main, gateway)


def test_it_hangs_up_when_it_is_cancelled() -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            assert gateway.clients == [7]
        for _ in range(200):
            if not gateway.clients:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the connection is still there")

    with tws_gateway(Book.of(1)) as gateway:
        finish(main(gateway))


def test_a_connection_cut_off_at_any_moment_does_not_end_the_feed() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        for moment in range(40):
            gateway.faults.drop_after = moment
            gateway.drop(reset=True)
            await asyncio.sleep(0.02 + moment / 1000)
        gateway.faults.drop_after = None
        hear.from_now()
        gateway.refuse()
        gateway.drop()
        await hear.until(lambda e: isinstance(e, Link) and "nothing listens" in e.reason)
        gateway.listen()
        assert positions_of(await hear.reconciled()) == gateway.book.positions
        await hear.state(LinkState.UP)
        await caught_up(hear, gateway)

    with tws_gateway(Book.of(5)) as gateway:
        act_on_a_feed(main, gateway, reconnect_max_delay=0.06)
