"""The sections and attributes of a document of TWS that are known, as facts. No reading here."""

from __future__ import annotations

from typing import Final

KIND: Final = "tws_snapshot"
VERSION: Final = "1"

PREFIX: Final = "TWS."
"""What raw sections of this kind of document begin with, so that none is taken for a section of Flex."""

SNAPSHOT: Final = "snapshot"
"""The document's own attributes: one row."""
ACCOUNTS: Final = "accounts"
ACCOUNT_VALUES: Final = "account_values"
POSITIONS: Final = "positions"
ACCOUNT_PNL: Final = "account_pnl"
POSITION_PNL: Final = "position_pnl"
EXECUTIONS: Final = "executions"
COMMISSIONS: Final = "commissions"

SCOPE_ALL: Final = "all"
SCOPES: Final[dict[str, tuple[str, ...]]] = {
    SCOPE_ALL: (*(ACCOUNTS, ACCOUNT_VALUES, POSITIONS, ACCOUNT_PNL, POSITION_PNL, EXECUTIONS, COMMISSIONS),),
    "executions": (ACCOUNTS, EXECUTIONS, COMMISSIONS),
}
"""What a document may be about, and the sections that it must have then: an absent one is not an empty one."""

_CONTRACT: Final = (
    *("conid", "symbol", "asset_class", "currency", "contract_exchange", "primary_exchange", "local_symbol"),
    *("trading_class", "multiplier", "expiry", "strike", "right"),
)
_PNL: Final = ("daily", "unrealized", "realized")

KNOWN: Final[dict[str, frozenset[str]]] = {
    SNAPSHOT: frozenset({"kind", "version", "scope", "taken_at", "server_time"}),
    ACCOUNTS: frozenset({"account_id"}),
    ACCOUNT_VALUES: frozenset({"account_id", "tag", "value", "currency"}),
    POSITIONS: frozenset({"account_id", *_CONTRACT, "quantity", "average_cost"}),
    ACCOUNT_PNL: frozenset({"account_id", *_PNL}),
    POSITION_PNL: frozenset({"account_id", "conid", "quantity", "market_value", *_PNL}),
    EXECUTIONS: frozenset(
        {
            *("account_id", *_CONTRACT, "execution_id", "executed_at", "quantity", "price", "exchange"),
            *("order_id", "perm_id", "client_id", "order_ref", "cumulative_quantity", "average_price"),
        }
    ),
    COMMISSIONS: frozenset({"execution_id", "commission", "currency", "realized_pnl"}),
}
"""Section -> attributes known there."""


def raw_section(section: str) -> str:
    """The name of the section's rows in the raw layer."""
    return PREFIX + section


def unknown_attributes(section: str, attributes: tuple[str, ...]) -> tuple[str, ...]:
    """The attributes of a section that are not known; all of them where the section is not."""
    known = KNOWN.get(section, frozenset())
    return tuple(name for name in attributes if name not in known)
