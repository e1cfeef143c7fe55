"""One snapshot of TWS, taken from start to end: connect, ask, hang up. It blocks; what is asked stands in `reading`."""

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime

from tws.endpoint import Endpoint
from tws.values import Snapshot


def take_snapshot(endpoint: Endpoint, now: Callable[[], datetime]) -> Snapshot:
    """Everything that TWS tells now; raises `TwsError`, within the deadlines of the endpoint.

    It runs in a thread of its own, because the caller's may have an event loop already, or none at all.
    """
    outcome: list[Snapshot | BaseException] = []

    def work() -> None:
        try:
            outcome.append(asyncio.run(_take(endpoint, now)))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            outcome.append(error)

    thread = threading.Thread(target=work, name="tws-snapshot", daemon=True)
    thread.start()
    thread.join()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


async def _take(endpoint: Endpoint, now: Callable[[], datetime]) -> Snapshot:
    # The library can only be imported while an event loop runs.
    from tws.adapter import Connection
    from tws.reading import read_snapshot

    connection = await Connection.open(endpoint)
    try:
        return await read_snapshot(connection, now)
    finally:
        connection.close()
