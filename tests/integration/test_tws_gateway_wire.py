"""The connection to the simulated TWS goes wrong: cut off, half open, bytes that mean nothing, on both sides."""

import asyncio
from typing import Any

import pytest

from tests.fakes.tws.session import Session
from tests.fakes.tws_gateway import Book, Gateway, tws_gateway
from tests.support.ib_client import clock, never, talk, until
from tests.support.tws_wire import wire_client

pytest_plugins = ["tests.support.simulated_tws"]

ACCOUNT = "DU1000001"
FIRST = 700_000_001


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


def test_bytes_one_at_a_time(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway.faults.single_bytes = True

    async def act(client: Any) -> int:
        return len(await client.reqPositionsAsync())

    assert talk(gateway, act) == 3

    # how many the other side reads together is not in anybody's hand
    written: list[int] = []
    made = Session.connection_made

    def connection_made(session: Session, transport: Any) -> None:
        made(session, transport)
        write = transport.write
        transport.write = lambda data: written.append(len(data)) or write(data)

    monkeypatch.setattr(Session, "connection_made", connection_made)
    for single in (True, False):
        gateway.faults.single_bytes = single
        written.clear()
        with wire_client(gateway) as client:
            client.start()
        assert (set(written) == {1}) is single


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

    async def throttled(client: Any) -> bool:
        held_back: list[bool] = []
        client.client.throttleStart += lambda: held_back.append(True)
        for _ in range(60):
            client.client.reqCurrentTime()
        await until(lambda: len(gateway.asked) >= 53 + 60)
        return bool(held_back)

    gateway.faults.requests_a_second = None  # a busy machine may read the messages of two moments at once
    assert talk(gateway, throttled)
