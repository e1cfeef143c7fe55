"""What the live feed knows now: positions and PnL, today's fills, the link. No history.

The feed alone writes; what is read in one call is what one transaction left.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from state_store.database import StateStore, upsert
from state_store.live_tables import (
    ACCOUNT,
    COMMISSION,
    COMPONENT,
    EXECUTION,
    LINK,
    POSITION,
    POSITION_PNL,
)
from tws.values import (
    AccountPnl,
    Commission,
    Contract,
    Execution,
    Link,
    LinkState,
    Position,
    PositionPnl,
    Snapshot,
)

Row = Mapping[str, Any]
Key = tuple[str, int]
"""Account and conid."""

_PNL = [part.name for part in fields(PositionPnl)]
_OWN_OF_AN_EXECUTION = [p.name for p in fields(Execution) if p.name not in ("contract", "exchange")]


@dataclass
class Changes:
    """What was told since the last write: the newest of each key, with the instant when it was told.

    `snapshot` replaces everything but fills that stood before it; the other fields are what came after it.
    """

    snapshot: tuple[Snapshot, datetime] | None = None
    link: Link | None = None
    positions: dict[Key, tuple[Position, datetime]] = field(default_factory=dict)
    position_pnl: dict[Key, tuple[PositionPnl, datetime]] = field(default_factory=dict)
    account_pnl: dict[str, tuple[AccountPnl, datetime]] = field(default_factory=dict)
    executions: dict[str, tuple[Execution, datetime]] = field(default_factory=dict)
    commissions: dict[str, tuple[Commission, datetime]] = field(default_factory=dict)


@dataclass(frozen=True)
class AccountState:
    """An account and its PnL; None for what TWS has not told. `currency` is its base currency."""

    account_id: str
    currency: str | None
    pnl: AccountPnl | None
    updated_at: datetime | None


@dataclass(frozen=True)
class Held:
    """A position and its PnL if TWS told it, and when each was last told."""

    position: Position
    told_at: datetime
    pnl: PositionPnl | None
    pnl_at: datetime | None


@dataclass(frozen=True)
class Fill:
    """An execution (its newest revision) with its commission if it has come."""

    execution: Execution
    commission: Commission | None

    @property
    def complete(self) -> bool:
        """Whether the commission is of this very revision."""
        return self.commission is not None and self.commission.execution_id == self.execution.execution_id


@dataclass(frozen=True)
class LiveState:
    """The link and the accounts. `written_at` is the feed's heartbeat: it writes also when nothing moves.

    `ended` says that its process came to an orderly end at that instant. `problem`: what it cannot write elsewhere.
    """

    link: Link
    reconciled_at: datetime | None
    written_at: datetime
    ended: bool
    accounts: tuple[AccountState, ...]
    problem: str | None = None


def write(
    store: StateStore, changes: Changes, at: datetime, *, ended: bool = False, problem: str | None = None
) -> None:
    """Bring the state to what was told, in one transaction, and say that the feed was alive at `at`, or ended then."""
    with store.write(COMPONENT) as connection:
        if changes.snapshot is not None:
            _replace(connection, *changes.snapshot)
        _write_pnl(connection, changes)
        _write_positions(connection, changes.positions.values())
        _write_fills(connection, changes.executions.values(), changes.commissions.values())
        _write_link(connection, changes, {"written_at": at, "ended": ended, "problem": problem})


def read(store: StateStore) -> LiveState | None:
    """Link and accounts; None where no feed ever ran."""
    with store.read(COMPONENT) as connection:
        if connection is None:
            return None
        row = connection.execute(select(LINK)).mappings().first()
        if row is None:
            return None
        return LiveState(
            link=Link(LinkState(row["state"]), row["since"], row["reason"], row["code"]),
            reconciled_at=row["reconciled_at"],
            written_at=row["written_at"],
            ended=row["ended"],
            accounts=_accounts(connection),
            problem=row["problem"],
        )


def positions(store: StateStore, accounts: Collection[str] | None = None) -> list[Held]:
    """What is held, by account and symbol; of some accounts, or of all."""
    with store.read(COMPONENT) as connection:
        return [] if connection is None else _positions(connection, accounts)


def fills(store: StateStore, accounts: Collection[str] | None = None) -> list[Fill]:
    """The fills of today, and those of past days that are not handed over with their commission, oldest first."""
    with store.read(COMPONENT) as connection:
        found = [] if connection is None else fills_of(connection)
    return [fill for fill in found if accounts is None or fill.execution.account_id in accounts]


def _replace(connection: Connection, snapshot: Snapshot, at: datetime) -> None:
    """Everything as the snapshot has it. Fills are only added: it does not tell those of past days."""
    for table in (POSITION, POSITION_PNL, ACCOUNT):
        connection.execute(delete(table))
    currencies = {v.account_id: v.currency for v in snapshot.account_values if v.tag == "NetLiquidation"}
    accounts = [{"account_id": a, "currency": currencies.get(a)} for a in snapshot.accounts]
    upsert(connection, ACCOUNT, accounts)
    everything = Changes(
        positions={(p.account_id, p.contract.conid): (p, at) for p in snapshot.positions},
        position_pnl={(p.account_id, p.conid): (p, at) for p in snapshot.position_pnl},
        account_pnl={p.account_id: (p, at) for p in snapshot.account_pnl},
    )
    _write_pnl(connection, everything)
    _write_positions(connection, everything.positions.values())
    _write_fills(connection, ((e, at) for e in snapshot.executions), ((c, at) for c in snapshot.commissions))


def _write_pnl(connection: Connection, changes: Changes) -> None:
    for table, told in ((ACCOUNT, changes.account_pnl), (POSITION_PNL, changes.position_pnl)):
        upsert(connection, table, [{**vars(value), "updated_at": at} for value, at in told.values()])


def _write_positions(connection: Connection, told: Iterable[tuple[Position, datetime]]) -> None:
    """Upsert what is held; what is held no more goes, and its PnL with it."""
    held, gone = [], []
    for position, at in told:
        if position.quantity:
            rest = {"quantity": position.quantity, "average_cost": position.average_cost, "updated_at": at}
            held.append({"account_id": position.account_id, **vars(position.contract), **rest})
        else:
            gone.append((position.account_id, position.contract.conid))
    upsert(connection, POSITION, held)
    for account_id, conid in gone:
        for table in (POSITION, POSITION_PNL):
            of_it = (table.c.account_id == account_id) & (table.c.conid == conid)
            connection.execute(delete(table).where(of_it))


def _write_fills(
    connection: Connection,
    executions: Iterable[tuple[Execution, datetime]],
    commissions: Iterable[tuple[Commission, datetime]],
) -> None:
    rows = [_execution_row(execution, at) for execution, at in executions]
    upsert(connection, EXECUTION, _newest(rows), newer="revision")
    rows = [{**vars(c), **_revision(c), "updated_at": at} for c, at in commissions]
    upsert(connection, COMMISSION, _newest(rows), newer="revision")


def _revision(told: Execution | Commission) -> dict[str, object]:
    return {"root": told.root, "revision": told.revision}


def _newest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per root: a statement with several rows cannot change one of them twice on Postgres."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        before = found.get(row["root"])
        if before is None or before["revision"] <= row["revision"]:
            found[row["root"]] = row
    return list(found.values())


def _execution_row(execution: Execution, at: datetime) -> dict[str, Any]:
    row = {**vars(execution), **vars(execution.contract), **_revision(execution)}
    del row["contract"]
    return {**row, "executed_on": execution.exchange, "updated_at": at}


def _write_link(connection: Connection, changes: Changes, now: dict[str, object]) -> None:
    row: dict[str, object] = {"place": 0, **now}
    if changes.snapshot is not None:
        row["reconciled_at"] = changes.snapshot[1]
    if changes.link is not None:
        link = changes.link
        row |= {"state": str(link.state), "since": link.since, "reason": link.reason, "code": link.code}
    elif connection.execute(select(LINK.c.place)).first() is None:
        row |= {"state": str(LinkState.DOWN), "since": now["written_at"], "reason": "the feed starts"}
    if "state" in row:
        upsert(connection, LINK, [row])
    else:
        connection.execute(LINK.update().values(row))


def _contract(row: Row) -> Contract:
    return Contract(**{part.name: row[part.name] for part in fields(Contract)})


def _accounts(connection: Connection) -> tuple[AccountState, ...]:
    found = []
    for row in connection.execute(select(ACCOUNT).order_by(ACCOUNT.c.account_id)).mappings():
        pnl = AccountPnl(row["account_id"], row["daily"], row["unrealized"], row["realized"])
        told = row["updated_at"] is not None
        found.append(
            AccountState(row["account_id"], row["currency"], pnl if told else None, row["updated_at"])
        )
    return tuple(found)


def _positions(connection: Connection, accounts: Collection[str] | None) -> list[Held]:
    held = select(POSITION).order_by(POSITION.c.account_id, POSITION.c.symbol, POSITION.c.conid)
    pnl = select(POSITION_PNL)
    if accounts is not None:
        held = held.where(POSITION.c.account_id.in_(accounts))
        pnl = pnl.where(POSITION_PNL.c.account_id.in_(accounts))
    told = {
        (value.account_id, value.conid): (value, at)
        for value, at in (
            (PositionPnl(*(row[name] for name in _PNL)), row["updated_at"])
            for row in connection.execute(pnl).mappings()
        )
    }
    found = []
    for row in connection.execute(held).mappings():
        position = Position(row["account_id"], _contract(row), row["quantity"], row["average_cost"])
        pnl_told = told.get((row["account_id"], row["conid"]), (None, None))
        found.append(Held(position, row["updated_at"], *pnl_told))
    return found


def fills_of(connection: Connection) -> list[Fill]:
    """The fills that are there, within a transaction."""
    commissions = {
        row["root"]: Commission(*(row[part.name] for part in fields(Commission)))
        for row in connection.execute(select(COMMISSION)).mappings()
    }
    found = []
    told = select(EXECUTION).order_by(EXECUTION.c.executed_at, EXECUTION.c.root)
    for row in connection.execute(told).mappings():
        own = {name: row[name] for name in _OWN_OF_AN_EXECUTION}
        execution = Execution(contract=_contract(row), exchange=row["executed_on"], **own)
        found.append(Fill(execution, commissions.get(row["root"])))
    return found
