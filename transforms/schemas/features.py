"""Contracts of the features layer: tables derived from the clean ones. What a document says itself is elsewhere."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

LOT_METHODS: Final[tuple[str, ...]] = ("fifo", "lifo", "hifo", "average")
LOT_ORIGINS: Final[tuple[str, ...]] = (
    "trade",
    "opening",
    "transfer",
    "corporate_action",
    "exercise",
    "assignment",
    "missing",
)
LOT_CLOSINGS: Final[tuple[str, ...]] = (
    "trade",
    "expiry",
    "exercise",
    "assignment",
    "transfer",
    "corporate_action",
    "unseen",
)

_METHOD: Final = Field(
    "method", "text", "Which lots a closing takes first.", nullable=False, allowed=LOT_METHODS
)
_KEYED_INSTRUMENT: Final = Field("instrument_key", "id", common.INSTRUMENT_KEY.description, nullable=False)

TAX_LOTS: Final[TableContract] = table(
    "tax_lots",
    "Our own tax lots: a row for each part of a lot that was closed, and a row for what is still open. "
    "Cost and quantity are signed like the lot. "
    "The lineage is the row that closed the part, else the row that opened it.",
    ("account_id", "method", "lot_id", "part"),
    (
        common.ACCOUNT,
        _METHOD,
        _KEYED_INSTRUMENT,
        Field(
            "lot_id", "id", "The event that made the lot, and a number where it made several.", nullable=False
        ),
        Field("part", "integer", "Which part of the lot this is, from 0.", nullable=False),
        Field("currency", "text", "Currency of cost and proceeds."),
        Field("side", "text", "Side of the lot.", nullable=False, allowed=("long", "short")),
        Field("is_open", "boolean", "The part is still held.", nullable=False),
        Field("open_at", "instant", "Instant the holding began; a lot that moved keeps it."),
        Field("open_date", "date", "Day the holding began."),
        Field("close_at", "instant", "Instant the part was closed."),
        Field("close_date", "date", "Trade date of the closing."),
        Field("close_report_date", "date", "Day the broker books the closing on."),
        Field(
            "quantity",
            "exact",
            "Signed quantity; 0 where a merger paid cash for a lot that lives on as other shares.",
            unit="units",
            nullable=False,
        ),
        Field("cost", "exact", "Cost basis, − for a short lot; NULL where unknown.", unit="currency"),
        Field("proceeds", "exact", "Net money of the closing: + received, − paid.", unit="currency"),
        Field("realized_pnl", "exact", "Proceeds − cost; 0 where the cost moved elsewhere.", unit="currency"),
        Field(
            "fx_rate_to_base",
            "exact",
            "Rate of the row that closed the part.",
            unit="base currency per unit of the row's currency",
        ),
        Field(
            "term",
            "text",
            "short: a year or less, or a short lot; long: more than a year; NULL while open or of unknown age.",
            allowed=("short", "long"),
        ),
        Field("origin", "text", "What opened the lot.", nullable=False, allowed=LOT_ORIGINS),
        Field("closed_as", "text", "What closed the part.", allowed=LOT_CLOSINGS),
        Field("opened_by", "id", "Key of the event that opened the lot.", nullable=False),
        Field("closed_by", "id", "Key of the event that closed the part."),
        Field("reason", "text", "Why the cost is unknown, or what it was taken from where no row states it."),
        Field("document_id", "id", "sha256 of the document behind the row; NULL where no row is."),
        Field("section", "text", "Flex section of that row."),
        Field("row_ordinal", "integer", "Ordinal of that row within its document and section, from 0."),
    ),
    lineage=False,
)

LOT_BALANCES: Final[TableContract] = table(
    "lot_balances",
    "Quantity and cost basis of the open FIFO lots at the end of each day on which they changed.",
    ("account_id", "instrument_key", "change_date"),
    (
        common.ACCOUNT,
        _KEYED_INSTRUMENT,
        Field("change_date", "date", "Day the broker books the change on.", nullable=False),
        Field("quantity", "exact", "Signed quantity after the day.", unit="units", nullable=False),
        Field(
            "cost_basis", "exact", "Cost basis after the day; NULL where a lot's is unknown.", unit="currency"
        ),
        Field("open_lots", "integer", "Lots that are open after the day.", nullable=False),
    ),
    lineage=False,
)

LOT_ISSUES: Final[TableContract] = table(
    "lot_issues",
    "What the tax lots could not know, one finding a row.",
    (),
    (
        common.ACCOUNT,
        Field("instrument_key", "id", common.INSTRUMENT_KEY.description),
        Field("report_date", "date", "Day of the event concerned."),
        Field("problem", "text", "What is not known, and what to do.", nullable=False),
        Field(
            "severity",
            "text",
            "error: a basis is unknown because of it.",
            nullable=False,
            allowed=("error", "warning"),
        ),
        Field("event_key", "id", "Key of the event concerned."),
    ),
    lineage=False,
)
