"""Which clean columns the columns of the features layer are computed from. Where those are read: origins.py.

The tables are made in Python, where no SQL says it: a column that its builder computes otherwise is declared here anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from transforms.features.tax_lots import INPUTS
from transforms.lineage.model_sql import NO_TABLE, Kind, LineageError, Sources
from transforms.lineage.qualified_sql import CLEAN_SCHEMA
from transforms.schemas import FEATURES

_EVENTS: Final = ("trades", "corporate_actions", "transfers")
"""The tables whose rows move lots."""
_HELD: Final = ("positions", "position_lots", "closed_lots")
"""The tables that say what was held before the first statement."""
_EVERY: Final = (*_EVENTS, *_HELD)


class Computed(NamedTuple):
    """What a column is computed from, as table.column: by its value, or compared and counted; else how it is made."""

    value: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    reason: str | None = None


def _of(tables: Iterable[str], column: str) -> tuple[str, ...]:
    return tuple(f"{table}.{column}" for table in tables)


_KEYS: Final = ("trades.trade_key", "corporate_actions.action_key", "transfers.transfer_key")
_OPENING: Final = ("statement_sections.period_start_date",)
"""The day on which what was held before the first statement comes in, and what no statement saw go is closed."""
_INSTRUMENT: Final = _of(_EVERY, "instrument_key")
_QUANTITY: Final = _of(_EVERY, "quantity")
_LOT_TIMES: Final = ("position_lots.open_at", "closed_lots.open_at")
_TIMES: Final = ("trades.trade_at", "corporate_actions.effective_at")
_BOOKED: Final = (
    *_of(_EVENTS, "report_date"),
    "trades.trade_date",
    "transfers.transfer_date",
    *_TIMES,
    *_OPENING,
)
"""The day an event is booked on; its own dates stand in for it where no row says it."""
_MONEY: Final = (
    *("trades.proceeds", "trades.trade_money", "trades.commission", "trades.taxes"),
    *("trades.cost", "trades.realized_pnl"),
    *("corporate_actions.proceeds", "corporate_actions.realized_pnl"),
    *("transfers.position_amount", "transfers.pnl_amount"),
    *("corporate_actions.cost_basis", "corporate_actions.value"),
    *("positions.cost_basis_money", "position_lots.cost_basis_money", "closed_lots.cost"),
)
"""What an event pays, what lots cost before, and what a corporate action moves from one basis to another."""
_SIDES: Final = ("trades.commission_currency", "trades.currency", "corporate_actions.type")
"""What decides which of those amounts counts."""
_CODES: Final = ("trades.notes", "trades.asset_class")
"""The broker's codes for exercise, assignment and expiry, which count for options."""

_CARRIED: Final = frozenset(
    name
    for column in ("currency", "fx_rate_to_base", "document_id", "section", "row_ordinal")
    for name in _of(_EVERY, column)
)
_MATCHING: Final = tuple(
    f"{table}.{column}"
    for table, columns in INPUTS.items()
    for column in columns
    if f"{table}.{column}" not in _CARRIED
)
"""What orders the events, links those that belong together, and decides which lot a closing takes: all that is read
but what a row only hands on. Amounts decide, too: the method hifo takes the dearest lot first."""

_ACCOUNT: Final = Computed((*_of(_EVENTS, "account_id"), "statement_sections.account_id"))
_BASIS: Final = Computed((*_MONEY, *_QUANTITY), _SIDES)

_COMPUTED: Final[dict[str, dict[str, Computed]]] = {
    "tax_lots": {
        "account_id": _ACCOUNT,
        "method": Computed(reason="each method that is followed"),
        "instrument_key": Computed(_INSTRUMENT),
        "lot_id": Computed((*_KEYS, *_OPENING, "positions.instrument_key")),
        "part": Computed(reason="number of the part of the lot"),
        "currency": Computed(_of(_EVERY, "currency")),
        "side": Computed(derived=_QUANTITY),
        "is_open": Computed(derived=_QUANTITY),
        "open_at": Computed((*_TIMES, *_LOT_TIMES)),
        "open_date": Computed((*_BOOKED, *_LOT_TIMES)),
        "close_at": Computed(_TIMES),
        "close_date": Computed(_BOOKED),
        "close_report_date": Computed(_BOOKED),
        "quantity": Computed(_QUANTITY),
        "cost": _BASIS,
        "proceeds": _BASIS,
        "realized_pnl": _BASIS,
        "fx_rate_to_base": Computed(_of(_EVENTS, "fx_rate_to_base")),
        "term": Computed(derived=(*_BOOKED, *_LOT_TIMES, *_QUANTITY)),
        "origin": Computed(derived=_CODES, reason="kind of the row that opened the lot"),
        "closed_as": Computed(derived=_CODES, reason="kind of the row that closed the part"),
        "opened_by": Computed((*_KEYS, *_OPENING, "positions.instrument_key")),
        "closed_by": Computed((*_KEYS, *_OPENING, "positions.instrument_key")),
        "reason": Computed(derived=_MONEY, reason="finding of the tax lots"),
        **{name: Computed(_of(_EVERY, name)) for name in ("document_id", "section", "row_ordinal")},
    },
    "lot_balances": {
        "account_id": _ACCOUNT,
        "instrument_key": Computed(_INSTRUMENT),
        "change_date": Computed(_BOOKED),
        "quantity": Computed(_QUANTITY),
        "cost_basis": _BASIS,
        "open_lots": Computed(derived=_QUANTITY, reason="count of rows"),
    },
    "lot_issues": {
        "account_id": _ACCOUNT,
        "instrument_key": Computed(_INSTRUMENT),
        "report_date": Computed(_BOOKED),
        "problem": Computed(_BOOKED, _MONEY, "finding of the tax lots"),
        "severity": Computed(derived=_MONEY, reason="finding of the tax lots"),
        "event_key": Computed((*_KEYS, *_OPENING, "positions.instrument_key")),
    },
}


@cache
def feature_sources(table: str, column: str) -> Sources:
    """The clean columns that a column of the features layer comes from. Raises LineageError where none are declared."""
    computed = _COMPUTED.get(table, {}).get(column)
    if computed is None:
        raise LineageError(
            f"nothing says where {table}.{column} comes from: declare it in transforms/lineage/feature_sources.py"
        )
    found: Sources = {}
    for names, kind in (
        (computed.value, Kind.VALUE),
        (computed.derived, Kind.DERIVED),
        (_MATCHING, Kind.FILTER),
    ):
        for name in names:
            source, _, of_source = name.partition(".")
            found.setdefault(((CLEAN_SCHEMA, source), of_source), kind)
    if computed.reason:
        found[(NO_TABLE, computed.reason), ""] = Kind.VALUE
    return found


def feature_columns() -> list[tuple[str, str]]:
    """Table and column of all that the features layer makes."""
    return [(name, column) for name, contract in FEATURES.items() for column in contract.columns]
