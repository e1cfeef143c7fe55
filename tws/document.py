"""What TWS told as a document: the JSON that the raw layer keeps. Writing only; its reader is `transforms.tws`.

The first line says what the document is and when it was told; every other line is a row. Rows and their names are
sorted, amounts are decimal text without a needless zero, instants are UTC: the same values give the same bytes.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from tws.values import Commission, Contract, Execution, Snapshot

KIND: Final = "tws_snapshot"
VERSION: Final = 1

SCOPE_ALL: Final = "all"
"""Everything that a snapshot asks for: what is not in the document is not so (a flat account has no positions)."""
SCOPE_EXECUTIONS: Final = "executions"
"""Executions and commissions alone, as a feed sees them: the document says nothing about anything else."""

Row = Mapping[str, str | None]


def document_of(snapshot: Snapshot) -> bytes:
    """The whole snapshot as a document. Raises ValueError for an amount that is no number, or a time without a zone."""
    return _document(
        SCOPE_ALL,
        snapshot.taken_at,
        snapshot.server_time,
        snapshot.accounts,
        {
            "account_values": snapshot.account_values,
            "positions": snapshot.positions,
            "account_pnl": snapshot.account_pnl,
            "position_pnl": snapshot.position_pnl,
            "executions": snapshot.executions,
            "commissions": snapshot.commissions,
        },
    )


def document_of_executions(
    told_at: datetime, executions: Iterable[Execution], commissions: Iterable[Commission]
) -> bytes:
    """Executions and commissions alone as a document, told at `told_at` by this machine's clock.

    A commission may come without its execution, when an earlier document told that. Raises ValueError as
    `document_of` does.
    """
    told = tuple(executions)
    accounts = {execution.account_id for execution in told}
    values = {"executions": told, "commissions": tuple(commissions)}
    return _document(SCOPE_EXECUTIONS, told_at, None, accounts, values)


def content_of(document: bytes) -> bytes:
    """A document without its clocks: two that are equal in this told the same."""
    return document.partition(b"\n")[2]


def _document(
    scope: str,
    taken_at: datetime,
    server_time: datetime | None,
    accounts: Iterable[str],
    sections: Mapping[str, Iterable[Any]],
) -> bytes:
    head = {
        "kind": KIND,
        "version": VERSION,
        "scope": scope,
        "taken_at": _text(taken_at),
        "server_time": _text(server_time),
    }
    tables: dict[str, list[Row]] = {
        "accounts": [{"account_id": account} for account in accounts],
        **{name: [_row(value) for value in values] for name, values in sections.items()},
    }
    parts = [f"{json.dumps(name)}: {_rows(rows)}" for name, rows in sorted(tables.items())]
    return (json.dumps(head)[:-1] + ",\n" + ",\n".join(parts) + "}\n").encode()


def _rows(rows: Iterable[Row]) -> str:
    lines = sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)
    return "[\n" + ",\n".join(lines) + "\n]" if lines else "[]"


def _row(value: Any) -> dict[str, str | None]:
    """A value's fields as text, its contract's beside them; the contract's exchange is not where it was executed."""
    row: dict[str, str | None] = {}
    for field in fields(value):
        told = getattr(value, field.name)
        if isinstance(told, Contract):
            row |= {
                "contract_exchange" if name == "exchange" else name: text for name, text in _row(told).items()
            }
        else:
            row[field.name] = _text(told)
    return row


def _text(told: str | int | Decimal | datetime | None) -> str | None:
    if told is None or isinstance(told, str):
        return told
    if isinstance(told, datetime):
        if told.tzinfo is None:
            raise ValueError(f"the time {told} has no zone")
        return told.astimezone(UTC).isoformat()
    if isinstance(told, Decimal):
        return _plain(told)
    return str(told)


def _plain(amount: Decimal) -> str:
    """An exact amount without exponent and needless zeros, so that 1.50 and 1.5 are the same text."""
    if not amount.is_finite():
        raise ValueError(f"{amount} is no amount: what TWS did not tell is None")
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
