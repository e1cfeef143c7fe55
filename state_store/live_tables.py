"""The tables of the live feed's state and their versions. What stands in them: `live`."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, String, Table

from state_store.database import Component, Exact, Instant, adds, makes, metadata


def _contract_columns(*, key: bool) -> list[Column[Any]]:
    return [
        Column("conid", BigInteger, primary_key=key, nullable=False, autoincrement=False),
        Column("symbol", String, nullable=False),
        Column("asset_class", String, nullable=False),
        Column("currency", String, nullable=False),
        Column("exchange", String),
        Column("primary_exchange", String),
        Column("local_symbol", String),
        Column("trading_class", String),
        Column("multiplier", Exact),
        Column("expiry", String),
        Column("strike", Exact),
        Column("right", String),
    ]


LINK = Table(
    "live_link",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),  # one row, at place 0
    Column("state", String, nullable=False),
    Column("since", Instant, nullable=False),
    Column("reason", String, nullable=False),
    Column("code", Integer),
    Column("reconciled_at", Instant),
    Column("written_at", Instant, nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("problem", String),
)
ACCOUNT = Table(
    "live_account",
    metadata,
    Column("account_id", String, primary_key=True),
    Column("currency", String),
    Column("daily", Exact),
    Column("unrealized", Exact),
    Column("realized", Exact),
    Column("updated_at", Instant),
)
POSITION = Table(
    "live_position",
    metadata,
    Column("account_id", String, primary_key=True),
    *_contract_columns(key=True),
    Column("quantity", Exact, nullable=False),
    Column("average_cost", Exact),
    Column("updated_at", Instant, nullable=False),
)
POSITION_PNL = Table(
    "live_position_pnl",
    metadata,
    Column("account_id", String, primary_key=True),
    Column("conid", BigInteger, primary_key=True, autoincrement=False),
    Column("quantity", Exact, nullable=False),
    Column("daily", Exact),
    Column("unrealized", Exact),
    Column("realized", Exact),
    Column("market_value", Exact),
    Column("updated_at", Instant, nullable=False),
)
EXECUTION = Table(
    "live_execution",
    metadata,
    Column("root", String, primary_key=True),  # what a fill and its corrections share
    Column("revision", Integer, nullable=False),
    Column("execution_id", String, nullable=False),
    Column("account_id", String, nullable=False),
    *_contract_columns(key=False),
    Column("executed_at", Instant, nullable=False),
    Column("quantity", Exact, nullable=False),
    Column("price", Exact, nullable=False),
    Column("executed_on", String, nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("perm_id", BigInteger, nullable=False),
    Column("client_id", BigInteger, nullable=False),
    Column("order_ref", String),
    Column("cumulative_quantity", Exact),
    Column("average_price", Exact),
    Column("updated_at", Instant, nullable=False),
)
COMMISSION = Table(
    "live_commission",
    metadata,
    Column("root", String, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("execution_id", String, nullable=False),
    Column("commission", Exact, nullable=False),
    Column("currency", String, nullable=False),
    Column("realized_pnl", Exact),
    Column("updated_at", Instant, nullable=False),
)
HANDED = Table(
    "live_handed",
    metadata,
    Column("execution_id", String, primary_key=True),
    Column("with_commission", Boolean, nullable=False),
    Column("handed_at", Instant, nullable=False),
)
OUTBOX = Table(
    "live_outbox",
    metadata,
    Column("name", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
COMPONENT = Component(
    "live",
    (
        makes(LINK, ACCOUNT, POSITION, POSITION_PNL, EXECUTION, COMMISSION, HANDED, OUTBOX),
        adds(LINK.c.problem),
    ),
)
