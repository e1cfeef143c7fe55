"""Contracts of what TWS tells within the day: accounts, positions, PnL, executions. Nothing here is booked yet."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

_SNAPSHOT_AT: Final = Field(
    "snapshot_at", "instant", "Instant the snapshot was taken, by this machine's clock.", nullable=False
)
_CONID: Final = Field("conid", "conid", "Contract id of the broker.", ("conid",), nullable=False)
_ASSET_CLASS: Final = Field(
    "asset_class",
    "text",
    "Asset class of the broker (STK, OPT, FUT, CASH, BOND, BAG, ...).",
    ("asset_class",),
)
_SYMBOL: Final = Field(
    "symbol",
    "text",
    "Symbol as statements write it: the local symbol of an option, a future or a currency pair.",
    ("symbol",),
)
_CONTRACT: Final = (
    common.INSTRUMENT_KEY,
    _CONID,
    _SYMBOL,
    _ASSET_CLASS,
    Field("currency", "text", "Currency that the instrument trades in.", ("currency",)),
    Field("primary_exchange", "text", "Exchange of the listing.", ("primary_exchange", "contract_exchange")),
    Field(
        "multiplier", "exact", "Contract multiplier; none for shares.", ("multiplier",), "units per contract"
    ),
    Field("expiry", "text", "Expiry as TWS writes it, YYYYMMDD or YYYYMM.", ("expiry",)),
    Field("strike", "exact", "Strike price.", ("strike",), "the instrument's currency"),
    Field("put_call", "text", "C or P.", ("right",), allowed=("C", "P")),
)
_DAILY: Final = "since TWS's last daily reset"

ACCOUNT_SNAPSHOT: Final[TableContract] = table(
    "account_snapshot",
    "What TWS told of each account, a row per tag and currency: the last snapshot of each day.",
    ("account_id", "snapshot_at", "tag", "currency"),
    (
        common.ACCOUNT,
        _SNAPSHOT_AT,
        Field(
            "tag", "text", "Name of the figure (NetLiquidation, CashBalance, ...).", ("tag",), nullable=False
        ),
        Field(
            "currency",
            "text",
            "Currency of the figure; BASE for one in base currency, none for one that is no amount.",
            ("currency",),
        ),
        Field(
            "amount", "exact", "The figure, where it is a number.", ("value",), "currency, or as the tag says"
        ),
        Field("value", "text", "The figure as TWS wrote it.", ("value",)),
    ),
)

POSITION_SNAPSHOT: Final[TableContract] = table(
    "position_snapshot",
    "What each account held when TWS was asked: the last snapshot of each day.",
    ("account_id", "snapshot_at", "conid"),
    (
        common.ACCOUNT,
        _SNAPSHOT_AT,
        *_CONTRACT,
        Field(
            "quantity", "exact", "Signed quantity: long +, short −.", ("quantity",), "units", nullable=False
        ),
        Field(
            "average_cost",
            "exact",
            "Average cost per unit, times the multiplier, as TWS keeps it; no tax lot.",
            ("average_cost",),
            "the instrument's currency per unit",
        ),
    ),
)

PNL_SNAPSHOT: Final[TableContract] = table(
    "pnl_snapshot",
    "Profit and loss as TWS saw it, of each account (without a conid, in base currency) and of each position: "
    "the last snapshot of each day.",
    ("account_id", "snapshot_at", "conid"),
    (
        common.ACCOUNT,
        _SNAPSHOT_AT,
        Field("conid", "conid", "Contract id of the position; none for the account's own row.", ("conid",)),
        Field("quantity", "exact", "Signed quantity of the position.", ("quantity",), "units"),
        Field(
            "market_value",
            "exact",
            "Market value of the position; none where TWS has no price.",
            ("market_value",),
            "the instrument's currency",
        ),
        Field(
            "daily_pnl",
            "exact",
            f"Profit and loss {_DAILY}.",
            ("daily",),
            "base currency of the account, else the instrument's",
        ),
        Field(
            "unrealized_pnl",
            "exact",
            "Profit and loss of what is open.",
            ("unrealized",),
            "base currency of the account, else the instrument's",
        ),
        Field(
            "realized_pnl",
            "exact",
            f"Profit and loss of what was closed {_DAILY}.",
            ("realized",),
            "base currency of the account, else the instrument's",
        ),
    ),
)

EXECUTION_INTRADAY: Final[TableContract] = table(
    "execution_intraday",
    "Every fill that TWS told, once: the newest correction stands, with its commission. "
    "No statement has booked it by itself.",
    ("account_id", "execution_key"),
    (
        common.ACCOUNT,
        Field(
            "execution_key",
            "id",
            "Identity within the account: the execution id without its last part, which counts corrections.",
            nullable=False,
        ),
        Field("exec_id", "id", "Execution id of the broker.", ("execution_id",), nullable=False),
        Field("executed_at", "instant", "Instant of the fill.", ("executed_at",), nullable=False),
        Field(
            "first_trade_date",
            "date",
            "First day that a statement may book the fill on: the weekday of the broker's clock.",
            nullable=False,
        ),
        Field(
            "last_trade_date",
            "date",
            "Last day that a statement may book the fill on: for one of the evening the second weekday after it.",
            nullable=False,
        ),
        *_CONTRACT,
        Field("exchange", "text", "Where it was executed.", ("exchange",)),
        Field("side", "text", "BUY or SELL.", allowed=("BUY", "SELL")),
        Field("quantity", "exact", "Signed quantity: buy +, sell −.", ("quantity",), "units", nullable=False),
        Field(
            "price",
            "exact",
            "Price of the fill.",
            ("price",),
            "the instrument's currency per unit",
            nullable=False,
        ),
        Field(
            "commission", "exact", "Commission, − paid; none until it is told.", unit="commission_currency"
        ),
        Field("commission_currency", "text", "Currency of the commission."),
        Field("realized_pnl", "exact", "Realised PnL of the fill, as TWS reports it; no booked figure."),
        Field("order_id", "id", "Order id of TWS; fills of one order share it.", ("order_id",)),
        Field("perm_id", "id", "Permanent id of the order.", ("perm_id",)),
        Field("client_id", "text", "Client that gave the order.", ("client_id",)),
        Field("order_ref", "text", "The order's own reference.", ("order_ref",)),
    ),
)
