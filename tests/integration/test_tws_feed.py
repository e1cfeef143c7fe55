"""A feed through the real client library over a real socket: it tells what is in the simulated TWS's book."""

import asyncio
from decimal import Decimal

import pytest

from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.tws_feed import (
    ACCOUNT,
    FIRST,
    Listener,
    act_on_a_feed,
    asked,
    becomes,
    caught_up,
    endpoint_of,
    finish,
    listening,
    now,
    positions_of,
    valued,
)
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
)


def test_it_is_reconciled_before_it_is_up() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        reconciled = await hear.reconciled()
        link = await hear.state(LinkState.UP)
        assert positions_of(reconciled) == gateway.book.positions
        assert {e.execution_id for e in reconciled.snapshot.executions} == set(gateway.book.fills)
        assert "DU1000001" in link.reason
        assert [link.state for link in hear.of(Link)] == [LinkState.DOWN, LinkState.UP]
        await caught_up(hear, gateway)
        assert hear.of(Execution) == []  # they are in the reconciliation

    with tws_gateway(Book.of(3)) as gateway:
        gateway.fill(ACCOUNT, FIRST, 7, "10.25")
        act_on_a_feed(main, gateway)


@pytest.mark.parametrize("accounts", [(ACCOUNT,), (ACCOUNT, "DU1000002", "F1000003")])
def test_a_price_is_told_for_each_account_and_position(accounts: tuple[str, ...]) -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
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
        act_on_a_feed(main, gateway)


@pytest.mark.parametrize("pushed", [True, False])
def test_a_fill_is_told_once_with_its_commission(pushed: bool) -> None:
    """TWS does not push the fills of others; the position that changes makes the feed ask for them."""

    async def main(gateway: Gateway, hear: Listener) -> None:
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
        gateway.faults.fills_to_owner_only = not pushed
        gateway.faults.doubled = {"execDetails", "commissionReport", "position"}
        act_on_a_feed(main, gateway)


def test_a_commission_may_come_first_or_late() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
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
        act_on_a_feed(main, gateway)


def test_a_correction_is_told_and_what_it_corrects_is_not_told_again() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
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
        act_on_a_feed(main, gateway)


def test_a_position_opened_later_is_followed_and_a_closed_one_no_more() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
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

    with tws_gateway(Book.of(2)) as gateway:
        del gateway.book.holdings[ACCOUNT, FIRST + 1]
        act_on_a_feed(main, gateway)


def test_unset_figures_and_missing_prices_are_none() -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
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
        act_on_a_feed(main, gateway)


def test_neither_the_librarys_log_nor_ours_holds_figures(caplog: pytest.LogCaptureFixture) -> None:
    async def main(gateway: Gateway, hear: Listener) -> None:
        await hear.state(LinkState.UP)
        gateway.fill(ACCOUNT, FIRST, 7, "10.4321", commission="0.35")
        await hear.until(lambda e: isinstance(e, Commission))
        gateway.tell(98765)
        await hear.reconciled()
        gateway.drop()
        await hear.state(LinkState.DOWN)

    with caplog.at_level("DEBUG"), tws_gateway(Book.of(2)) as gateway:
        act_on_a_feed(main, gateway)
    assert {record.name for record in caplog.records} <= {"tieout.tws", "asyncio"}
    assert "hung up" in caplog.text
    for figure in ("10.4321", "LOAD", "0.35", ACCOUNT):
        assert figure not in caplog.text


def test_it_ends_at_whatever_moment_it_is_cancelled() -> None:
    async def main(gateway: Gateway) -> None:
        before = asyncio.all_tasks()
        for moment in range(60):
            feed = Feed(endpoint_of(gateway, client_id=moment), now)
            task = asyncio.create_task(Listener().listen(feed))
            for _ in range(moment):
                await asyncio.sleep(0.0001)
            task.cancel()
            await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 2)
        await becomes(lambda: len(gateway.clients), 0)
        assert asyncio.all_tasks() == before

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
    async def main(gateway: Gateway, hear: Listener) -> None:
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
        act_on_a_feed(main, gateway)
