"""Async work for a caller that blocks: in a thread and an event loop of its own. It knows nothing of TWS."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

CLEANUP_SECONDS = 1.0
Result = TypeVar("Result")


def run_apart(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run a coroutine to its end and return what it returns, or raise what it raises.

    The caller's thread may have a running event loop, or none at all; the client library wants one of its own.
    """
    outcome: Future[Result] = Future()

    async def told() -> None:
        try:
            outcome.set_result(await work())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            outcome.set_exception(error)

    thread = threading.Thread(target=lambda: asyncio.run(told()), name="tws", daemon=True)
    thread.start()
    try:
        return outcome.result()
    finally:
        # The loop closes its sockets now; what it may still wait for is a name server, which has no deadline.
        thread.join(CLEANUP_SECONDS)
