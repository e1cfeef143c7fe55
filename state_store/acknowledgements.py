"""Breaks that a person has looked at: acknowledged with a note, or no longer. What a break is, the marts say.

Events are only appended, so two people at once lose nothing: the last event of a break counts. A break is named by
what was compared and by its difference; with another difference it is another break, and open again.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Column, Connection, Date, Integer, String, Table, and_, func, insert, select

from state_store.database import Component, Instant, StateStore, makes, metadata

ACKNOWLEDGED, UNDONE = "acknowledged", "undone"

_events = Table(
    "acknowledgement_event",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("account_id", String, nullable=False),
    Column("check_name", String, nullable=False),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column(
        "currency", String, nullable=False
    ),  # "" for a check that is not per currency: NULLs are never equal
    Column("difference", String, nullable=False),  # exact text: SQLite has no exact decimals
    Column("action", String, nullable=False),
    Column("note", String, nullable=False),
    Column("happened_at", Instant, nullable=False),
)
_IDENTITY = ("account_id", "check_name", "period_start", "period_end", "currency", "difference")


COMPONENT = Component("acknowledgements", (makes(_events),))


@dataclass(frozen=True)
class Break:
    """A broken check, named by what was compared and by how much it misses. Equal differences are equal breaks."""

    account_id: str
    check_name: str
    period_start: date
    period_end: date
    currency: str | None
    difference: Decimal


@dataclass(frozen=True)
class Acknowledgement:
    """That a person knows of a break, since when, and why it may stay."""

    broken: Break
    note: str
    at: datetime


def acknowledge(store: StateStore, broken: Break, note: str, at: datetime) -> Acknowledgement | None:
    """Acknowledge a break; returns the acknowledgement that stood before, if one did."""
    return _append(store, broken, ACKNOWLEDGED, note, at)


def undo(store: StateStore, broken: Break, at: datetime) -> Acknowledgement | None:
    """Take an acknowledgement back; returns it, or None if none stood (then nothing is written)."""
    return _append(store, broken, UNDONE, "", at)


def acknowledged(store: StateStore) -> dict[Break, Acknowledgement]:
    """The acknowledgements that stand."""
    with store.read(COMPONENT) as connection:
        return {} if connection is None else _standing(connection)


def _append(store: StateStore, broken: Break, action: str, note: str, at: datetime) -> Acknowledgement | None:
    with store.write(COMPONENT) as connection:
        before = _standing(connection).get(broken)
        if action == ACKNOWLEDGED or before is not None:
            connection.execute(
                insert(_events).values(**_named(broken), action=action, note=note, happened_at=at)
            )
        return before


def _named(broken: Break) -> dict[str, object]:
    return {
        "account_id": broken.account_id,
        "check_name": broken.check_name,
        "period_start": broken.period_start,
        "period_end": broken.period_end,
        "currency": broken.currency or "",
        "difference": format(broken.difference.normalize() + 0, "f"),
    }


def _standing(connection: Connection) -> dict[Break, Acknowledgement]:
    columns = [_events.c[name] for name in _IDENTITY]
    last = select(func.max(_events.c.event_id).label("event_id")).group_by(*columns).subquery()
    rows = connection.execute(
        select(_events).join(
            last, and_(_events.c.event_id == last.c.event_id, _events.c.action == ACKNOWLEDGED)
        )
    )
    found = {}
    for row in rows:
        broken = Break(
            row.account_id, row.check_name, row.period_start, row.period_end, row.currency or None,
            Decimal(row.difference),
        )  # fmt: skip
        found[broken] = Acknowledgement(broken, row.note, row.happened_at)
    return found
