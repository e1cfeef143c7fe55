"""Everything that TWS tells at one time, read over an open connection into one `Snapshot`. No connecting, no retry."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from tws.adapter import Connection
from tws.newest import Holding, Newest
from tws.pnl import SUBSCRIPTIONS_A_SECOND, PositionKey
from tws.values import AccountPnl, AccountValue, Position, PositionPnl, Snapshot

# TWS takes 50 messages a second. Up to so many positions each is asked for its own PnL; of more, a snapshot would
# take longer than three seconds, and market values come from the account's portfolio, which has no daily PnL.
MOST_ASKED_ONE_BY_ONE = 60
PNL_SECONDS = 5.0
COMMISSION_SECONDS = 1.0


async def read_snapshot(
    connection: Connection, now: Callable[[], datetime], patient: bool = True
) -> Snapshot:
    """Ask for everything and wait for the end of each answer; raises `TwsError` if one does not end.

    PnL is told without an end marker: what did not come within `PNL_SECONDS` is None. `patient=False` does not
    wait for the PnL of positions, which a feed tells as it comes.
    """
    for account in connection.accounts:
        connection.pnl.follow_account(account)
    server_time, _, _ = await asyncio.gather(
        connection.current_time(), connection.positions(), connection.executions()
    )
    values, holdings = await _accounts(connection)
    await connection.pnl.first_answers(connection.accounts, PNL_SECONDS)
    keys = list(connection.newest.positions)
    if patient and (len(connection.accounts) > 1 or len(keys) <= MOST_ASKED_ONE_BY_ONE):
        connection.pnl.follow_positions(keys)
        await connection.pnl.first_answers(keys, PNL_SECONDS + len(keys) / SUBSCRIPTIONS_A_SECOND)
    await _commissions(connection)
    if connection.lost.done():
        raise connection.lost.result()
    # What changed while the rest was read is in these already: nothing below waits.
    newest = connection.newest
    positions, executions = tuple(newest.positions.values()), tuple(newest.fills.values())
    return Snapshot(
        taken_at=now(),
        server_time=server_time,
        accounts=connection.accounts,
        account_values=values,
        positions=positions,
        account_pnl=tuple(
            newest.account_pnl.get(account, AccountPnl(account, None, None, None))
            for account in connection.accounts
        ),
        position_pnl=tuple(_position_pnl(newest, position, holdings) for position in positions),
        executions=executions,
        commissions=tuple(
            newest.commissions[execution.execution_id]
            for execution in executions
            if execution.execution_id in newest.commissions
        ),
    )


async def _accounts(
    connection: Connection,
) -> tuple[tuple[AccountValue, ...], dict[PositionKey, Holding]]:
    """The values of each account; the portfolio too if there is but one account (TWS tells it of one at a time)."""
    if len(connection.accounts) == 1:
        values, holdings = await connection.account(connection.accounts[0])
        return values, {(h.account_id, h.contract.conid): h for h in holdings}
    answers = await asyncio.gather(*(connection.account_values(a) for a in connection.accounts))
    return tuple(value for answer in answers for value in answer), {}


def _position_pnl(newest: Newest, position: Position, holdings: dict[PositionKey, Holding]) -> PositionPnl:
    """What the position's own subscription told, else what the portfolio says, else nothing."""
    key = (position.account_id, position.contract.conid)
    told = newest.position_pnl.get(key)
    if told is not None:
        return told
    holding = holdings.get(key)
    if holding is None:
        return PositionPnl(*key, position.quantity, None, None, None, None)
    return PositionPnl(
        *key, position.quantity, None, holding.unrealized, holding.realized, holding.market_value
    )


async def _commissions(connection: Connection) -> None:
    """Give late commissions a moment; a fill whose commission TWS does not know yet has none."""
    newest, loop = connection.newest, asyncio.get_running_loop()
    deadline = loop.time() + COMMISSION_SECONDS
    while loop.time() < deadline and not connection.lost.done():
        if {fill.execution_id for fill in newest.fills.values()} <= newest.commissions.keys():
            return
        await asyncio.sleep(0.02)
