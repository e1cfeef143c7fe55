"""A feed that loses its connection or its broker: it says which, in words, and comes back with what it missed."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.fakes.tws import session
from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.tws_feed import (
    ACCOUNT,
    FIRST,
    asked,
    becomes,
    caught_up,
    endpoint_of,
    finish,
    listening,
    positions_of,
)
from tws.values import (
    Link,
    LinkState,
    PositionPnl,
    Reconciled,
)


@pytest.mark.parametrize("reset", [True, False])
def test_after_a_drop_it_reconciles_what_it_missed(reset: bool) -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
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
        finish(main(gateway))


def test_a_half_open_connection_is_found_by_the_heartbeat() -> None:
    async def main(gateway: Gateway) -> None:
        endpoint = endpoint_of(gateway, request_deadline=0.3)
        async with listening(endpoint, keepalive_seconds=0.2) as hear:
            await hear.state(LinkState.UP)
            gateway.half_open()
            link = await hear.state(LinkState.DOWN, seconds=8)
            assert "no longer answers" in link.reason
            await hear.state(LinkState.UP)
            await caught_up(hear, gateway)

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


@pytest.mark.parametrize("fault", ["say_bogus_length", "say_garbage"])
def test_nonsense_on_the_wire_ends_the_connection_not_the_feed(fault: str) -> None:
    async def main(gateway: Gateway) -> None:
        endpoint = endpoint_of(gateway, request_deadline=0.3)
        async with listening(endpoint, keepalive_seconds=0.2) as hear:
            await hear.state(LinkState.UP)
            getattr(gateway, fault)()
            await hear.state(LinkState.DOWN, seconds=8)
            await hear.state(LinkState.UP)
            await caught_up(hear, gateway)

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


@pytest.mark.parametrize(("code", "again"), [(1101, 2), (1102, 1)])
def test_the_broker_is_lost_and_comes_back(code: int, again: int) -> None:
    """1101 subscribes to everything again, 1102 finds the subscriptions as they were; both reconcile."""

    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            await caught_up(hear, gateway)
            gateway.tell(1100)
            link = await hear.state(LinkState.DEGRADED)
            assert link.code == 1100
            gateway.tell(code)
            await hear.reconciled()
            await hear.state(LinkState.UP)
            await caught_up(hear, gateway)
            await becomes(lambda: asked(gateway)["reqPnLSingle"], 2 * again)
            assert asked(gateway)["reqPnL"] == again
            assert asked(gateway)["reqPositions"] == 2
            assert LinkState.DOWN not in {link.state for link in hear.of(Link)[1:]}

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


def test_a_farm_is_lost_and_comes_back() -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            gateway.tell(2103, "Market data farm connection is broken:eufarm")
            link = await hear.state(LinkState.DEGRADED)
            assert (link.code, "eufarm" in link.reason) == (2103, True)
            gateway.tell(2104, "Market data farm connection is OK:usfarm")
            gateway.tell(2104, "Market data farm connection is OK:eufarm")
            await hear.reconciled()
            await hear.state(LinkState.UP)

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


def test_the_server_is_back_when_a_farm_is() -> None:
    """Nothing takes 2110 back; 1100 is taken back by 1101 and 1102 alone."""

    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            gateway.tell(2110)
            await hear.state(LinkState.DEGRADED)
            gateway.tell(2108, "Market data farm connection is inactive but should be available:usfarm")
            await hear.reconciled()
            await hear.state(LinkState.UP)
            gateway.tell(1100)
            await hear.state(LinkState.DEGRADED)
            gateway.tell(2104, "Market data farm connection is OK:usfarm")
            await caught_up(hear, gateway)
            assert hear.of(Link)[-1].state is LinkState.DEGRADED

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


@pytest.mark.parametrize("code", [2110, 1300])
def test_codes_that_say_that_figures_are_old(code: int) -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            gateway.tell(code)
            assert (await hear.state(LinkState.DEGRADED)).code == code
            gateway.drop()
            await hear.state(LinkState.DOWN)
            await hear.state(LinkState.UP)

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


def test_market_data_taken_by_another_login_is_missing_until_prices_come() -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            await caught_up(hear, gateway)
            gateway.tell(10197)
            link = await hear.state(LinkState.DEGRADED)
            assert (link.code, "not zero" in link.reason) == (10197, True)
            gateway.set_price(FIRST + 1, None)
            none = await hear.until(lambda e: isinstance(e, PositionPnl))
            assert isinstance(none, PositionPnl)
            assert none.market_value is None
            assert hear.of(Link)[-1].state is LinkState.DEGRADED
            gateway.set_price(FIRST + 1, 12)
            await hear.state(LinkState.UP)

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


def test_a_code_that_nobody_knows_reconciles_once_a_heartbeat_and_information_does_nothing() -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            for code in (2104, 2106, 2107, 2108, 2158, 2119):
                gateway.tell(code)
            await caught_up(hear, gateway)
            assert len(hear.of(Reconciled)) == 1
            for _ in range(20):
                gateway.tell(98765)
            await hear.reconciled()
            await caught_up(hear, gateway)
            assert len(hear.of(Reconciled)) == 2
            assert hear.of(Link)[-1].state is LinkState.UP

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


@pytest.mark.parametrize("marker", ["positionEnd", "execDetailsEnd", "accountDownloadEnd"])
def test_an_answer_without_an_end_never_reconciles(marker: str) -> None:
    """Part of the positions looks like an account that was sold: it is not told."""

    async def main(gateway: Gateway) -> None:
        gateway.faults.withheld = {marker}
        async with listening(endpoint_of(gateway, request_deadline=0.2)) as hear:
            link = await hear.until(lambda e: isinstance(e, Link) and "did not end" in e.reason)
            assert isinstance(link, Link)
            assert link.state is LinkState.DOWN
            assert hear.of(Reconciled) == []
            gateway.faults.withheld = set()
            assert positions_of(await hear.reconciled()) == gateway.book.positions

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


def test_the_nightly_reset_is_named_and_ends_by_itself() -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            gateway.reset_for_the_night(0.6)
            await hear.state(LinkState.DEGRADED)
            link = await hear.state(LinkState.DOWN)
            assert "nightly reset" in link.reason
            await hear.state(LinkState.UP)
            assert LinkState.STOPPED not in {link.state for link in hear.of(Link)}
            await caught_up(hear, gateway)

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


def test_in_the_hours_of_the_reset_a_refused_connection_is_named_so() -> None:
    async def main(gateway: Gateway) -> None:
        night = datetime(2026, 3, 3, 4, 50, tzinfo=UTC)  # 23:50 in New York
        async with listening(endpoint_of(gateway), now=lambda: night) as hear:
            gateway.refuse()
            gateway.drop()
            link = await hear.until(lambda e: isinstance(e, Link) and "nothing listens" in e.reason)
            assert isinstance(link, Link)
            assert "nightly reset" in link.reason

    with tws_gateway(Book.of(1)) as gateway:
        gateway.refuse()
        finish(main(gateway))


def test_the_weekly_login_is_named_stops_the_attempts_and_is_found() -> None:
    async def main(gateway: Gateway) -> None:
        endpoint = endpoint_of(gateway, connect_deadline=0.1)
        async with listening(endpoint) as hear:
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
        finish(main(gateway))


def test_an_id_in_use_opens_the_circuit_breaker_and_closes_it_when_it_is_free() -> None:
    async def main(gateway: Gateway) -> None:
        gateway.faults.refused_client_ids = {7}
        async with listening(endpoint_of(gateway)) as hear:
            link = await hear.state(LinkState.STOPPED)
            assert (link.code, "IBKR_CLIENT_ID" in link.reason) == (326, True)
            gateway.faults.refused_client_ids = set()
            await hear.state(LinkState.UP)

    with tws_gateway(Book.of(1)) as gateway:
        finish(main(gateway))


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
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway), reconnect_max_delay=0.06) as hear:
            for moment in range(40):
                gateway.faults.drop_after = moment
                gateway.drop(reset=True)
                await asyncio.sleep(0.02 + moment / 1000)
            gateway.faults.drop_after = None
            gateway.drop()
            place = len(hear.told)
            await hear.state(LinkState.UP)
            assert hear.told[place:]
            await caught_up(hear, gateway)

    with tws_gateway(Book.of(5)) as gateway:
        finish(main(gateway))


def test_what_tws_says_at_the_login_is_heard() -> None:
    """A TWS that has lost the broker says so right behind the login, before anybody could listen."""

    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            link = await hear.state(LinkState.DEGRADED)
            assert link.code == 2110
            assert LinkState.UP not in {link.state for link in hear.of(Link)}

    with pytest.MonkeyPatch.context() as patch, tws_gateway(Book.of(2)) as gateway:
        patch.setattr(session, "FARMS", (*session.FARMS, (2110, "Connectivity is broken.")))
        finish(main(gateway))
