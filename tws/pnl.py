"""Subscriptions to the profit and loss of accounts and positions, as fast as TWS allows; figures stand in `newest`."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable

from tws.newest import Newest

log = logging.getLogger("tieout.tws")

Account = str
PositionKey = tuple[str, int]
"""Account and conid."""

# TWS hangs up on a client that sends more than 50 messages a second. The library holds back what exceeds 45; we keep
# subscriptions far enough below that a request never waits behind them, and in small lots, because a machine that
# was busy for a moment reads the messages of two moments at once.
LOT, LOT_SECONDS = 8, 0.25
SUBSCRIPTIONS_A_SECOND = LOT / LOT_SECONDS


class Pace:
    """When the last messages were sent, and how long a subscription has to wait."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sent_at: deque[float] = deque(maxlen=LOT)

    def sent(self) -> None:
        """A message was sent."""
        self._sent_at.append(self._clock())

    def wait(self) -> float:
        """Seconds until the next subscription may be sent: of any kind of message, at most a lot within its time."""
        if len(self._sent_at) < LOT:
            return 0.0
        return max(self._sent_at[0] + LOT_SECONDS - self._clock(), 0.0)


class PnlSubscriptions:
    """Who is followed. `send` sends a request by its name, `request_id` gives a new id. One event loop."""

    def __init__(
        self, newest: Newest, pace: Pace, send: Callable[..., None], request_id: Callable[[], int]
    ) -> None:
        self._newest = newest
        self._pace = pace
        self._send = send
        self._request_id = request_id
        self._keys: dict[int, Account | PositionKey] = {}
        self._waiting: deque[PositionKey] = deque()
        self._unanswered: set[Account | PositionKey] = set()
        self._answered = asyncio.Event()
        self._subscriber: asyncio.Task[None] | None = None
        self._ended = False

    def key_of(self, request: int) -> Account | PositionKey | None:
        """The account or position of a subscription."""
        return self._keys.get(request)

    @property
    def positions(self) -> set[PositionKey]:
        """The positions that are followed, or are about to be."""
        return {*self._waiting, *(key for key in self._keys.values() if isinstance(key, tuple))}

    def follow_account(self, account: Account) -> None:
        """Follow an account."""
        if account not in self._keys.values():
            self._subscribe(account, "reqPnL", account, "")

    def follow_positions(self, keys: Iterable[PositionKey]) -> None:
        """Follow positions too: at once as many as may be sent, the others as soon as they may."""
        known = self.positions
        new = [key for key in dict.fromkeys(keys) if key not in known]
        self._waiting.extend(new)
        self._unanswered.update(new)
        if self._waiting and (self._subscriber is None or self._subscriber.done()):
            self._subscriber = asyncio.create_task(self._subscribe_waiting())

    async def _subscribe_waiting(self) -> None:
        while self._waiting and not self._ended:
            wait = self._pace.wait()
            if wait:
                await asyncio.sleep(wait)
            else:
                account, conid = key = self._waiting.popleft()
                self._subscribe(key, "reqPnLSingle", account, "", conid)

    def _subscribe(self, key: Account | PositionKey, name: str, *arguments: object) -> None:
        request = self._request_id()
        self._keys[request] = key
        self._unanswered.add(key)
        self._send(name, request, *arguments)

    def leave_positions(self, keys: Iterable[PositionKey]) -> None:
        """Follow these positions no more."""
        gone = set(keys)
        self._waiting = deque(key for key in self._waiting if key not in gone)
        for request in [request for request, key in self._keys.items() if key in gone]:
            del self._keys[request]
            self._send("cancelPnLSingle", request)
        for key in gone:
            self._newest.position_pnl.pop(key, None)
            self._unanswered.discard(key)

    def forget(self) -> None:
        """TWS has lost all subscriptions: they can be made anew, and what they told is no longer so."""
        self._newest.account_pnl.clear()
        self._newest.position_pnl.clear()
        self._keys.clear()
        self._waiting.clear()
        self._unanswered.clear()
        self._answered.set()

    def end(self) -> None:
        """The connection is gone: nobody waits any longer."""
        self._ended = True
        if self._subscriber is not None:
            self._subscriber.cancel()
        self._answered.set()

    def answered(self, key: Account | PositionKey) -> None:
        """A subscription was answered, with figures or with a code."""
        self._unanswered.discard(key)
        self._answered.set()

    def refused(self, request: int) -> bool:
        """TWS refused a subscription: it can be made anew, and nobody waits for it. False if it is none."""
        key = self._keys.pop(request, None)
        if key is not None:
            self.answered(key)
        return key is not None

    async def first_answers(self, keys: Iterable[Account | PositionKey], seconds: float) -> None:
        """Wait until each of these was answered once, at most so long, and no longer than the connection stands."""
        wanted = set(keys)
        try:
            async with asyncio.timeout(seconds):
                while not self._ended and not self._unanswered.isdisjoint(wanted):
                    self._answered.clear()
                    await self._answered.wait()
        except TimeoutError:
            log.info("no PnL yet for %d subscription(s)", len(self._unanswered & wanted))
