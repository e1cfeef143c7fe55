"""What became of the last fetch of each Flex query and period. No documents, and of the token its hash's beginning.

A row tells the last attempt; the last document that came stays named when a later attempt brings none.
"""

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import Column, Float, Integer, String, Table, select

from state_store.database import Component, Instant, StateStore, makes, metadata, upsert

_fetches = Table(
    "flex_fetch",
    metadata,
    Column("query_id", String, primary_key=True),
    Column("period", String, primary_key=True),
    Column("query_name", String, nullable=False),
    Column("token_name", String, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("result", String, nullable=False),
    Column("code", Integer),
    Column("said", String, nullable=False),
    Column("until", Instant),
    Column("document_id", String),
    Column("fetched_at", Instant),
)


COMPONENT = Component("flex_fetches", (makes(_fetches),))


@dataclass(frozen=True)
class FlexFetch:
    """The last attempt for a query and period. `period` is "20240101-20240131", or "" for the query's own.

    `result`: `fetched`, `known` (the same document was here), `looked` (its document was looked at and not
    kept), or what the refusal asks for (`empty`, `retry`, `wait`, `fix`, `token`, `locked`). `until`: nothing is sent
    before. `document_id`, `fetched_at`: the last document.
    """

    query_id: str
    period: str
    query_name: str
    token_name: str
    asked_at: datetime
    seconds: float
    result: str
    code: int | None
    said: str
    until: datetime | None
    document_id: str | None
    fetched_at: datetime | None


def record(store: StateStore, fetch: FlexFetch) -> None:
    """Keep an attempt in the place of the last one for its query and period."""
    with store.write(COMPONENT) as connection:
        values = asdict(fetch)
        if fetch.document_id is None:
            del values["document_id"], values["fetched_at"]
        upsert(connection, _fetches, [values])


def recorded(store: StateStore) -> list[FlexFetch]:
    """The last attempt for every query and period, the newest first."""
    with store.read(COMPONENT) as connection:
        if connection is None:
            return []
        rows = connection.execute(select(_fetches).order_by(_fetches.c.asked_at.desc()))
        return [
            FlexFetch(**{field.name: getattr(row, field.name) for field in fields(FlexFetch)}) for row in rows
        ]
