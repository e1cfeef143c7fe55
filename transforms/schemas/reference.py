"""Contracts of statements, accounts, instruments, and of facts about documents. No figures here."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

_DOCUMENT: Final = Field("document_id", "id", "sha256 of the raw document.", nullable=False)
_STATEMENT: Final = Field(
    "statement", "integer", "Ordinal of the FlexStatement in the document, from 0.", nullable=False
)
_START: Final = Field("period_start_date", "date", "First day of the statement's period.", ("fromDate",))
_END: Final = Field("period_end_date", "date", "Last day of the statement's period.", ("toDate",))
_GENERATED: Final = Field(
    "when_generated_at", "instant", "Instant the broker generated the statement.", ("whenGenerated",)
)

STATEMENTS: Final[TableContract] = table(
    "statements",
    "Every FlexStatement of every document.",
    ("document_id", "statement"),
    (
        _DOCUMENT,
        _STATEMENT,
        Field("account_id", "id", "Account of the statement."),
        _START,
        _END,
        _GENERATED,
        Field("period", "text", "Period as the query names it (LastMonth, YearToDate, ...).", ("period",)),
        Field(
            "kind",
            "text",
            "Kind of the document (flex_xml, flex_csv, activity_statement_csv).",
            nullable=False,
        ),
        Field(
            "detail_rank",
            "integer",
            "How much detail such a document tells: 0 the most. A finer one wins over a coarser one.",
            nullable=False,
        ),
    ),
    lineage=False,
)

STATEMENT_SECTIONS: Final[TableContract] = table(
    "statement_sections",
    "Every section that a statement reports; 0 rows: reported, and empty.",
    ("document_id", "statement", "section"),
    (
        _DOCUMENT,
        _STATEMENT,
        Field("account_id", "id", "Account of the statement."),
        Field("section", "text", "Flex section (the container's tag).", ("section",), nullable=False),
        Field("rows", "integer", "Rows that the section holds.", ("rows",), nullable=False),
        _START,
        _END,
        _GENERATED,
    ),
    lineage=False,
)

ACCOUNTS: Final[TableContract] = table(
    "accounts",
    "Every account that a statement names; names and addresses stay in the raw layer.",
    ("account_id",),
    (
        common.ACCOUNT,
        Field("alias", "text", "Alias given by the account's holder.", ("acctAlias",)),
        Field("base_currency", "text", "Base currency of the account.", ("currency",)),
        Field(
            "base_currency_source",
            "text",
            "Where the base currency comes from.",
            allowed=("AccountInformation", "setting"),
        ),
        Field("account_type", "text", "Account type.", ("accountType",)),
        Field("customer_type", "text", "Customer type.", ("customerType",)),
        Field("ib_entity", "text", "Entity of the broker that holds the account.", ("ibEntity",)),
        Field("opened_date", "date", "Day the account was opened.", ("dateOpened",)),
        Field("funded_date", "date", "Day the account was first funded.", ("dateFunded",)),
        Field("closed_date", "date", "Day the account was closed.", ("dateClosed",)),
    ),
)

INSTRUMENTS: Final[TableContract] = table(
    "instruments",
    "Every instrument that a document names: each column from SecuritiesInfo (newest first), "
    "else from the newest row that says it.",
    ("instrument_key",),
    (
        Field("instrument_key", "id", common.INSTRUMENT_KEY.description, nullable=False),
        common.CONID,
        common.SYMBOL,
        common.DESCRIPTION,
        common.ASSET_CLASS,
        Field("sub_category", "text", "Sub-category (COMMON, ETF, ADR, REIT, C, P, ...).", ("subCategory",)),
        Field("currency", "text", "Currency the instrument trades in.", ("currency",)),
        Field("isin", "text", "ISIN.", ("isin",)),
        Field("cusip", "text", "CUSIP.", ("cusip",)),
        Field("figi", "text", "FIGI.", ("figi",)),
        Field("listing_exchange", "text", "Exchange of the listing.", ("listingExchange",)),
        Field("issuer_country", "text", "Country code of the issuer.", ("issuerCountryCode",)),
        Field("underlying_conid", "conid", "Contract id of the underlying.", ("underlyingConid",)),
        Field("underlying_symbol", "text", "Symbol of the underlying.", ("underlyingSymbol",)),
        Field("multiplier", "exact", "Contract multiplier.", ("multiplier",), "units per contract"),
        Field("strike", "exact", "Strike price.", ("strike",), "the instrument's currency"),
        Field("expiry_date", "date", "Expiry.", ("expiry",)),
        Field("put_call", "text", "P or C.", ("putCall",)),
        Field("maturity_date", "date", "Maturity of a bond.", ("maturity",)),
    ),
)

DOCUMENTS: Final[TableContract] = table(
    "documents",
    "One row per receipt of a document, the quarantined and the duplicate ones too.",
    ("document_id", "receipt_ordinal"),
    (
        _DOCUMENT,
        Field("receipt_ordinal", "integer", "Which arrival of this document, from 1.", nullable=False),
        Field("file_name", "text", "Name of the file that was handed in."),
        Field(
            "kind",
            "text",
            "Kind of document (flex_xml, flex_csv, activity_statement_csv, portfolio_analyst_csv).",
        ),
        Field("query_name", "text", "Name of the Flex query."),
        Field("accounts", "text", "Accounts in the document, separated by commas."),
        Field("period_start_date", "date", "First day that the document covers."),
        Field("period_end_date", "date", "Last day that the document covers."),
        Field("when_generated_at", "instant", "Instant the broker generated it."),
        Field("received_at", "instant", "Instant it was received."),
        Field("size_bytes", "long", "Size.", unit="bytes"),
        Field(
            "status",
            "text",
            "What became of it.",
            nullable=False,
            allowed=("loaded", "duplicate", "quarantined"),
        ),
        Field("reason", "text", "Why it was not loaded."),
    ),
    lineage=False,
)

DOCUMENT_SECTIONS: Final[TableContract] = table(
    "document_sections",
    "What each document holds, section by section, as read.",
    ("document_id", "section"),
    (
        _DOCUMENT,
        Field("section", "text", "Flex section (the container's tag).", nullable=False),
        Field("rows_read", "integer", "Rows read.", nullable=False),
        Field("unknown_columns", "integer", "Attributes that the registry does not know.", nullable=False),
        Field("unknown_column_names", "text", "Their names, separated by commas."),
        Field("known_section", "boolean", "The registry knows the section.", nullable=False),
        Field("has_clean_table", "boolean", "A clean table is read from the section.", nullable=False),
    ),
    lineage=False,
)

CLEAN_ISSUES: Final[TableContract] = table(
    "clean_issues",
    "What the clean layer could not read or had to decide, one finding a row. "
    "A row_ordinal that stands in no clean table marks a rejected row; "
    "a finding about a whole document has none.",
    (),
    (
        _DOCUMENT,
        Field("section", "text", "Flex section (the container's tag).", nullable=False),
        Field("row_ordinal", "integer", "Ordinal of the row; null for a finding about the whole section."),
        Field("column", "text", "Attribute concerned."),
        Field("value", "text", "Its text."),
        Field("problem", "text", "What is wrong, and what was done.", nullable=False),
        Field(
            "severity",
            "text",
            "error: a value is missing because of it.",
            nullable=False,
            allowed=("error", "warning"),
        ),
    ),
    lineage=False,
)
