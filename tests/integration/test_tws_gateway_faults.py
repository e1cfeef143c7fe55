"""Each way in which the simulated TWS misbehaves is really seen by the client library, or on the wire."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes.tws_gateway import HOST, SYSTEM_TEXTS, Book, Gateway, tws_gateway
from tests.support.ib_client import UNSET, library, talk, until
from tests.support.tws_wire import WireClient, wire_client

ACCOUNT = "DU1000001"
FIRST = 700_000_001
SHORT = 0.4


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with tws_gateway(Book.of(3)) as running:
        yield running


async def never(asked: Awaitable[Any]) -> None:
    """Nothing answers."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asked, SHORT)


async def errors_of(client: Any) -> list[tuple[int, str]]:
    """(code, text) of the messages about errors, filled as they come."""
    told: list[tuple[int, str]] = []
    client.errorEvent += lambda request, code, text, contract: told.append((code, text))
    return told


async def clock(client: Any) -> Any:
    return await client.reqCurrentTimeAsync()


# -- connecting --------------------------------------------------------------------------------------------------


def codes_of_a_refusal(gateway: Gateway, client_id: int) -> list[int]:
    """Connect in vain; the codes that came before the end."""

    async def run() -> list[int]:
        client = library.IB()
        told = await errors_of(client)
        with contextlib.suppress(TimeoutError, ConnectionError):
            await client.connectAsync(HOST, gateway.port, client_id, timeout=SHORT, readonly=True)
        assert not client.isConnected()
        return [code for code, _ in told]

    return asyncio.run(asyncio.wait_for(run(), 10))


def test_an_id_in_use_is_refused_with_326(gateway: Gateway) -> None:
    async def second(client: Any) -> None:
        refused = await asyncio.to_thread(codes_of_a_refusal_in_wire, gateway, 1)
        assert refused == [("error", ["2", "-1", "326"])]
        assert gateway.clients == [1]

    talk(gateway, second, client_id=1)
    gateway.faults.refused_client_ids.add(7)
    assert 326 in codes_of_a_refusal(gateway, 7)
    gateway.faults.refused_client_ids.clear()
    assert talk(gateway, clock, client_id=7)


def codes_of_a_refusal_in_wire(gateway: Gateway, client_id: int) -> list[tuple[str, list[str]]]:
    with wire_client(gateway) as client:
        client.greet()
        client.send(71, 2, client_id, "")
        return [(name, fields[:3]) for name, fields in client.until_closed()]


def test_mute(gateway: Gateway) -> None:
    gateway.faults.mute = True
    with pytest.raises(TimeoutError):
        talk(gateway, clock, timeout=SHORT)
    gateway.faults.mute = False
    assert talk(gateway, clock)


@pytest.mark.parametrize("missing", ["managedAccounts", "nextValidId"])
def test_without_accounts_or_next_id_a_client_never_gets_ready(gateway: Gateway, missing: str) -> None:
    gateway.faults.withheld.add(missing)
    with pytest.raises(TimeoutError):
        talk(gateway, clock, timeout=SHORT)


def test_a_port_that_refuses_and_comes_back(gateway: Gateway) -> None:
    gateway.refuse()
    with pytest.raises(ConnectionRefusedError):
        talk(gateway, clock)
    port = gateway.port
    gateway.listen()
    assert gateway.port == port
    assert talk(gateway, clock)


def test_the_weekly_login(gateway: Gateway) -> None:
    """New connections are accepted and wait; the login answers them, also the one that waits."""

    async def dropped(client: Any) -> None:
        gateway.log_out()
        await until(lambda: not client.isConnected())

    async def logs_in_later() -> Any:
        loop = asyncio.get_running_loop()
        loop.call_later(SHORT, gateway.log_in)
        client = library.IB()
        await client.connectAsync(HOST, gateway.port, 2, timeout=5, readonly=True)
        client.disconnect()
        return loop.time()

    talk(gateway, dropped)
    with pytest.raises(TimeoutError):
        talk(gateway, clock, timeout=SHORT)
    asyncio.run(asyncio.wait_for(logs_in_later(), 10))
    assert talk(gateway, clock)


def test_the_nightly_reset(gateway: Gateway) -> None:
    async def act(client: Any) -> None:
        told = await errors_of(client)
        gateway.reset_for_the_night(0.5)
        await until(lambda: not client.isConnected())
        assert told[0] == (1100, SYSTEM_TEXTS[1100])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, gateway.port), timeout=1).close()

    talk(gateway, act)

    async def back() -> None:
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                (await asyncio.open_connection(HOST, gateway.port))[1].close()
                return
            await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(back(), 10))
    assert talk(gateway, clock)


# -- the connection goes wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_is_dropped(gateway: Gateway, reset: bool) -> None:
    async def act(client: Any) -> None:
        gone: list[bool] = []
        client.disconnectedEvent += lambda: gone.append(True)
        gateway.drop(reset)
        await until(lambda: gone)
        assert not client.isConnected()

    talk(gateway, act)
    with wire_client(gateway) as client:
        client.start()
        gateway.drop(reset)
        with pytest.raises(ConnectionResetError if reset else EOFError):
            client.message()


def test_a_connection_ends_after_so_many_messages(gateway: Gateway) -> None:
    gateway.faults.drop_after = 7
    with wire_client(gateway) as client:
        assert len(client.start()) == 5
        client.send(61, 1)
        assert [client.message()[0] for _ in range(2)] == ["position", "position"]
        with pytest.raises(EOFError):
            client.message()


def test_a_half_open_socket_looks_connected_and_answers_nothing(gateway: Gateway) -> None:
    async def act(client: Any) -> None:
        gateway.half_open()
        gateway.set_price(FIRST, 11)
        await never(client.reqCurrentTimeAsync())
        assert client.isConnected()

    talk(gateway, act)
    assert talk(gateway, clock)


def test_bytes_one_at_a_time(gateway: Gateway) -> None:
    gateway.faults.single_bytes = True

    async def act(client: Any) -> int:
        return len(await client.reqPositionsAsync())

    assert talk(gateway, act) == 3

    def chunks() -> list[int]:
        with wire_client(gateway) as client:
            client.start()
            return client.chunks

    # a busy machine may read many bytes together, but not every time
    assert any(len(chunks()) > 20 for _ in range(20))
    gateway.faults.single_bytes = False
    assert len(chunks()) < 10


def test_a_refusal_is_told_byte_by_byte_too(gateway: Gateway) -> None:
    gateway.faults.single_bytes = True
    gateway.faults.refused_client_ids.add(7)
    assert codes_of_a_refusal_in_wire(gateway, 7) == [("error", ["2", "-1", "326"])]


def test_a_failure_of_the_gateway_itself_fails_the_test() -> None:
    def use() -> None:
        with tws_gateway(Book.of(1)) as gateway, wire_client(gateway) as client:
            client.start()
            del gateway.book.dollars["USD"]
            client.send(92, 5, ACCOUNT, "")
            client.until_closed()

    with pytest.raises(AssertionError, match="the gateway failed"):
        use()


def test_a_bogus_length_blocks_all_that_follows(gateway: Gateway) -> None:
    async def act(client: Any) -> None:
        gateway.say_bogus_length()
        await never(client.reqCurrentTimeAsync())
        assert client.isConnected()

    talk(gateway, act)


def test_garbage_between_messages(gateway: Gateway) -> None:
    async def act(client: Any) -> Any:
        gateway.say_garbage()
        return await client.reqCurrentTimeAsync()

    assert talk(gateway, act)
    with wire_client(gateway) as client:
        client.start()
        gateway.say_garbage()
        assert client.frame() == ["\udcff\udcfe", "\udcc3("]


def test_text_that_is_not_utf8(gateway: Gateway) -> None:
    gateway.faults.non_utf8 = True

    async def act(client: Any) -> Any:
        return [one.contract.localSymbol for one in await client.reqPositionsAsync()]

    assert talk(gateway, act)[0] == "LOAD0000\\xe9"
    with wire_client(gateway) as client:
        client.start()
        client.send(61, 1)
        assert client.message()[1][11] == "LOAD0000\udce9"


def test_answers_that_take_their_time(gateway: Gateway) -> None:
    async def act(client: Any) -> float:
        gateway.faults.answer_delay = 0.3
        began = asyncio.get_running_loop().time()
        await client.reqCurrentTimeAsync()
        return asyncio.get_running_loop().time() - began

    assert talk(gateway, act) >= 0.29


# -- messages go wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "ask"),
    [
        ("positionEnd", lambda client: client.reqPositionsAsync()),
        ("accountDownloadEnd", lambda client: client.reqAccountUpdatesAsync(ACCOUNT)),
        ("accountSummaryEnd", lambda client: client.accountSummaryAsync()),
        ("accountUpdateMultiEnd", lambda client: client.reqAccountUpdatesMultiAsync(ACCOUNT)),
        ("execDetailsEnd", lambda client: client.reqExecutionsAsync()),
        ("openOrderEnd", lambda client: client.reqAllOpenOrdersAsync()),
        ("completedOrdersEnd", lambda client: client.reqCompletedOrdersAsync(False)),
        ("contractDetailsEnd", lambda client: client.reqContractDetailsAsync(library.Contract(conId=FIRST))),
        ("currentTime", lambda client: client.reqCurrentTimeAsync()),
    ],
)
def test_a_missing_end_leaves_the_request_open(
    gateway: Gateway, missing: str, ask: Callable[[Any], Awaitable[Any]]
) -> None:
    async def act(client: Any) -> None:
        gateway.faults.withheld.add(missing)
        await never(ask(client))
        gateway.faults.withheld.clear()
        await asyncio.wait_for(ask(client), 5)

    talk(gateway, act)


@pytest.mark.parametrize(
    ("request_name", "fields"),
    [
        ("reqPositions", (61, 1)),
        ("reqExecutions", (7, 3, 5, *[""] * 7)),
        ("reqPnL", (92, 5, ACCOUNT, "")),
        ("reqPnLSingle", (94, 5, ACCOUNT, "", FIRST)),
        ("reqAccountSummary", (62, 1, 5, "All", "NetLiquidation")),
        ("reqAccountUpdates", (6, 2, 1, ACCOUNT)),
        ("reqAccountUpdatesMulti", (76, 1, 5, ACCOUNT, "", 0)),
        ("reqContractDetails", (9, 8, 5, FIRST, *[""] * 15)),
        ("reqCurrentTime", (49, 1)),
        ("reqAllOpenOrders", (16, 1)),
        ("reqCompletedOrders", (99, 0)),
        ("cancelOrder", (4, 1, 5, "")),
        ("reqGlobalCancel", (58, 1)),
    ],
)
def test_a_request_is_refused_with_the_code_that_is_wanted(
    gateway: Gateway, request_name: str, fields: tuple[object, ...]
) -> None:
    gateway.faults.refused_requests[request_name] = 321
    with wire_client(gateway) as client:
        client.start()
        client.send(*fields)
        name, told = client.message()
        assert (name, told[2]) == ("error", "321")
        assert told[1] == ("5" if 5 in fields else "-1")


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


def test_results_that_are_not_set(gateway: Gateway) -> None:
    gateway.faults.unset_pnl = True

    async def act(client: Any) -> tuple[float, float]:
        account, single = client.reqPnL(ACCOUNT), client.reqPnLSingle(ACCOUNT, "", FIRST)
        await until(lambda: single.value == UNSET)
        return account.dailyPnL, single.dailyPnL

    assert talk(gateway, act) == (UNSET, UNSET)
    gateway.faults.unset_pnl = False
    gateway.set_price(FIRST, None)

    async def unpriced(client: Any) -> Any:
        single = client.reqPnLSingle(ACCOUNT, "", FIRST)
        await until(lambda: single.value == UNSET)
        return single.realizedPnL

    assert talk(gateway, unpriced) == 0


@pytest.mark.parametrize("code", [*SYSTEM_TEXTS, 54321])
def test_messages_about_the_system(gateway: Gateway, code: int) -> None:
    async def act(client: Any) -> tuple[int, str]:
        told = await errors_of(client)
        gateway.tell(code)
        await until(lambda: told)
        return told[0]

    assert talk(gateway, act) == (code, SYSTEM_TEXTS.get(code, "Message 54321"))


def test_1101_forgets_the_subscriptions_and_1102_keeps_them(gateway: Gateway) -> None:
    async def act(client: Any) -> tuple[float, float]:
        single = client.reqPnLSingle(ACCOUNT, "", FIRST)
        await until(lambda: single.value == 100)
        gateway.tell(1102)
        gateway.set_price(FIRST, 11)
        await until(lambda: single.value == 110)
        gateway.tell(1101)
        gateway.set_price(FIRST, 12)
        gateway.fill(ACCOUNT, FIRST, 1, 12)
        await client.reqCurrentTimeAsync()
        return single.value, client.positions(ACCOUNT)[0].position

    assert talk(gateway, act) == (110, 10)


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


def test_rubbish_from_a_client_is_a_violation_and_ends_its_connection() -> None:
    gateway = Gateway(Book.of(1))
    gateway.start()
    try:
        for sent in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"API\0\x7f\xff\xff\xff",
            b"API\0\0\0\0\x03v..\0",
            b"API\0\0\0\0\x02v\xff",
        ):
            with wire_client(gateway) as client:
                client.socket.sendall(sent)
                with pytest.raises(EOFError):
                    client.frame()
        for request in ((1, 11, 5), (61, 2), (49, 1, "more"), (49,)):
            with wire_client(gateway) as client:
                client.start()
                client.send(*request)
                with pytest.raises(EOFError):
                    client.message()
        assert len(gateway.violations) == 8
    finally:
        gateway.stop()


def test_too_many_requests_in_a_second(gateway: Gateway) -> None:
    gateway.faults.requests_a_second = 50
    with wire_client(gateway) as client:
        client.start()
        for _ in range(53):
            client.send(49, 1)
        told = [name for name, _ in client.until_closed()]
    assert told == ["currentTime"] * 50 + ["error"] * 3
    assert gateway.busiest_second == 53

    async def throttled(client: Any) -> int:
        for _ in range(60):
            client.client.reqCurrentTime()
        await until(lambda: len(gateway.asked) >= 53 + 60)
        return int(gateway.busiest_second)

    gateway.hub.busiest_second = 0
    assert talk(gateway, throttled) < 60
