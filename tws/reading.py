"""Everything that TWS tells at one time, read over an open connection into one `Snapshot`. No connecting, no retry."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from tws.adapter import Connection, Holding
from tws.values import AccountPnl, AccountValue, Execution, Position, PositionPnl, Snapshot

# TWS takes 50 messages a second. Up to so many positions each is asked for its own PnL; of more, a snapshot would
# take longer than three seconds, and market values come from the account's portfolio, which has no daily PnL.
MOST_ASKED_ONE_BY_ONE = 80
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
        connection.watch_account(account)
    server_time, positions, executions = await asyncio.gather(
        connection.current_time(), connection.positions(), connection.executions()
    )
    values, holdings = await _accounts(connection)
    keys = [(position.account_id, position.contract.conid) for position in positions]
    if patient and (len(connection.accounts) > 1 or len(keys) <= MOST_ASKED_ONE_BY_ONE):
        connection.watch_positions(keys)
        await connection.first_pnl(PNL_SECONDS + len(keys) / 40)
    elif connection.accounts:
        await connection.first_pnl(PNL_SECONDS)
    await _commissions(connection, executions)
    return Snapshot(
        taken_at=now(),
        server_time=server_time,
        accounts=connection.accounts,
        account_values=values,
        positions=positions,
        account_pnl=tuple(
            connection.account_pnl.get(account, AccountPnl(account, None, None, None))
            for account in connection.accounts
        ),
        position_pnl=tuple(_position_pnl(connection, position, holdings) for position in positions),
        executions=executions,
        commissions=tuple(
            connection.commissions[execution.execution_id]
            for execution in executions
            if execution.execution_id in connection.commissions
        ),
    )


async def _accounts(
    connection: Connection,
) -> tuple[tuple[AccountValue, ...], dict[tuple[str, int], Holding]]:
    """The values of each account; the portfolio too if there is but one account (TWS tells it of one at a time)."""
    if len(connection.accounts) == 1:
        values, holdings = await connection.account(connection.accounts[0])
        return values, {(h.account_id, h.contract.conid): h for h in holdings}
    answers = await asyncio.gather(*(connection.account_values(a) for a in connection.accounts))
    return tuple(value for answer in answers for value in answer), {}


def _position_pnl(
    connection: Connection, position: Position, holdings: dict[tuple[str, int], Holding]
) -> PositionPnl:
    """What the position's own subscription told, else what the portfolio says, else nothing."""
    key = (position.account_id, position.contract.conid)
    told = connection.position_pnl.get(key)
    if told is not None:
        return told
    holding = holdings.get(key)
    if holding is None:
        return PositionPnl(*key, position.quantity, None, None, None, None)
    return PositionPnl(
        *key, position.quantity, None, holding.unrealized, holding.realized, holding.market_value
    )


async def _commissions(connection: Connection, executions: Iterable[Execution]) -> None:
    """Give late commissions a moment; a fill whose commission TWS does not know yet has none."""
    deadline = asyncio.get_running_loop().time() + COMMISSION_SECONDS
    ids = {execution.execution_id for execution in executions}
    while not ids <= connection.commissions.keys() and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.02)
