"""One snapshot of TWS, taken from start to end: connect, ask, hang up. It blocks; what is asked stands in `reading`."""

from collections.abc import Callable
from datetime import datetime

from tws.apart import run_apart
from tws.endpoint import Endpoint
from tws.errors import Effect, Trouble, TwsError
from tws.newest import Notice, Told
from tws.values import Snapshot

# Codes with which TWS says, before or while it is asked, that it has not or had not the broker or a market data farm.
OLD_FIGURES = frozenset({Effect.DEGRADES, Effect.FARM_LOST, Effect.FORGOTTEN, Effect.KEPT})


def take_snapshot(endpoint: Endpoint, now: Callable[[], datetime]) -> Snapshot:
    """Everything that TWS tells now; raises `TwsError`, within the deadlines of the endpoint."""
    return run_apart(lambda: _take(endpoint, now))


async def _take(endpoint: Endpoint, now: Callable[[], datetime]) -> Snapshot:
    # The library can only be imported while an event loop runs.
    from tws.adapter import Connection
    from tws.reading import read_snapshot

    connection = await Connection.open(endpoint)
    told: list[Told] = []
    connection.listen(told.append)
    try:
        snapshot = await read_snapshot(connection, now)
    finally:
        connection.close()
    for notice in told:
        if isinstance(notice, Notice) and notice.code.effect in OLD_FIGURES:
            problem = f"{endpoint}: {notice.code.meaning}, so that its figures are old or partial"
            raise TwsError(
                Trouble.LOST, problem, notice.code.number, "try again once TWS is connected to it again"
            )
    return snapshot
