"""The connection to TWS looked at step by step, for a person who sets it up. It changes nothing and keeps nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from tws.apart import run_apart
from tws.endpoint import LIVE_PORTS, PAPER_PORTS, Endpoint
from tws.errors import FIXES, PORTS, Trouble, TwsError
from tws.values import AccountValue

if TYPE_CHECKING:
    from tws.adapter import Connection

MOST_SECONDS_APART = 5.0
PNL_SECONDS = 5.0
# The feed has the id of the settings and a snapshot the next one: where the first is in use, the probe takes this one.
OWN_ID = 2
IN_USE = f"if `tieout live` runs, that is its connection; otherwise {FIXES[Trouble.ID_IN_USE]}"
PAPER_PREFIX = "D"  # accounts of paper trading are DU…, DF… and the like


class Verdict(StrEnum):
    """How a step went."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Step:
    """One thing that was tried; after a problem there is no further one."""

    subject: str
    verdict: Verdict
    detail: str
    fix: str = ""


# At which step a connection fails of each trouble.
_STEP_OF = {
    Trouble.REFUSED: "port",
    Trouble.UNREACHABLE: "port",
    Trouble.ID_IN_USE: "client id",
    Trouble.NO_ACCOUNTS: "accounts",
}


def probe(endpoint: Endpoint, now: Callable[[], datetime]) -> list[Step]:
    """Host, port, handshake, accounts, whether the port is of their kind (paper or live), and each kind of answer."""

    async def collect() -> list[Step]:
        return [step async for step in _steps(endpoint, now)]

    return run_apart(collect)


async def _steps(endpoint: Endpoint, now: Callable[[], datetime]) -> AsyncIterator[Step]:
    # The library can only be imported while an event loop runs.
    from tws.adapter import Connection

    try:
        async with asyncio.timeout(endpoint.connect_deadline):
            found = await asyncio.get_running_loop().getaddrinfo(
                endpoint.host, endpoint.port, type=socket.SOCK_STREAM
            )
    except (socket.gaierror, UnicodeError):
        problem = f"the host {endpoint.host} is not known"
        yield Step("host", Verdict.PROBLEM, problem, FIXES[Trouble.UNKNOWN_HOST])
        return
    except TimeoutError:
        seconds = f"{endpoint.connect_deadline:g} s"
        problem = f"no name server says within {seconds} where the host {endpoint.host} is"
        yield Step("host", Verdict.PROBLEM, problem, FIXES[Trouble.UNKNOWN_HOST])
        return
    address = found[0][4][0]
    yield Step(
        "host", Verdict.OK, endpoint.host if address == endpoint.host else f"{endpoint.host} is {address}"
    )
    in_use: Step | None = None
    try:
        try:
            connection = await Connection.open(endpoint)
        except TwsError as error:
            if error.trouble is not Trouble.ID_IN_USE:
                raise
            in_use = Step("client id", Verdict.WARNING, f"{endpoint.client_id} is in use", IN_USE)
            connection = await Connection.open(replace(endpoint, client_id=endpoint.client_id + OWN_ID))
    except TwsError as error:
        subject = _STEP_OF.get(error.trouble, "handshake")
        if subject != "port":
            yield Step("port", Verdict.OK, f"{endpoint} takes connections")
        yield Step(subject, Verdict.PROBLEM, error.problem, error.fix)
        return
    try:
        yield Step("port", Verdict.OK, f"{endpoint} takes connections")
        yield Step("handshake", Verdict.OK, f"TWS speaks version {connection.server_version} of the protocol")
        if in_use is not None:
            yield in_use
        yield Step("accounts", Verdict.OK, ", ".join(connection.accounts))
        yield _mode(endpoint, connection.accounts)
        async for step in _answers(connection, now):
            yield step
    finally:
        connection.close()


async def _answers(connection: "Connection", now: Callable[[], datetime]) -> AsyncIterator[Step]:
    try:
        subject = "clock"
        yield _clock(await connection.current_time(), now())
        subject = "positions"
        await connection.positions()
        yield Step(subject, Verdict.OK, f"{len(connection.newest.positions)} told to the end")
        subject = "executions"
        await connection.executions()
        yield Step(subject, Verdict.OK, f"{len(connection.newest.fills)} told to the end")
        subject = "values"
        values = [value for answer in await _values(connection) for value in answer]
        yield Step(subject, Verdict.OK, f"{len(values)} of {len(connection.accounts)} account(s)")
        subject = "PnL"
        for account in connection.accounts:
            connection.pnl.follow_account(account)
        await connection.pnl.first_answers(connection.accounts, PNL_SECONDS)
        if connection.lost.done():
            raise connection.lost.result()
        yield _pnl(connection)
    except TwsError as error:
        yield Step(subject, Verdict.PROBLEM, error.problem, error.fix)


async def _values(connection: "Connection") -> list[tuple[AccountValue, ...]]:
    """The values of each account, asked for as a snapshot does."""
    if len(connection.accounts) == 1:
        return [(await connection.account(connection.accounts[0]))[0]]
    return [await connection.account_values(account) for account in connection.accounts]


def _clock(theirs: datetime, ours: datetime) -> Step:
    seconds = abs((ours - theirs).total_seconds())
    if seconds <= MOST_SECONDS_APART:
        return Step("clock", Verdict.OK, f"within {MOST_SECONDS_APART:g} s of the broker's")
    return Step(
        "clock",
        Verdict.WARNING,
        f"this machine and the machine of TWS are about {round(seconds, -1):.0f} s apart",
        "let both machines set their clocks from the network (NTP)",
    )


def _pnl(connection: "Connection") -> Step:
    silent = [account for account in connection.accounts if account not in connection.newest.account_pnl]
    if silent:
        return Step(
            "PnL",
            Verdict.WARNING,
            f"none was told for {', '.join(silent)} within {PNL_SECONDS:g} s",
            "in TWS, tick 'Prepare portfolio PnL data when downloading positions' in the API settings",
        )
    unset = [account for account, pnl in connection.newest.account_pnl.items() if pnl.daily is None]
    if unset:
        return Step(
            "PnL",
            Verdict.WARNING,
            f"TWS has no daily figure for {', '.join(unset)} yet",
            "it comes with the first prices of the day; without market data it stays missing",
        )
    return Step("PnL", Verdict.OK, "told for every account")


def _mode(endpoint: Endpoint, accounts: tuple[str, ...]) -> Step:
    """Paper and live differ by the prefix of the accounts, and by the port that TWS proposes."""
    paper = all(account.startswith(PAPER_PREFIX) for account in accounts)
    told = "paper trading" if paper else "live: real money"
    other = LIVE_PORTS if paper else PAPER_PORTS
    if endpoint.port in other:
        return Step(
            "paper or live",
            Verdict.WARNING,
            f"the accounts are {told}, but port {endpoint.port} is the usual one of the other kind",
            f"see that IBKR_PORT is the one that you mean ({PORTS})",
        )
    return Step("paper or live", Verdict.OK, told)
