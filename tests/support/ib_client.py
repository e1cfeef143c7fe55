"""The real client library, whichever of the two is installed, connected to a gateway for the length of a test."""

import asyncio
import importlib.util
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from tests.fakes.tws_gateway import HOST, Gateway

if importlib.util.find_spec("ib_async") is not None:
    import ib_async as library
else:
    import ib_insync as library  # type: ignore[no-redef]

Result = TypeVar("Result")
DEADLINE = 20.0
SHORT = 0.4
UNSET = library.util.UNSET_DOUBLE


def exact(number: float) -> Decimal:
    """The decimal that was on the wire, when it had no more digits than a double keeps."""
    return Decimal(repr(number)).normalize() + 0


def talk(
    gateway: Gateway,
    act: Callable[[Any], Awaitable[Result]],
    client_id: int = 1,
    timeout: float = 5.0,
    readonly: bool = True,
) -> Result:
    """Connect, let the test act with the connected client, disconnect; what the test gave back.

    Raises what connecting raised, and TimeoutError when all of it takes longer than DEADLINE.
    """

    async def run() -> Result:
        client = library.IB()
        try:
            await client.connectAsync(HOST, gateway.port, client_id, timeout=timeout, readonly=readonly)
            return await act(client)
        finally:
            client.disconnect()

    logging.getLogger(library.__name__).setLevel(logging.CRITICAL)
    return asyncio.run(asyncio.wait_for(run(), DEADLINE))


async def until(reached: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait in the loop until something is true, and give it; an AssertionError when it never is."""
    ends = asyncio.get_running_loop().time() + seconds
    while not (found := reached()):
        if asyncio.get_running_loop().time() > ends:
            raise AssertionError("what the test waits for did not happen")
        await asyncio.sleep(0.005)
    return found


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
    """What TWS answers when it is asked for its time."""
    return await client.reqCurrentTimeAsync()
