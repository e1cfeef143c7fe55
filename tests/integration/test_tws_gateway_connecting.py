"""What keeps a client from being connected to the simulated TWS, and what lets it in again."""

import asyncio
import contextlib
import socket
from typing import Any

import pytest

from tests.fakes.tws_gateway import HOST, SYSTEM_TEXTS, Gateway
from tests.support.ib_client import SHORT, clock, errors_of, library, talk, until
from tests.support.tws_wire import wire_client

pytest_plugins = ["tests.support.simulated_tws"]


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


def test_a_refusal_is_told_byte_by_byte_too(gateway: Gateway) -> None:
    gateway.faults.single_bytes = True
    gateway.faults.refused_client_ids.add(7)
    assert codes_of_a_refusal_in_wire(gateway, 7) == [("error", ["2", "-1", "326"])]


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
