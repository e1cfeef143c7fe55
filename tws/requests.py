"""Requests that wait for an end marker: one at a time per key, each with a deadline. No library, no socket."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

from tws.errors import Trouble, TwsError


class Requests:
    """What was asked and is not answered yet. All calls are made on one event loop."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._wanted: Counter[Hashable] = Counter()
        self._open: dict[Hashable, tuple[asyncio.Future[None], list[Any]]] = {}
        self._lost: TwsError | None = None

    async def ask(self, key: Hashable, end: str, send: Callable[[], None]) -> list[Any]:
        """Send a request and return what came for it up to its end marker.

        `end` names the marker for the error. A second request with the same key waits for the first. Raises
        `TwsError`: the marker did not come before the deadline (what came until then is thrown away, because a
        part of it would look like the whole), TWS refused, or the connection was lost. After the first of these a
        key is not to be used again: the marker may still come, and would end the next answer too early.
        """
        self._wanted[key] += 1
        try:
            async with self._locks.setdefault(key, asyncio.Lock()):
                return await self._ask(key, end, send)
        finally:
            self._wanted[key] -= 1
            if not self._wanted[key]:
                del self._wanted[key], self._locks[key]

    async def _ask(self, key: Hashable, end: str, send: Callable[[], None]) -> list[Any]:
        if self._lost is not None:
            raise self._lost
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        items: list[Any] = []
        self._open[key] = (future, items)
        try:
            send()
            async with asyncio.timeout(
                self._deadline
            ):  # wait_for can lose a cancellation that comes with the end
                await future
        except TimeoutError:
            raise TwsError(
                Trouble.NOT_ENDED, f"TWS did not end its answer within {self._deadline:g} s ({end})"
            ) from None
        finally:
            del self._open[key]
        return items

    def collect(self, key: Hashable, item: object) -> bool:
        """Add to the answer of a request; False if none with that key is open."""
        if key not in self._open:
            return False
        self._open[key][1].append(item)
        return True

    def end(self, key: Hashable) -> None:
        """The end marker came. One that nobody waits for means nothing."""
        if key in self._open and not self._open[key][0].done():
            self._open[key][0].set_result(None)

    def fail(self, key: Hashable, error: TwsError) -> bool:
        """TWS refused this request; False if none with that key is open."""
        if key not in self._open:
            return False
        if not self._open[key][0].done():
            self._open[key][0].set_exception(error)
        return True

    def fail_unnumbered(self, error: TwsError) -> bool:
        """TWS refused a request that has no number: it may be any of the open ones without. False if there is none."""
        unnumbered = [key for key in self._open if not isinstance(key, int)]
        for key in unnumbered:
            self.fail(key, error)
        return bool(unnumbered)

    def fail_all(self, error: TwsError) -> None:
        """The connection is lost: what is open fails now, what comes later at once."""
        self._lost = error
        for key in list(self._open):
            self.fail(key, error)
