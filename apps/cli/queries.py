"""The SQL behind the reading commands, one function per command. No printing and no options here."""

from dataclasses import dataclass
from datetime import date

from apps.periods import METRIC_WINDOWS, resolve
from apps.published import Reader, Result

NET_INCOME_CATEGORIES = ("dividend", "payment_in_lieu", "withholding_tax", "broker_interest", "bond_interest")
ROWS_OF_A_BREAK = 20
FEE_CATEGORIES = ("fee", "commission_adjustment")


class UnknownAccountError(Exception):
    """The account that was asked for is not in the published version; the message lists those that are."""


@dataclass(frozen=True)
class Filter:
    """What the reading commands share: account, inclusive dates, and how many rows at most."""

    account_id: str | None = None
    first: date | None = None
    last: date | None = None
    limit: int | None = None

    def clause(self, date_column: str | None) -> tuple[str, dict[str, object]]:
        """A WHERE clause (empty when nothing filters) and its parameters."""
        parts: list[str] = []
        values: dict[str, object] = {}
        if self.account_id is not None:
            parts.append("account_id = $account_id")
            values["account_id"] = self.account_id
        if date_column and self.first is not None:
            parts.append(f"{date_column} >= $first")
            values["first"] = self.first
        if date_column and self.last is not None:
            parts.append(f"{date_column} <= $last")
            values["last"] = self.last
        return ("WHERE " + " AND ".join(parts) if parts else ""), values


def resolve_account(reader: Reader, wanted: str | None) -> str | None:
    """The account id for an id or alias; None stays None. Raises `UnknownAccountError`."""
    if wanted is None:
        return None
    known = reader.records("SELECT account_id, alias FROM marts.dim_account ORDER BY account_id")
    for key in ("account_id", "alias"):
        for row in known:
            if row[key] is not None and str(row[key]).casefold() == wanted.casefold():
                return str(row["account_id"])
    names = ", ".join(str(row["account_id"]) for row in known) or "none"
    raise UnknownAccountError(f"account {wanted!r} is not published; known accounts: {names}")


def summary(reader: Reader, where: Filter) -> Result:
    """`account_summary`, one row per account."""
    clause, values = where.clause(None)
    return reader.result(
        f"""
        SELECT account_id, base_currency, as_of_date, nav_base, cash_base, day_pnl_base, mtd_pnl_base,
               ytd_pnl_base, day_twr, mtd_twr, ytd_twr, since_inception_twr, current_drawdown,
               net_contributions_base, realized_ytd_base, reconciliation_tied, reconciliation_broken,
               reconciliation_not_reported, documents_loaded
        FROM marts.account_summary {clause} ORDER BY account_id
        """,
        values,
    )


def daily(reader: Reader, where: Filter) -> Result:
    """NAV, PnL, external flow and TWR of each account's last days; `limit` counts days per account."""
    clause, values = where.clause("return_date")
    newest = "" if where.limit is None else "QUALIFY row_number() OVER newest_first <= $days"
    if where.limit is not None:
        values["days"] = where.limit
    return reader.result(
        f"""
        SELECT account_id, return_date, base_currency, nav_end_base AS nav_base, pnl_base,
               external_flow_base, twr, withheld_reason
        FROM marts.fct_return_daily LEFT JOIN marts.dim_account USING (account_id) {clause}
        WINDOW newest_first AS (PARTITION BY account_id ORDER BY return_date DESC)
        {newest}
        ORDER BY account_id, return_date
        """,
        values,
    )


def totals(reader: Reader, where: Filter) -> Result:
    """PnL, TWR, MWR, income and fees per account and window; an account without a metric has no row.

    Income and fees are cash rows of the window's days; they are withheld where the window's PnL is.
    """
    windows = _windows(reader, where)
    if not windows:
        windows = [("", "", date.min, date.min)]
    values: list[object] = [value for window in windows for value in window]
    return reader.result(
        f"""
        WITH windows (account_id, "window", first_date, last_date) AS (
            VALUES {", ".join(["(?, ?, ?::DATE, ?::DATE)"] * len(windows))}
        ),
        metrics AS (
            SELECT account_id, "window",
                   max(value) FILTER (metric = 'pnl') AS pnl,
                   max(value) FILTER (metric = 'twr') AS twr,
                   max(value) FILTER (metric = 'mwr') AS mwr,
                   max(unit) FILTER (metric = 'mwr') AS mwr_unit,
                   max(return_method) FILTER (metric = 'twr') AS twr_method,
                   max(withheld_reason) FILTER (metric = 'twr') AS twr_reason,
                   max(withheld_reason) FILTER (metric = 'mwr') AS mwr_reason
            FROM marts.performance_metric
            GROUP BY account_id, "window"
        ),
        cash AS (
            SELECT w.account_id, w."window",
                   sum(c.amount_base) FILTER (c.category IN {NET_INCOME_CATEGORIES!r}) AS income_base,
                   sum(c.amount_base) FILTER (c.category IN {FEE_CATEGORIES!r}) AS fees_base
            FROM windows AS w
            JOIN marts.fct_cash_transaction AS c
              ON c.account_id = w.account_id AND c.report_date BETWEEN w.first_date AND w.last_date
            GROUP BY w.account_id, w."window"
        )
        SELECT w.account_id, w."window", w.first_date, w.last_date, a.base_currency,
               CAST(m.pnl AS DECIMAL(38, 10)) AS pnl_base, m.twr, m.twr_method, m.mwr, m.mwr_unit,
               CASE WHEN m.pnl IS NOT NULL THEN cash.income_base END AS income_base,
               CASE WHEN m.pnl IS NOT NULL THEN cash.fees_base END AS fees_base,
               coalesce(m.twr_reason, m.mwr_reason) AS withheld_reason
        FROM windows AS w
        JOIN metrics AS m USING (account_id, "window")
        LEFT JOIN cash USING (account_id, "window")
        LEFT JOIN marts.dim_account AS a USING (account_id)
        ORDER BY w.account_id, list_position(['MTD', 'QTD', 'YTD', '1Y', '3Y', 'SI'], w."window")
        """,
        values,
    )


def _windows(reader: Reader, where: Filter) -> list[tuple[str, str, date, date]]:
    """Account, window, first and last day, for every account with a NAV.

    Without daily ones, those of the periods that its metrics are of.
    """
    clause, values = where.clause(None)
    spans = reader.result(
        f"""
        SELECT account_id, min(nav_date), max(nav_date)
        FROM marts.fct_nav_daily {clause} GROUP BY account_id
        UNION ALL
        SELECT account_id, min(window_start_date) + 1, max(window_end_date)
        FROM marts.performance_metric ANTI JOIN marts.fct_nav_daily USING (account_id) {clause}
        GROUP BY account_id
        ORDER BY account_id
        """,
        values,
    ).rows
    periods = [
        (account_id, window, resolve(name, last, first))
        for account_id, first, last in spans
        for name, window in METRIC_WINDOWS.items()
    ]
    return [(account_id, window, period.first, period.last) for account_id, window, period in periods]


# A fill that TWS told alone has no trade date yet; here it stands on the day of its clock, UTC.
_TRADE_DAY = "coalesce(trade_date, CAST(trade_at AT TIME ZONE 'UTC' AS DATE))"


def trades(reader: Reader, where: Filter) -> Result:
    """Trades, newest first."""
    clause, values = where.clause(_TRADE_DAY)
    return reader.result(
        f"""
        SELECT account_id, trade_date, trade_at, side, symbol, asset_class, quantity, price, currency,
               proceeds, commission, commission_currency, taxes, net_cash, realized_pnl, realized_pnl_base,
               notes, is_provisional, trade_id, transaction_id, document_id, section, row_ordinal
        FROM marts.fct_trade {clause}
        ORDER BY {_TRADE_DAY} DESC, trade_at DESC NULLS LAST, account_id, transaction_id, row_ordinal
        """,
        values,
        limit=where.limit,
    )


def positions(reader: Reader, where: Filter) -> Result:
    """What is held now, cash included, heaviest first."""
    clause, values = where.clause(None)
    return reader.result(
        f"""
        SELECT account_id, symbol, description, asset_class, currency, quantity, mark_price, market_value,
               market_value_base, weight, cost_basis_money, unrealized_pnl_base, as_of_date,
               quantity_basis, conid
        FROM marts.position_current {clause}
        ORDER BY account_id, abs(weight) DESC NULLS LAST, symbol
        """,
        values,
        limit=where.limit,
    )


def reconciliation(reader: Reader, where: Filter, *, tied: bool = True) -> Result:
    """The checks against the broker's totals: broken, then not reported, then (unless left out) tied."""
    clause, values = where.clause("period_end")
    if not tied:
        clause = f"{clause} AND status <> 'tied'" if clause else "WHERE status <> 'tied'"
    return reader.result(
        f"""
        SELECT account_id, period_start, period_end, check_name, section, currency, ours, broker, difference,
               tolerance, status, probable_cause, explanation
        FROM marts.reconciliation {clause}
        ORDER BY list_position(['broken', 'not_reported', 'tied'], status) NULLS FIRST,
                 account_id, period_end DESC, check_name, section, currency
        """,
        values,
        limit=where.limit,
    )


def verdict(reader: Reader, where: Filter) -> dict[str, int]:
    """How many checks are tied, broken and not reported, whatever the row limit."""
    clause, values = where.clause("period_end")
    rows = reader.result(
        f"SELECT status, count(*) FROM marts.reconciliation {clause} GROUP BY status", values
    ).rows
    counts = {str(status): int(count) for status, count in rows}
    return {name: counts.get(name, 0) for name in ("tied", "broken", "not_reported")}


def gaps(reader: Reader, where: Filter) -> Result:
    """What no document covers, with the request that would bring it: missing days first, then sections."""
    clause, values = where.clause("last_date")
    return reader.result(
        f"""
        SELECT account_id, gap, first_date, last_date, weekdays, sections, detail, suggestion, request
        FROM marts.coverage_gap {clause}
        ORDER BY account_id, list_position(['missing_days', 'missing_section', 'missing_history'], gap),
                 first_date, last_date
        """,
        values,
        limit=where.limit,
    )


def broken_rows(reader: Reader, where: Filter) -> Result:
    """The first rows behind each broken check, with the document they came from; the mart has a thousand of each."""
    clause, values = where.clause("period_end")
    values["rows"] = ROWS_OF_A_BREAK
    return reader.result(
        f"""
        SELECT account_id, check_name, period_start, period_end, document_id, section, row_ordinal, ours,
               broker, difference
        FROM marts.reconciliation_row {clause}
        QUALIFY row_number() OVER (
            PARTITION BY account_id, check_name, period_start, period_end, currency
            ORDER BY broker IS NULL, document_id, section, row_ordinal
        ) <= $rows
        ORDER BY account_id, period_end DESC, check_name, document_id, section, row_ordinal
        """,
        values,
        limit=where.limit,
    )
