"""A market that moves by itself: so many price changes a second, the same ones every time. Who is told: `hub`."""

import asyncio
from decimal import Decimal
from itertools import cycle, islice
from typing import TYPE_CHECKING

from tests.fakes.tws.holdings import ZERO

if TYPE_CHECKING:
    from tests.fakes.tws.hub import Hub

TURNS_A_SECOND = 50
TICK = Decimal("0.01")
STEPS_UP = 100


class Stream:
    """Moves the prices of all that is held, one after the other; each climbs a hundred ticks and falls back."""

    def __init__(self, hub: "Hub") -> None:
        self.hub = hub
        self.changes = 0
        self._steps: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self, changes_a_second: int) -> None:
        """Begin, or go on at another speed."""
        self.stop()
        self._task = asyncio.get_running_loop().create_task(self._run(changes_a_second))

    def stop(self) -> None:
        """No more changes."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, changes_a_second: int) -> None:
        loop = asyncio.get_running_loop()
        conids = cycle(sorted({conid for _, conid in self.hub.book.holdings}))
        began, moved = loop.time(), 0
        while True:
            due = int((loop.time() - began) * changes_a_second) - moved
            if due:
                self.hub.set_prices({conid: self._next(conid) for conid in islice(conids, due)})
                moved += due
                self.changes += due
            await asyncio.sleep(1 / TURNS_A_SECOND)

    def _next(self, conid: int) -> Decimal:
        step = self._steps[conid] = (self._steps.get(conid, 0) + 1) % (2 * STEPS_UP)
        return (self.hub.book.prices[conid] or ZERO) + (TICK if 0 < step <= STEPS_UP else -TICK)
