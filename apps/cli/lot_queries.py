"""The SQL behind `tieout lots`. The other reading commands' SQL is in queries.py."""

from apps.cli.queries import Filter
from apps.published import Reader, Result

METHODS = ("fifo", "lifo", "hifo", "average")


class MethodNotBuiltError(Exception):
    """The published version holds no lots by this method; the message says which it holds, and why."""


def lots(reader: Reader, where: Filter, method: str, open_only: bool) -> Result:
    """Tax lots by one method: what is open (oldest first), then closed parts (newest first).

    Dates filter the booking day of the closing. Raises `MethodNotBuiltError` if an account asked for has only others.
    """
    clause, values = where.clause("close_report_date")
    _check_method(reader, where, method)
    parts = ["method = $method", *(["is_open"] if open_only else [])]
    clause = f"{clause} AND {' AND '.join(parts)}" if clause else f"WHERE {' AND '.join(parts)}"
    return reader.result(
        f"""
        SELECT account_id, symbol, asset_class, side, quantity, currency, open_date, close_date, cost, proceeds,
               realized_pnl, realized_pnl_base, term, is_open, origin, closed_as, reason, instrument_key, lot_id, part,
               opened_by, closed_by, document_id, section, row_ordinal
        FROM marts.fct_tax_lot {clause}
        ORDER BY is_open DESC, close_date DESC NULLS FIRST, account_id, symbol, open_date NULLS FIRST, lot_id, part
        """,
        {**values, "method": method},
        limit=where.limit,
    )


def _check_method(reader: Reader, where: Filter, method: str) -> None:
    clause, values = where.clause(None)
    without = reader.result(
        f"""
        SELECT account_id, string_agg(DISTINCT method, ', ' ORDER BY method) AS methods
        FROM marts.fct_tax_lot {clause}
        GROUP BY account_id
        HAVING NOT bool_or(method = $method)
        ORDER BY account_id
        """,
        {**values, "method": method},
    ).rows
    if without:
        account, methods = without[0]
        raise MethodNotBuiltError(
            f"account {account} has so many trades that its lots are built by {methods} alone, not by {method}; "
            f"ask for another account with --account, or for --method {str(methods).split(',')[0]}"
        )
