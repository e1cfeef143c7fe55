"""Where each column of a clean table comes from in the documents: sections and attributes, from the contracts.

What a contract cannot say (columns that a builder derives, dates that stand in for others) is declared here.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from typing import Final

from transforms import schemas
from transforms.clean import CLEAN_TABLES
from transforms.clean.reference import ACCOUNT_SECTIONS, NOT_THE_INSTRUMENTS, SECTION_ROWS
from transforms.flex.registry import load_registry
from transforms.lineage.model_sql import Kind, LineageError
from transforms.schemas import LINEAGE, TableContract
from transforms.tws import known_sections as tws

STATEMENT: Final = "FlexStatement"
"""The element that holds the sections; its attributes are the statement's account, period and time."""


@dataclass(frozen=True)
class Origin:
    """One place in the documents that a clean column is read from, or the reason why there is none."""

    kind: Kind
    section: str | None = None
    attribute: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Declared:
    """What the contract does not say. `value`, `derived`: attributes, `Section.attribute` for another section."""

    value: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    reason: str | None = None


_PLACE: Final = Declared(reason="place of the row in its document")
_CONTENT: Final = "hash of the row's content where there is no id"
_KEY: Final = Declared(value=("transactionID",), reason=_CONTENT)
_HASH: Final = Declared(reason="hash of the row's content and an occurrence number")
_DOCUMENTS_KIND: Final = Declared(reason="kind of the document, by its content")

_ANALYSIS: Final[dict[str, Declared]] = {
    "account_id": Declared(value=("PA.Introduction.Account",)),
    "period_start_date": Declared(value=("PA.Introduction.AnalysisPeriod", "PA.MetaInfo.Value")),
    "period_end_date": Declared(value=("PA.Introduction.AnalysisPeriod", "PA.MetaInfo.Value")),
    "base_currency": Declared(value=("PA.Introduction.BaseCurrency",)),
}
"""What every row of a PortfolioAnalyst document takes from its introduction."""
_TOTAL: Final = Declared(reason="the first cell of the row says Total")
_HEADER: Final = Declared(reason="name of the column in the document")

_EVERYWHERE: Final[dict[str, Declared]] = {
    **{field.name: _PLACE for field in LINEAGE},
    "statement": _PLACE,
    "account_id": Declared(value=("accountId", f"{STATEMENT}.accountId")),
    "instrument_key": Declared(value=("conid", "assetCategory", "symbol", "currency")),
    "period_start_date": Declared(value=(f"{STATEMENT}.fromDate",)),
    "period_end_date": Declared(value=(f"{STATEMENT}.toDate",)),
}
"""Columns that mean the same in every table that has them."""

_DECLARED: Final[dict[tuple[str, str], Declared]] = {
    ("trades", "trade_key"): Declared(value=("transactionID",), reason=_CONTENT),
    ("trades", "report_date"): Declared(value=("tradeDate", "dateTime")),
    ("trades", "trade_at"): Declared(value=("tradeDate", "tradeTime")),
    ("trades", "trade_at_text"): Declared(value=("tradeDate", "tradeTime")),
    ("trades", "is_cancel"): Declared(derived=("buySell", "transactionType", "notes")),
    ("trades", "side"): Declared(derived=("quantity",)),
    ("closed_lots", "lot_key"): _HASH,
    ("closed_lots", "report_date"): Declared(value=("tradeDate", "dateTime")),
    ("closed_lots", "side"): Declared(derived=("quantity",)),
    ("positions", "report_date"): Declared(value=(f"{STATEMENT}.toDate",)),
    ("positions", "level"): Declared(derived=("openDateTime",)),
    ("positions", "source_rows"): Declared(reason="count of rows"),
    ("cash_transactions", "cash_key"): Declared(value=("transactionID",), reason=_CONTENT),
    ("cash_transactions", "category"): Declared(derived=("type",)),
    ("cash_transactions", "report_date"): Declared(value=("dateTime",)),
    ("statement_of_funds", "level"): Declared(derived=("currency",)),
    ("statement_of_funds", "line_ordinal"): Declared(
        derived=("levelOfDetail", "currency", "reportDate", "date"), reason="place of the row in its document"
    ),
    ("nav_daily", "previous_report_date"): Declared(value=("reportDate",)),
    ("corporate_actions", "action_key"): Declared(value=("transactionID",), reason=_CONTENT),
    ("corporate_actions", "report_date"): Declared(value=("dateTime",)),
    ("transfers", "transfer_key"): Declared(value=("transactionID",), reason=_CONTENT),
    ("transfers", "report_date"): Declared(value=("date", "dateTime")),
    ("transfers", "transfer_date"): Declared(value=("reportDate", "dateTime")),
    ("transfers", "direction"): Declared(derived=("quantity", "cashTransfer")),
    ("fifo_performance", "is_total"): Declared(derived=("conid", "description")),
    ("fifo_performance", "instrument_key"): Declared(value=("conid", "assetCategory", "symbol")),
    ("dividend_accruals", "report_date"): Declared(value=(f"{STATEMENT}.toDate",)),
    ("dividend_accruals", "accrual_key"): Declared(value=("conid", "exDate", "payDate")),
    ("accounts", "base_currency"): Declared(reason="the setting BASE_CURRENCY where no document says it"),
    ("accounts", "base_currency_source"): Declared(derived=("currency",)),
    ("statements", "kind"): _DOCUMENTS_KIND,
    ("statements", "detail_rank"): _DOCUMENTS_KIND,
    ("mtm_performance", "row_kind"): Declared(derived=("conid", "symbol", "description", "assetCategory")),
    ("mtm_performance", "instrument_key"): Declared(value=("conid", "assetCategory", "symbol")),
    ("interest_details", "detail_key"): _HASH,
    ("interest_details", "report_date"): Declared(value=("valueDate",)),
    ("option_events", "event_key"): _HASH,
    ("trade_confirmations", "confirmation_key"): _KEY,
    ("trade_confirmations", "report_date"): Declared(value=("tradeDate", "dateTime")),
    ("trade_confirmations", "is_cancel"): Declared(derived=("buySell", "transactionType", "notes", "code")),
    ("trade_confirmations", "side"): Declared(derived=("quantity",)),
    ("wash_sales", "wash_sale_key"): _HASH,
    ("wash_sales", "report_date"): Declared(value=("tradeDate", "dateTime")),
    ("wash_sales", "side"): Declared(derived=("quantity",)),
    ("transaction_taxes", "tax_key"): _KEY,
    ("transaction_taxes", "report_date"): Declared(value=("date",)),
    ("sales_taxes", "tax_key"): _KEY,
    ("client_fees", "fee_key"): _KEY,
    ("client_fee_details", "fee_key"): _KEY,
    ("cfd_charges", "charge_key"): _KEY,
    ("cfd_charges", "report_date"): Declared(value=("date", "dateTime")),
    ("debit_card_activities", "activity_key"): _HASH,
    ("debit_card_activities", "report_date"): Declared(value=("postingDate",)),
    ("slb_activities", "activity_key"): _HASH,
    ("slb_fees", "fee_key"): _HASH,
    ("slb_fees", "report_date"): Declared(value=("startDate",)),
    ("slb_open_contracts", "report_date"): Declared(value=(f"{STATEMENT}.toDate",)),
    ("slb_open_contracts", "contract_key"): Declared(value=("conid", "assetCategory", "symbol", "currency")),
    ("borrow_fees", "fee_key"): _HASH,
    ("fx_positions", "report_date"): Declared(value=(f"{STATEMENT}.toDate",)),
    ("fx_positions", "position_key"): Declared(value=("functionalCurrency", "fxCurrency")),
    ("fx_transactions", "transaction_key"): _HASH,
    ("fx_transactions", "report_date"): Declared(value=("dateTime",)),
    ("position_lots", "report_date"): Declared(value=(f"{STATEMENT}.toDate",)),
    ("position_lots", "lot_ordinal"): _PLACE,
    ("dividend_accrual_changes", "accrual_change_key"): _HASH,
    ("dividend_accrual_changes", "report_date"): Declared(value=("date",)),
    **{
        (f"portfolio_analyst_{table}", column): declared
        for table in ("key_statistics", "performance", "allocation", "deposits", "fees", "sectors")
        for column, declared in _ANALYSIS.items()
    },
    ("portfolio_analyst_key_statistics", "performance_measure"): Declared(
        value=("PA.Introduction.PerformanceMeasure",)
    ),
    ("portfolio_analyst_performance", "subject"): _HEADER,
    ("portfolio_analyst_performance", "is_account"): Declared(derived=("PA.Introduction.Account",)),
    ("portfolio_analyst_performance", "period_kind"): _HEADER,
    ("portfolio_analyst_performance", "period_label"): Declared(
        value=("Date", "Month", "Quarter", "Year"), reason="name of the column in the document"
    ),
    ("portfolio_analyst_performance", "month_date"): Declared(value=("Month",)),
    ("portfolio_analyst_performance", "day_date"): Declared(value=("Date",)),
    ("portfolio_analyst_allocation", "asset_class"): _HEADER,
    ("portfolio_analyst_allocation", "is_total"): _HEADER,
    ("portfolio_analyst_deposits", "is_total"): _TOTAL,
    ("portfolio_analyst_fees", "is_total"): _TOTAL,
    **{
        (table, "account_id"): Declared(value=("account_id",))
        for table in ("account_snapshot", "position_snapshot", "pnl_snapshot", "execution_intraday")
    },
    **{
        (table, "snapshot_at"): Declared(value=("TWS.snapshot.taken_at",))
        for table in ("account_snapshot", "position_snapshot", "pnl_snapshot")
    },
    **{
        (table, column): Declared(value=values)
        for table in ("position_snapshot", "execution_intraday")
        for column, values in (
            ("instrument_key", ("conid", "asset_class", "symbol", "local_symbol", "currency")),
            ("symbol", ("local_symbol",)),
        )
    },
    ("execution_intraday", "execution_key"): Declared(value=("execution_id",)),
    ("execution_intraday", "first_trade_date"): Declared(derived=("executed_at",)),
    ("execution_intraday", "last_trade_date"): Declared(derived=("executed_at",)),
    ("execution_intraday", "side"): Declared(derived=("quantity",)),
    ("execution_intraday", "commission"): Declared(value=("TWS.commissions.commission",)),
    ("execution_intraday", "commission_currency"): Declared(value=("TWS.commissions.currency",)),
    ("execution_intraday", "realized_pnl"): Declared(value=("TWS.commissions.realized_pnl",)),
    ("documents", "document_id"): Declared(reason="hash of the document"),
    ("documents", "query_name"): Declared(value=("FlexQueryResponse.queryName",)),
    ("documents", "accounts"): Declared(value=(f"{STATEMENT}.accountId",)),
    ("documents", "when_generated_at"): Declared(value=(f"{STATEMENT}.whenGenerated",)),
}

_BESIDE_THE_ROWS: Final = frozenset({"TWS.snapshot", "TWS.accounts", "TWS.commissions"})
"""Sections that say something about the rows of others; what they say is declared by its whole name."""

_TABLES_WITHOUT_ROWS: Final[dict[str, str]] = {
    "statement_sections": "counted while the document was read",
    "documents": "fact of the receipt",
    "document_sections": "counted while the document was read",
    "clean_issues": "finding of the clean layer",
}
"""Tables about documents: a column that no attribute says is of this kind."""


@cache
def contracts() -> dict[str, TableContract]:
    """Every contract that transforms.schemas gathers, of whichever layer."""
    groups = [group for group in vars(schemas).values() if isinstance(group, dict)]
    return {
        name: contract
        for group in groups
        for name, contract in group.items()
        if isinstance(contract, TableContract)
    }


def clean_columns() -> dict[str, tuple[str, ...]]:
    """The columns of every table that a contract describes."""
    return {name: contract.columns for name, contract in contracts().items()}


@cache
def origins(table: str, column: str) -> tuple[Origin, ...]:
    """Where a clean column comes from, the strongest first. Raises LineageError for one that nothing explains."""
    found: dict[tuple[str | None, str | None, str | None], Kind] = {}
    source = _sources(table, column)
    declared = _DECLARED.get((table, column), _EVERYWHERE.get(column, Declared()))
    for attributes, kind in (
        (source, Kind.VALUE),
        (declared.value, Kind.VALUE),
        (declared.derived, Kind.DERIVED),
    ):
        for place in attributes:
            for section, attribute in _places(table, column, place):
                found.setdefault((section, attribute, None), kind)
    if declared.reason:
        found[_only_section(table), None, declared.reason] = Kind.VALUE
    if not found and table in _TABLES_WITHOUT_ROWS:
        found[None, None, _TABLES_WITHOUT_ROWS[table]] = Kind.VALUE
    if not found and not _is_read_from_rows(table):
        found[None, None, f"made by the builder of {table}"] = Kind.VALUE
    if not found:
        raise LineageError(
            f"nothing says where {table}.{column} comes from: give its Field a source, or declare it in "
            "transforms/lineage/origins.py"
        )
    return tuple(Origin(kind, *place) for place, kind in sorted(found.items(), key=lambda item: item[1]))


def _sources(table: str, column: str) -> tuple[str, ...]:
    return () if table in _TABLES_WITHOUT_ROWS else contracts()[table].field(column).source


def _is_read_from_rows(table: str) -> bool:
    """A table that no attribute is read into is computed as a whole: there is no attribute to ask for."""
    return table in CLEAN_TABLES and any(field.source for field in contracts()[table].fields)


def _sections(table: str, column: str) -> tuple[str, ...]:
    """The sections that a column is read from; a table may be read from several."""
    if table == "accounts":
        return tuple(ACCOUNT_SECTIONS) if column == "account_id" else ("AccountInformation",)
    if table == "instruments":
        return tuple(s for s in SECTION_ROWS if column not in NOT_THE_INSTRUMENTS.get(s, ()))
    if table not in CLEAN_TABLES:
        return ()
    inputs = (name for name in CLEAN_TABLES[table].inputs if name not in _BESIDE_THE_ROWS)
    sections = tuple(name for name in inputs if not name.startswith("_"))
    return sections or (STATEMENT,)


def _only_section(table: str) -> str | None:
    sections = _sections(table, "")
    return sections[0] if len(sections) == 1 else None


def _places(table: str, column: str, place: str) -> list[tuple[str | None, str]]:
    """Sections and attribute; of several sections those that are known to have the attribute, or else all."""
    if "." in place:
        section, attribute = place.rsplit(".", 1)
        return [(section, attribute)]
    sections = _sections(table, column)
    if len(sections) < 2:
        return [(sections[0] if sections else None, place)]
    known = [section for section in sections if place in _attributes(section)]
    return [(section, place) for section in known or sections]


def _attributes(section: str) -> Container[str]:
    """The attributes that are known in a section, of Flex or of TWS."""
    if section.startswith(tws.PREFIX):
        return tws.KNOWN[section.removeprefix(tws.PREFIX)]
    return load_registry().attributes(section)
