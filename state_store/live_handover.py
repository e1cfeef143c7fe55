"""Fills on their way to the inbox: which no document holds yet, which documents are under way, what is handed over.

The fills themselves are in `live`; what a document looks like is known to who makes it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from state_store.database import StateStore, upsert
from state_store.live import Fill, fills_of
from state_store.live_tables import COMMISSION, COMPONENT, EXECUTION, HANDED, OUTBOX
from tws.values import Commission


@dataclass(frozen=True)
class Waiting:
    """What no document holds yet: fills, and commissions of fills that were handed over without one."""

    fills: tuple[Fill, ...]
    late: tuple[Commission, ...]


def waiting(store: StateStore) -> Waiting:
    """What no document holds yet, oldest first."""
    with store.read(COMPONENT) as connection:
        if connection is None:
            return Waiting((), ())
        handed = {row.execution_id: row.with_commission for row in connection.execute(select(HANDED))}
        told = fills_of(connection)
    late = (f.commission for f in told if f.complete and handed.get(f.execution.execution_id) is False)
    return Waiting(
        tuple(fill for fill in told if fill.execution.execution_id not in handed),
        tuple(commission for commission in late if commission is not None),
    )


def stage(store: StateStore, name: str, content: bytes, handed: Waiting, at: datetime) -> None:
    """Keep a document until it lies in the inbox, and remember what is in it: one transaction.

    A process that dies before `delivered` puts the same bytes there again, which the raw store knows for a duplicate.
    """
    known = {fill.execution.execution_id: fill.complete for fill in handed.fills}
    known |= {commission.execution_id: True for commission in handed.late}
    rows = [{"execution_id": i, "with_commission": c, "handed_at": at} for i, c in known.items()]
    with store.write(COMPONENT) as connection:
        upsert(connection, OUTBOX, [{"name": name, "content": content}])
        upsert(connection, HANDED, rows)


def staged(store: StateStore) -> list[tuple[str, bytes]]:
    """Names and bytes of the documents that may not lie in the inbox yet."""
    with store.read(COMPONENT) as connection:
        if connection is None:
            return []
        return [(row.name, row.content) for row in connection.execute(select(OUTBOX))]


def delivered(store: StateStore, name: str) -> None:
    """A staged document lies in the inbox."""
    with store.write(COMPONENT) as connection:
        connection.execute(delete(OUTBOX).where(OUTBOX.c.name == name))


def prune(store: StateStore, fills_before: datetime, handed_before: datetime) -> None:
    """Forget the fills before an instant that were handed over with their commission; after a while the others, too.

    After that while it is also forgotten that they were handed over. TWS can tell the fills of up to seven days: what
    is forgotten sooner would be handed over again.
    """
    with store.write(COMPONENT) as connection:
        whole = select(HANDED.c.execution_id).where(HANDED.c.with_commission)
        known = select(HANDED.c.execution_id)
        over = select(EXECUTION.c.root).where(
            ((EXECUTION.c.executed_at < fills_before) & EXECUTION.c.execution_id.in_(whole))
            | ((EXECUTION.c.executed_at < handed_before) & EXECUTION.c.execution_id.in_(known))
        )
        nobodys = (COMMISSION.c.updated_at < handed_before) & COMMISSION.c.root.not_in(
            select(EXECUTION.c.root)
        )
        connection.execute(delete(COMMISSION).where(COMMISSION.c.root.in_(over) | nobodys))
        connection.execute(delete(EXECUTION).where(EXECUTION.c.root.in_(over)))
        kept = select(EXECUTION.c.execution_id)
        connection.execute(
            delete(HANDED).where(HANDED.c.handed_at < handed_before, HANDED.c.execution_id.not_in(kept))
        )
