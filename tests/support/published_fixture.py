"""A small published folder with every mart, for tests of readers: version folder, CURRENT, current.duckdb."""

from pathlib import Path

import duckdb
import polars as pl

from tests.support.invented_books import Books
from tests.support.invented_marts import make_books

_EXACT = pl.Decimal(38, 10)
_STAMP = pl.Datetime("us", "UTC")
_TYPES = {
    "t": pl.String,
    "d": pl.Date,
    "n": _EXACT,
    "f": pl.Float64,
    "i": pl.Int32,
    "l": pl.Int64,
    "b": pl.Boolean,
    "@": _STAMP,
}

# Column names with one letter for the type: t text, d date, n exact decimal, f double, i and l integers, b
# boolean, @ instant.
MARTS = {
    "dim_account": "account_id:t alias:t base_currency:t account_type:t first_date:d last_date:d",
    "dim_instrument": "instrument_key:t conid:l symbol:t description:t asset_class:t sub_category:t "
    "currency:t "
    "isin:t multiplier:n strike:n expiry_date:d put_call:t underlying_symbol:t",
    "fct_trade": "account_id:t trade_key:t trade_id:t transaction_id:t conid:l instrument_key:t symbol:t "
    "asset_class:t trade_at:@ trade_date:d report_date:d side:t quantity:n price:n currency:t "
    "proceeds:n commission:n commission_currency:t taxes:n net_cash:n realized_pnl:n "
    "realized_pnl_base:n fx_rate_to_base:n is_cancel:b transaction_type:t notes:t "
    "is_provisional:b document_id:t section:t row_ordinal:i",
    "fct_closed_lot": "account_id:t lot_key:t symbol:t open_at:@ close_at:@ quantity:n realized_pnl:n",
    "fct_cash_transaction": "account_id:t cash_key:t transaction_id:t type:t category:t symbol:t "
    "description:t "
    "currency:t amount:n fx_rate_to_base:n amount_base:n report_date:d document_id:t "
    "section:t row_ordinal:i",
    "fct_position_daily": "account_id:t position_date:d instrument_key:t conid:l symbol:t "
    "asset_class:t currency:t "
    "quantity:n quantity_basis:t mark_price:n market_value:n fx_rate_to_base:n "
    "market_value_base:n cost_basis:n unrealized_pnl:n unrealized_pnl_base:n",
    "fct_nav_daily": "account_id:t nav_date:d previous_nav_date:d currency:t cash_base:n stock_base:n "
    "nav_base:n",
    "fct_return_daily": "account_id:t return_date:d previous_nav_date:d nav_start_base:n nav_end_base:n "
    "external_flow_base:n inflow_base:n outflow_base:n pnl_base:n twr:f return_status:t "
    "withheld_reason:t",
    "fct_return_reporting": "account_id:t reporting_currency:t return_date:d previous_nav_date:d "
    "return_status:t nav_start_reporting:n nav_end_reporting:n external_flow_reporting:n pnl_reporting:n twr:f "
    "accounts:i fx_rate_to_reporting:n withheld_reason:t drawdown:f",
    "account_summary": "account_id:t base_currency:t as_of_date:d nav_base:n cash_base:n day_pnl_base:n "
    "mtd_pnl_base:n ytd_pnl_base:n day_twr:f mtd_twr:f ytd_twr:f since_inception_twr:f "
    "current_drawdown:f net_contributions_base:n realized_ytd_base:n day_withheld_reason:t "
    "reconciliation_tied:l reconciliation_broken:l reconciliation_not_reported:l "
    "documents_loaded:l",
    "fct_tax_lot": "account_id:t method:t lot_id:t part:i instrument_key:t symbol:t asset_class:t currency:t side:t "
    "is_open:b open_date:d close_date:d close_report_date:d quantity:n cost:n proceeds:n realized_pnl:n "
    "realized_pnl_base:n term:t origin:t closed_as:t opened_by:t closed_by:t reason:t document_id:t section:t "
    "row_ordinal:i",
    "position_current": "account_id:t conid:l instrument_key:t symbol:t description:t asset_class:t "
    "currency:t "
    "quantity:n mark_price:n market_value:n market_value_base:n cost_basis_money:n "
    "unrealized_pnl_base:n weight:f as_of_date:d quantity_basis:t",
    "performance_metric": "account_id:t window:t metric:t value:f value_date:d window_start_date:d "
    "window_end_date:d unit:t withheld_reason:t return_method:t",
    "performance_metric_reporting": "account_id:t window:t metric:t value:f value_date:d window_start_date:d "
    "window_end_date:d unit:t withheld_reason:t return_method:t",
    "monthly_return": "account_id:t month_date:d twr:f pnl_base:n",
    "benchmark_close": "benchmark:t price_date:d close:n currency:t adjustment:t",
    "drawdown": "account_id:t nav_date:d twr_index:f peak_index:f drawdown:f",
    "reconciliation": "account_id:t period_start:d period_end:d check_name:t section:t currency:t ours:n "
    "broker:n difference:n tolerance:n status:t explanation:t probable_cause:t",
    "reconciliation_row": "account_id:t check_name:t period_start:d period_end:d document_id:t section:t "
    "row_ordinal:i currency:t ours:n broker:n difference:n",
    "data_health": "check_name:t severity:t account_id:t document_id:t section:t row_ordinal:i subject:t "
    "detail:t suggestion:t",
    "coverage_gap": "account_id:t gap:t first_date:d last_date:d weekdays:i sections:t detail:t suggestion:t "
    "request:t",
    "document": "document_id:t receipt_ordinal:i file_name:t kind:t accounts:t period_start_date:d "
    "period_end_date:d when_generated_at:@ received_at:@ size_bytes:l status:t reason:t",
    "document_section": "document_id:t section:t rows_read:i rows_kept:i rows_superseded:i rows_rejected:i "
    "unknown_columns:i unknown_column_names:t",
    "build_info": "version_id:t fingerprint:t built_at:@ code_version:t documents_loaded:i "
    "documents_quarantined:i accounts:i first_date:d last_date:d",
}


def frame_of(table: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    """One mart's rows as a typed frame."""
    schema = {name: _TYPES[letter] for name, letter in (column.split(":") for column in MARTS[table].split())}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def write_published(published: Path, books: Books | None = None, *, version: str = "000001-3fa9c1d2") -> Path:
    """Publish the books as a new version and flip CURRENT; the published folder."""
    books = books or make_books(version=version)
    folder = published / version
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "tieout.duckdb")) as connection:
        connection.execute("CREATE SCHEMA marts")
        for table, rows in ((name, books.rows[name]) for name in MARTS):
            connection.register("incoming", frame_of(table, rows).to_arrow())
            connection.execute(f"CREATE TABLE marts.{table} AS SELECT * FROM incoming")
            connection.unregister("incoming")
        connection.execute(
            "COMMENT ON COLUMN marts.fct_nav_daily.nav_base IS 'Net asset value in base currency'"
        )
    for link, target in (
        (published / "CURRENT", version),
        (published / "current.duckdb", "CURRENT/tieout.duckdb"),
    ):
        temporary = link.with_name(link.name + ".tmp")
        temporary.symlink_to(target)
        temporary.replace(link)
    return published
