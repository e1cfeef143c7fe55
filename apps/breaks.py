"""Broken checks and what people said of them: the marts' breaks beside the state store's acknowledgements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from apps.published import Reader, Result

if TYPE_CHECKING:
    from state_store.acknowledgements import Acknowledgement, Break

    Acknowledged = Mapping[Break, Acknowledgement]

IDENTITY = ("account_id", "check_name", "period_start", "period_end", "currency", "difference")
COLUMN = "acknowledged"

Notes = Callable[[Mapping[str, Any]], str | None]


def read_acknowledged(state_url: str) -> "Acknowledged":
    """The acknowledgements that stand. Raises `StateError`."""
    from state_store.acknowledgements import acknowledged
    from state_store.database import StateStore

    return acknowledged(StateStore(state_url))


def break_of(row: Mapping[str, Any]) -> "Break":
    """The break that a row of `reconciliation` is about."""
    from state_store.acknowledgements import Break

    return Break(**{name: row[name] for name in IDENTITY})


def note_of(row: Mapping[str, Any], acknowledged: "Acknowledged") -> str | None:
    """What was said of a row of `reconciliation`; None where it is not broken, or open."""
    if row["status"] != "broken":
        return None
    found = acknowledged.get(break_of(row))
    return found.note if found else None


def with_notes(result: Result, acknowledged: "Acknowledged") -> Result:
    """Rows of `reconciliation` with the column `acknowledged` at the end."""
    notes = [note_of(row, acknowledged) for row in result.records()]
    return replace(
        result,
        columns=(*result.columns, COLUMN),
        types=(*result.types, "VARCHAR"),
        rows=[(*row, note) for row, note in zip(result.rows, notes, strict=True)],
    )


def broken_checks(reader: Reader, account_id: str | None = None) -> list[dict[str, Any]]:
    """The broken checks, of one account or of all."""
    return reader.records(
        """
        SELECT account_id, check_name, period_start, period_end, currency, difference, status
        FROM marts.reconciliation
        WHERE status = 'broken' AND ($account IS NULL OR account_id = $account)
        ORDER BY ALL
        """,
        {"account": account_id},
    )


def count_open(
    counts: Mapping[str, int], rows: Sequence[Mapping[str, Any]], state_url: str
) -> dict[str, int]:
    """The verdict's counts with the acknowledged breaks apart from the open ones (`broken`).

    The state store is opened only where something is broken.
    """
    known = read_acknowledged(state_url) if rows else {}
    known_rows = sum(note_of(row, known) is not None for row in rows)
    return {**counts, "broken": counts["broken"] - known_rows, COLUMN: known_rows}
