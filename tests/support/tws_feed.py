"""A feed's reader for tests: it keeps every event, and waits for one with a deadline."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from tests.fakes.tws_gateway import Gateway
from tws import Endpoint
from tws.feed import Feed
from tws.values import Event, Link, LinkState, PositionPnl, Reconciled

DEADLINE = 10.0
ACCOUNT = "DU1000001"
FIRST = 700_000_001
Result = TypeVar("Result")
T = TypeVar("T")


def now() -> datetime:
    """The clock of the tests that need no other."""
    return datetime.now(UTC)


def endpoint_of(gateway: Gateway, **options: Any) -> Endpoint:
    """Where the simulated TWS listens, with deadlines that a test can wait for."""
    return Endpoint(
        **{"port": gateway.port, "client_id": 7, "connect_deadline": 2.0, "request_deadline": 2.0, **options}
    )


def finish(work: Coroutine[Any, Any, Result], seconds: float = 30.0) -> Result:
    """Run to the end, or fail after so many seconds."""
    return asyncio.run(asyncio.wait_for(work, seconds))


class Listener:
    """What a feed told so far, in `told`."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self._news = asyncio.Event()
        self._running = asyncio.Event()
        self._running.set()
        self._seen = 0

    def pause(self) -> None:
        """Read nothing until `resume`."""
        self._running.clear()

    def resume(self) -> None:
        """Read on."""
        self._running.set()

    async def listen(self, feed: Feed) -> None:
        """Read the feed for ever."""
        async with aclosing(feed.events()) as events:
            async for event in events:
                self.told.append(event)
                self._news.set()
                await self._running.wait()

    def from_now(self) -> None:
        """What was told so far is no longer waited for."""
        self._seen = len(self.told)

    async def until(self, wanted: Callable[[Event], bool], seconds: float = DEADLINE) -> Event:
        """The next event, behind the one that was waited for last, that is wanted; fails after so many seconds."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            for place in range(self._seen, len(self.told)):
                if wanted(self.told[place]):
                    self._seen = place + 1
                    return self.told[place]
            left = deadline - asyncio.get_running_loop().time()
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), max(left, 0.0))
            except TimeoutError:
                raise AssertionError(f"not told within {seconds} s; told: {self.told[-5:]}") from None

    async def state(self, state: LinkState, seconds: float = DEADLINE) -> Link:
        """The next link in this state."""
        link = await self.until(lambda event: isinstance(event, Link) and event.state is state, seconds)
        assert isinstance(link, Link)
        return link

    async def reconciled(self) -> Reconciled:
        """The next reconciliation."""
        event = await self.until(lambda event: isinstance(event, Reconciled))
        assert isinstance(event, Reconciled)
        return event

    def of(self, kind: type[T]) -> list[T]:
        """All events of a kind so far."""
        return [event for event in self.told if isinstance(event, kind)]


@contextlib.asynccontextmanager
async def listening(endpoint: Endpoint, **options: Any) -> AsyncIterator[Listener]:
    """A feed and its listener, ended with the block; a feed that fails by itself fails the block."""
    settings = {"reconnect_min_delay": 0.05, "reconnect_max_delay": 0.2, "keepalive_seconds": 5.0, **options}
    feed = Feed(endpoint, settings.pop("now", now), **settings)
    listener = Listener()
    task = asyncio.create_task(listener.listen(feed))
    try:
        yield listener
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def act_on_a_feed(
    act: Callable[[Gateway, Listener], Coroutine[Any, Any, Result]],
    gateway: Gateway,
    *,
    endpoint: Endpoint | None = None,
    **options: Any,
) -> Result:
    """Let a test act on the gateway while a feed listens to it; what the test gave back."""

    async def heard() -> Result:
        async with listening(endpoint or endpoint_of(gateway), **options) as hear:
            return await act(gateway, hear)

    return finish(heard())


def asked(gateway: Gateway) -> Counter[str]:
    """How often each request came."""
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
    """Quantity and average cost by account and conid."""
    return {
        (p.account_id, p.contract.conid): (p.quantity, p.average_cost) for p in reconciled.snapshot.positions
    }
