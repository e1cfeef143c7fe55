"""One snapshot of TWS, taken from start to end: connect, ask, hang up. It blocks; what is asked stands in `reading`."""

from collections.abc import Callable
from datetime import datetime

from tws.apart import run_apart
from tws.endpoint import Endpoint
from tws.values import Snapshot


def take_snapshot(endpoint: Endpoint, now: Callable[[], datetime]) -> Snapshot:
    """Everything that TWS tells now; raises `TwsError`, within the deadlines of the endpoint."""
    return run_apart(lambda: _take(endpoint, now))


async def _take(endpoint: Endpoint, now: Callable[[], datetime]) -> Snapshot:
    # The library can only be imported while an event loop runs.
    from tws.adapter import Connection
    from tws.reading import read_snapshot

    connection = await Connection.open(endpoint)
    try:
        return await read_snapshot(connection, now)
    finally:
        connection.close()
