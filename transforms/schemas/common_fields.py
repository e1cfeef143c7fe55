"""Fields that many clean tables share (account, instrument, currency). Not the tables themselves."""

from __future__ import annotations

from typing import Final

from transforms.schemas.contract import Field

ROW_CURRENCY: Final = "the row's currency"
BASE: Final = "account base currency"

ACCOUNT: Final = Field("account_id", "id", "Account that the row belongs to.", nullable=False)

INSTRUMENT_KEY: Final = Field(
    "instrument_key",
    "id",
    "The instrument: the conid as text, or asset_class:symbol:currency where the row has no conid.",
)
CONID: Final = Field("conid", "conid", "Contract id of the broker.", ("conid",))
SYMBOL: Final = Field("symbol", "text", "Symbol as the row writes it.", ("symbol",))
DESCRIPTION: Final = Field("description", "text", "Description as the row writes it.", ("description",))
ASSET_CLASS: Final = Field(
    "asset_class", "text", "Asset class of the broker (STK, OPT, FUT, CASH, BOND, ...).", ("assetCategory",)
)
CURRENCY: Final = Field("currency", "text", "Currency of the row's amounts.", ("currency",))
FX_RATE: Final = Field(
    "fx_rate_to_base",
    "exact",
    "Rate that converts the row's currency to the account's base currency on the report date.",
    ("fxRateToBase",),
    "base currency per unit of the row's currency",
)
TRANSACTION_ID: Final = Field(
    "transaction_id",
    "id",
    "The broker's transaction id; with the account it is the row's identity.",
    ("transactionID",),
)
TRADE_ID: Final = Field(
    "trade_id", "id", "The broker's trade id; a cancel and its rebooking share it.", ("tradeID",)
)
LEVEL: Final = Field("level", "text", "Level of detail that the row was reported at.", ("levelOfDetail",))
PERIOD_START: Final = Field(
    "period_start_date", "date", "First day of the statement's period.", ("fromDate",), nullable=False
)
PERIOD_END: Final = Field(
    "period_end_date", "date", "Last day of the statement's period.", ("toDate",), nullable=False
)
REPORT_DATE: Final = Field(
    "report_date", "date", "Day the broker books the row on.", ("reportDate",), nullable=False
)


def amount(name: str, attribute: str, description: str, unit: str = ROW_CURRENCY) -> Field:
    """A money column, signed as the broker signs it."""
    return Field(name, "exact", description, (attribute,), unit)


def snake_case(attribute: str) -> str:
    """An XML attribute's name as a column name: `fxTranslationGainLoss` -> `fx_translation_gain_loss`."""
    out: list[str] = []
    for index, char in enumerate(attribute):
        before = attribute[index - 1] if index else ""
        after = attribute[index + 1] if index + 1 < len(attribute) else ""
        starts_word = char.isupper() and (
            before.islower() or (before.isupper() and after.islower()) or before.isdigit()
        )
        starts_number = char.isdigit() and before.isalpha()
        if index and (starts_word or starts_number):
            out.append("_")
        out.append(char.lower())
    return "".join(out)
