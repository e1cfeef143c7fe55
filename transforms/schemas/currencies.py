"""Contracts of currencies held and traded as the broker counts them for tax. Cash balances are in cash.py."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

_FUNCTIONAL: Final = "the functional currency"
_CURRENCY_PAIR: Final[tuple[Field, ...]] = (
    Field(
        "functional_currency",
        "text",
        "Currency that the broker counts cost and PnL in.",
        ("functionalCurrency",),
    ),
    Field("currency", "text", "Currency held or traded.", ("fxCurrency",)),
)
_CODE: Final = Field("code", "text", "The broker's codes.", ("code",))

FX_POSITIONS: Final[TableContract] = table(
    "fx_positions",
    "Currencies held at the end of a day with their cost: a summary row, or the lots where none stands.",
    ("account_id", "report_date", "position_key"),
    (
        common.ACCOUNT,
        common.REPORT_DATE,
        Field(
            "position_key", "id", "Currency, functional currency and an occurrence number.", nullable=False
        ),
        *_CURRENCY_PAIR,
        Field(
            "level",
            "text",
            "SUMMARY, or LOT where no summary row stands.",
            ("levelOfDetail",),
            nullable=False,
            allowed=("SUMMARY", "LOT"),
        ),
        Field("lot_description", "text", "What opened the lot, in the broker's words.", ("lotDescription",)),
        Field("opened_at", "instant", "Instant the lot was opened.", ("lotOpenDateTime",)),
        Field("quantity", "exact", "Amount held.", ("quantity",), "the row's currency"),
        common.amount("cost_price", "costPrice", "Cost per unit.", f"{_FUNCTIONAL} per unit"),
        common.amount("cost_basis", "costBasis", "Cost, as the broker signs it.", _FUNCTIONAL),
        common.amount("close_price", "closePrice", "Closing rate.", f"{_FUNCTIONAL} per unit"),
        common.amount("value", "value", "Value at the closing rate.", _FUNCTIONAL),
        common.amount("unrealized_pnl", "unrealizedPL", "Unrealised PnL.", _FUNCTIONAL),
        _CODE,
    ),
)

FX_TRANSACTIONS: Final[TableContract] = table(
    "fx_transactions",
    "Every movement of a foreign currency with its cost and realised PnL, as the broker counts it for tax. "
    "Trades and cash transactions hold the same money: never add the two.",
    ("account_id", "transaction_key"),
    (
        common.ACCOUNT,
        Field("transaction_key", "id", "Hash of the row's content and an occurrence number.", nullable=False),
        *_CURRENCY_PAIR,
        common.LEVEL,
        Field(
            "activity_description",
            "text",
            "What moved the currency, in the broker's words.",
            ("activityDescription",),
        ),
        Field("transaction_at", "instant", "Instant of the movement.", ("dateTime",)),
        Field(
            "report_date",
            "date",
            "Day the broker books the row on; the day of the movement where the document does not say it.",
            ("reportDate",),
        ),
        Field("quantity", "exact", "Change of the balance.", ("quantity",), "the row's currency"),
        common.amount("proceeds", "proceeds", "Worth of the movement.", _FUNCTIONAL),
        common.amount("cost", "cost", "Cost of what moved, as the broker signs it.", _FUNCTIONAL),
        common.amount("realized_pnl", "realizedPL", "Realised PnL.", _FUNCTIONAL),
        _CODE,
    ),
)
