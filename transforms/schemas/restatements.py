"""The contract of what later statements changed about earlier ones. Finding it is transforms/clean."""

from __future__ import annotations

from typing import Final

from transforms.schemas.contract import Field, TableContract, table

CLEAN_RESTATEMENTS: Final[TableContract] = table(
    "clean_restatements",
    "What a later statement changed about an earlier one: a row per value that changed, per fact that "
    "vanished, and per fact that came late.",
    (),
    (
        Field("account_id", "id", "Account; none for exchange rates."),
        Field("entity", "text", "Clean table that holds the fact.", nullable=False),
        Field(
            "key",
            "id",
            "The fact: its transaction id, the rest of its natural key, or the words that tell it apart.",
        ),
        Field("report_date", "date", "Business day of the fact, or last day of its period."),
        Field(
            "change",
            "text",
            "changed: another value; vanished: a later statement of the day does not have it; "
            "appeared: an earlier statement of the day did not have it.",
            nullable=False,
            allowed=("changed", "vanished", "appeared"),
        ),
        Field("field", "text", "Column that changed; the fact's main column where it vanished or appeared."),
        Field("was", "text", "Its value before, as text."),
        Field("became", "text", "Its value after, as text."),
        Field("difference", "exact", "became − was, where both are numbers; one-sided: ± the value."),
        Field("known_from_at", "instant", "When the first statement that said the old value was generated."),
        Field("changed_at", "instant", "When the statement that first said the new value was generated."),
        Field("document_was", "id", "Document of the old value; appeared: the first that lacked the fact."),
        Field(
            "document_became", "id", "Document of the new value; vanished: the first that lacked the fact."
        ),
        Field("section", "text", "Flex section (the container's tag).", nullable=False),
        Field("row_ordinal_was", "integer", "Row of the old value in its document's section."),
        Field("row_ordinal_became", "integer", "Row of the new value in its document's section."),
    ),
    lineage=False,
)
