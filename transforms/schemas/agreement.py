"""Contract of what two kinds of documents tell of the same facts. The facts themselves are in the other modules."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

SOURCE_AGREEMENTS: Final[TableContract] = table(
    "source_agreements",
    "Day by day what a coarser document and a finer one tell of the same facts: the finer one stands. "
    "No row where all documents are equally fine.",
    ("account_id", "period_start_date", "period_end_date", "section", "currency", "report_date"),
    (
        common.ACCOUNT,
        Field("period_start_date", "date", "First day of the coarser document's statement.", nullable=False),
        Field("period_end_date", "date", "Last day of the coarser document's statement.", nullable=False),
        Field("measure", "text", "Column of the section's clean table that is added up.", nullable=False),
        Field("currency", "text", "Currency of the amounts; null: the account's base currency."),
        Field("report_date", "date", "Day of the rows; null where a row shows none."),
        Field("kind", "text", "Kind of the coarser document.", nullable=False),
        Field("finer_amount", "exact", "What the finer documents tell.", unit=common.ROW_CURRENCY),
        Field("coarser_amount", "exact", "What the coarser document tells.", unit=common.ROW_CURRENCY),
        Field("finer_rows", "integer", "Rows of the finer documents.", nullable=False),
        Field("coarser_rows", "integer", "Rows of the coarser document.", nullable=False),
        Field(
            "is_covered",
            "boolean",
            "Finer documents cover all rows that the coarser document has of the section in its period.",
            nullable=False,
        ),
    ),
)
