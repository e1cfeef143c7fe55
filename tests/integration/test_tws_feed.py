"""A feed through the real client library over a real socket: it tells the simulated TWS's book, and it comes back."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.fakes.tws import session
from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.tws_feed import Listener, endpoint_of, finish, listening, now
from tws.feed import Feed
from tws.values import (
    AccountPnl,
    Commission,
    Event,
    Execution,
    Link,
    LinkState,
    Position,
    PositionPnl,
    Reconciled,
)

ACCOUNT = "DU1000001"
FIRST = 700_000_001


def asked(gateway: Gateway) -> Counter[str]:
    return Counter(one.name for one in gateway.asked)


def valued(conid: int, value: str) -> object:
    """Whether an event is the PnL of a position that is worth so much."""
    return lambda event: (
        isinstance(event, PositionPnl) and event.conid == conid and event.market_value == Decimal(value)
    )


async def caught_up(hear: Listener, gateway: Gateway) -> None:
    """A price change reaches the listener: every subscription before it stands."""
    price = gateway.book.prices[FIRST] or Decimal(10)
    gateway.set_price(FIRST, price + 1)
    value = gateway.book.pnl(ACCOUNT, FIRST).value
    await hear.until(valued(FIRST, str(value)))


async def becomes(value: Callable[[], int], wanted: int, seconds: float = 10) -> None:
    """A number reaches what is wanted; fails after so many seconds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while value() != wanted:
        assert asyncio.get_running_loop().time() < deadline, (value(), wanted)
        await asyncio.sleep(0.02)


def positions_of(reconciled: Reconciled) -> dict[tuple[str, int], tuple[Decimal, Decimal | None]]:
    return {
        (p.account_id, p.contract.conid): (p.quantity, p.average_cost) for p in reconciled.snapshot.positions
    }


def test_it_is_reconciled_before_it_is_up() -> None:
    async def main(gateway: Gateway) -> None:
        gateway.fill(ACCOUNT, FIRST, 7, "10.25")
        async with listening(endpoint_of(gateway)) as hear:
            reconciled = await hear.reconciled()
            link = await hear.state(LinkState.UP)
            assert positions_of(reconciled) == gateway.book.positions
            assert {e.execution_id for e in reconciled.snapshot.executions} == set(gateway.book.fills)
            assert "DU1000001" in link.reason
            assert [link.state for link in hear.of(Link)] == [LinkState.DOWN, LinkState.UP]
            await caught_up(hear, gateway)
            assert hear.of(Execution) == []  # they are in the reconciliation

    with tws_gateway(Book.of(3)) as gateway:
        finish(main(gateway))


@pytest.mark.parametrize("accounts", [(ACCOUNT,), (ACCOUNT, "DU1000002", "F1000003")])
def test_a_price_is_told_for_each_account_and_position(accounts: tuple[str, ...]) -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            last = (accounts[-1], FIRST + 1)
            await hear.until(lambda e: isinstance(e, PositionPnl) and (e.account_id, e.conid) == last)
            gateway.set_price(FIRST, "12.5")
            for account in accounts:
                result = gateway.book.pnl(account, FIRST)
                wanted = PositionPnl(
                    account,
                    FIRST,
                    result.quantity,
                    result.daily,
                    result.unrealized,
                    result.realized,
                    result.value,
                )
                await hear.until(lambda e, wanted=wanted: e == wanted)
            for account in accounts:
                result = gateway.book.account_pnl(account)
                total = AccountPnl(account, result.daily, result.unrealized, result.realized)
                await hear.until(lambda e, total=total: e == total)

    with tws_gateway(Book.of(2, accounts)) as gateway:
        finish(main(gateway))


@pytest.mark.parametrize("pushed", [True, False])
def test_a_fill_is_told_once_with_its_commission(pushed: bool) -> None:
    """TWS does not push the fills of others; the position that changes makes the feed ask for them."""

    async def main(gateway: Gateway) -> None:
        gateway.faults.fills_to_owner_only = not pushed
        gateway.faults.doubled = {"execDetails", "commissionReport", "position"}
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            fill = gateway.fill(ACCOUNT, FIRST, -3, "10.25", commission="0.35")
            await hear.until(lambda e: isinstance(e, Commission))
            gateway.fill(ACCOUNT, FIRST + 1, 1, "10")
            await hear.until(lambda e: isinstance(e, Commission))
            await caught_up(hear, gateway)
            first, second = hear.of(Execution)
            assert (first.execution_id, first.quantity, first.price) == (fill.execution_id, -3, fill.price)
            assert [(c.execution_id, c.commission) for c in hear.of(Commission)] == [
                (fill.execution_id, Decimal("0.35")),
                (second.execution_id, Decimal(1)),
            ]
            assert [type(e) for e in hear.told if isinstance(e, Execution | Commission)] == [
                Execution, Commission, Execution, Commission,
            ]  # fmt: skip
            told = {e.contract.conid: e.quantity for e in hear.of(Position)}
            assert told == {FIRST: 7, FIRST + 1: 12}

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


def test_a_commission_may_come_first_or_late() -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            gateway.faults.commission_first = True
            early = gateway.fill(ACCOUNT, FIRST, 3, "10.25")
            await hear.until(lambda e: isinstance(e, Execution))
            paid = await hear.until(lambda e: isinstance(e, Commission))
            assert isinstance(paid, Commission)
            assert paid.execution_id == early.execution_id
            gateway.faults.commission_first = False
            gateway.faults.hold_commissions = True
            late = gateway.fill(ACCOUNT, FIRST, 3, "10.25")
            await hear.until(lambda e: isinstance(e, Execution))
            assert late.execution_id not in {c.execution_id for c in hear.of(Commission)}
            gateway.release_commissions()
            await hear.until(lambda e: isinstance(e, Commission) and e.execution_id == late.execution_id)

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


def test_a_correction_is_told_and_what_it_corrects_is_not_told_again() -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            fill = gateway.fill(ACCOUNT, FIRST, 3, "10.25")
            gateway.correct(fill.execution_id, price="10.26")
            corrected = await hear.until(lambda e: isinstance(e, Execution) and e.revision == 2)
            assert isinstance(corrected, Execution)
            assert (corrected.root, corrected.price) == (fill.root, Decimal("10.26"))
            gateway.fill(ACCOUNT, FIRST, 1, "10")  # makes the feed ask for all of them again
            await hear.until(lambda e: isinstance(e, Execution))
            await caught_up(hear, gateway)
            assert [e.revision for e in hear.of(Execution)] == [1, 2, 1]

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


def test_a_position_opened_later_is_followed_and_a_closed_one_no_more() -> None:
    async def main(gateway: Gateway) -> None:
        held = gateway.book.holdings.pop((ACCOUNT, FIRST + 1))
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            gateway.fill(ACCOUNT, FIRST + 1, 4, "10")
            await hear.until(lambda e: isinstance(e, PositionPnl) and e.conid == FIRST + 1)
            gateway.set_price(FIRST + 1, "13")
            await hear.until(valued(FIRST + 1, "52"))
            gateway.fill(ACCOUNT, FIRST + 1, -4, "13")
            closed = await hear.until(lambda e: isinstance(e, Position) and not e.quantity)
            assert isinstance(closed, Position)
            assert closed.contract.conid == FIRST + 1
            await caught_up(hear, gateway)
            gateway.set_price(FIRST + 1, "14")
            place = len(hear.told)
            await caught_up(hear, gateway)
            assert FIRST + 1 not in {e.conid for e in hear.told[place:] if isinstance(e, PositionPnl)}
            await becomes(lambda: asked(gateway)["cancelPnLSingle"], 1)
            assert held.quantity

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


def test_unset_figures_and_missing_prices_are_none() -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            await caught_up(hear, gateway)
            gateway.set_price(FIRST, None)
            none = await hear.until(lambda e: isinstance(e, PositionPnl) and e.market_value is None)
            assert isinstance(none, PositionPnl)
            assert (none.daily, none.unrealized, none.quantity) == (None, None, 10)
            gateway.faults.unset_pnl = True
            gateway.set_price(FIRST, 11)
            unset = await hear.until(lambda e: isinstance(e, AccountPnl) and e.daily is None)
            assert isinstance(unset, AccountPnl)
            assert (unset.unrealized, unset.realized) == (None, None)

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))


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


def test_neither_the_librarys_log_nor_ours_holds_figures(caplog: pytest.LogCaptureFixture) -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            gateway.fill(ACCOUNT, FIRST, 7, "10.4321", commission="0.35")
            await hear.until(lambda e: isinstance(e, Commission))
            gateway.tell(98765)
            await hear.reconciled()
            gateway.drop()
            await hear.state(LinkState.DOWN)

    with caplog.at_level("DEBUG"), tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))
    assert {record.name for record in caplog.records} <= {"tieout.tws", "asyncio"}
    assert "hung up" in caplog.text
    for figure in ("10.4321", "LOAD", "0.35", ACCOUNT):
        assert figure not in caplog.text


def test_it_ends_at_whatever_moment_it_is_cancelled() -> None:
    async def main(gateway: Gateway) -> None:
        for moment in range(60):
            feed = Feed(endpoint_of(gateway, client_id=moment), now)
            task = asyncio.create_task(Listener().listen(feed))
            for _ in range(moment):
                await asyncio.sleep(0.0001)
            task.cancel()
            await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 2)

    with tws_gateway(Book.of(3)) as gateway:
        finish(main(gateway))


def test_five_hundred_positions_stay_below_the_brokers_limit(caplog: pytest.LogCaptureFixture) -> None:
    """TWS hangs up on more than 50 messages a second; the feed is up before all positions are followed."""

    async def main(gateway: Gateway) -> None:
        gateway.faults.requests_a_second = 50
        loop = asyncio.get_running_loop()
        async with listening(endpoint_of(gateway), keepalive_seconds=0.5) as hear:
            began = loop.time()
            await hear.state(LinkState.UP)
            assert loop.time() - began < 3
            while loop.time() - began < 4:
                gateway.tell(98765)  # asks for everything again, once a heartbeat
                await asyncio.sleep(0.1)
            assert asked(gateway)["reqPnLSingle"] > 3 * 20
            assert asked(gateway)["reqCurrentTime"] > 3
            assert [link.state for link in hear.of(Link)] == [LinkState.DOWN, LinkState.UP]

    with tws_gateway(Book.of(500)) as gateway:
        finish(main(gateway))
    assert "Max rate" not in caplog.text


def test_a_slow_reader_gets_the_newest_figures_and_every_fill() -> None:
    async def main(gateway: Gateway) -> None:
        async with listening(endpoint_of(gateway)) as hear:
            await hear.state(LinkState.UP)
            await caught_up(hear, gateway)
            place = len(hear.told)
            hear.pause()
            fills = [gateway.fill(ACCOUNT, FIRST, 1, "10").execution_id for _ in range(5)]
            for step in range(300):
                gateway.set_price(FIRST, Decimal(2000 + step) / 100)
            await asyncio.sleep(0.3)
            hear.resume()
            value = str(gateway.book.pnl(ACCOUNT, FIRST).value)
            await hear.until(valued(FIRST, value))
            told: list[Event] = hear.told[place:]
            assert [e.execution_id for e in told if isinstance(e, Execution)] == fills
            assert len([e for e in told if isinstance(e, PositionPnl)]) < 100

    with tws_gateway(Book.of(2)) as gateway:
        finish(main(gateway))
