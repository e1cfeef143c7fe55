"""The SQL behind `--account ALL`: what the reading commands say of all accounts as one, in the reporting currency.

Columns are those of one account's answer. What the page asks too is in apps/dashboard/joined.py. No printing here.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from apps.cli.queries import FEE_CATEGORIES, NET_INCOME_CATEGORIES, Filter
from apps.dashboard import joined
from apps.dashboard.joined import ALL
from apps.periods import METRIC_WINDOWS, resolve
from apps.published import Reader, Result


class NothingJoinedError(Exception):
    """The published version has no accounts as one; the message says what it would need."""


def is_all(account: str | None) -> bool:
    """True where the user asks for all accounts as one, in any case of letters."""
    return account is not None and account.casefold() == ALL.casefold()


def whole(reader: Reader) -> dict[str, Any]:
    """All accounts as one, as a row of the page's accounts. Raises `NothingJoinedError`."""
    row = joined.read_account(reader)
    if row is None:
        known = reader.records("SELECT account_id FROM marts.dim_account ORDER BY account_id")
        names = ", ".join(str(account["account_id"]) for account in known) or "none"
        raise NothingJoinedError(
            "there is no account ALL: it takes several accounts with a net asset value, and exchange rates to the "
            f"reporting currency; known accounts: {names}"
        )
    return row


def _result(columns: dict[str, str], rows: Sequence[dict[str, Any]], limit: int | None = None) -> Result:
    shown = rows if limit is None else rows[:limit]
    values = [tuple(row.get(name) for name in columns) for row in shown]
    return Result(tuple(columns), tuple(columns.values()), values, truncated=len(shown) < len(rows))


def summary(reader: Reader, _: Filter) -> Result:
    """All accounts as one row. The realised PnL of the year is NULL: it stays per account."""
    row = whole(reader)
    found = reader.records(
        """
        SELECT (SELECT max(value) FROM marts.performance_metric_reporting
                WHERE account_id = 'ALL' AND metric = 'twr' AND "window" = 'SI') AS since_inception_twr,
               sum(reconciliation_tied) AS tied, sum(reconciliation_broken) AS broken,
               sum(reconciliation_not_reported) AS not_reported,
               (SELECT max(documents_loaded) FROM marts.build_info) AS documents_loaded
        FROM marts.account_summary
        """
    )[0]
    counts = {f"reconciliation_{name}": int(found[name] or 0) for name in ("tied", "broken", "not_reported")}
    money, ratio, count = "DECIMAL(38,10)", "DOUBLE", "BIGINT"
    columns = {
        **{"account_id": "VARCHAR", "base_currency": "VARCHAR", "as_of_date": "DATE"},
        **dict.fromkeys(("nav_base", "cash_base", "day_pnl_base", "mtd_pnl_base", "ytd_pnl_base"), money),
        **dict.fromkeys(("day_twr", "mtd_twr", "ytd_twr", "since_inception_twr", "current_drawdown"), ratio),
        **dict.fromkeys(("net_contributions_base", "realized_ytd_base"), money),
        **dict.fromkeys((*counts, "documents_loaded"), count),
    }
    return _result(columns, [{**row, **found, **counts}])


def daily(reader: Reader, where: Filter) -> Result:
    """NAV, PnL, external flow and TWR of the last days of all accounts as one."""
    whole(reader)
    clause, values = Filter(ALL, where.first, where.last).clause("return_date")
    newest = "" if where.limit is None else "QUALIFY row_number() OVER (ORDER BY return_date DESC) <= $days"
    if where.limit is not None:
        values["days"] = where.limit
    return reader.result(
        f"""
        SELECT account_id, return_date, reporting_currency AS base_currency, nav_end_reporting AS nav_base,
               pnl_reporting AS pnl_base, external_flow_reporting AS external_flow_base, twr, withheld_reason
        FROM marts.fct_return_reporting {clause} {newest}
        ORDER BY return_date
        """,
        values,
    )


def totals(reader: Reader, _: Filter) -> Result:
    """PnL, TWR, MWR, income and fees of all accounts as one, per window."""
    row = whole(reader)
    periods = {
        window: resolve(name, row["as_of_date"], row["first_nav_date"])
        for name, window in METRIC_WINDOWS.items()
    }
    values: list[str | date] = []
    for window, period in periods.items():
        values += [window, period.first, period.last]
    return reader.result(
        f"""
        WITH windows ("window", first_date, last_date) AS (
            VALUES {", ".join(["(?, ?::DATE, ?::DATE)"] * len(periods))}
        ),
        metrics AS (
            SELECT "window",
                   max(value) FILTER (metric = 'pnl') AS pnl,
                   max(value) FILTER (metric = 'twr') AS twr,
                   max(value) FILTER (metric = 'mwr') AS mwr,
                   max(unit) FILTER (metric = 'mwr') AS mwr_unit,
                   max(return_method) FILTER (metric = 'twr') AS twr_method,
                   max(withheld_reason) FILTER (metric = 'twr') AS twr_reason,
                   max(withheld_reason) FILTER (metric = 'mwr') AS mwr_reason
            FROM marts.performance_metric_reporting WHERE account_id = 'ALL' GROUP BY "window"
        ),
        {joined.RATES},
        booked AS (
            SELECT cash.report_date, cash.category, cash.amount_base,
                   CAST(cash.amount_base * rates.rate AS DECIMAL(38, 10)) AS amount
            FROM marts.fct_cash_transaction AS cash
            ASOF LEFT JOIN rates ON rates.account_id = cash.account_id AND rates.rate_date <= cash.report_date
            WHERE cash.category IN {(*NET_INCOME_CATEGORIES, *FEE_CATEGORIES)!r}
        ),
        cash AS (
            SELECT w."window",
                   sum(b.amount) FILTER (b.category IN {NET_INCOME_CATEGORIES!r}) AS income,
                   sum(b.amount) FILTER (b.category IN {FEE_CATEGORIES!r}) AS fees,
                   count(*) FILTER (b.amount IS NULL) AS without_rate
            FROM windows AS w JOIN booked AS b ON b.report_date BETWEEN w.first_date AND w.last_date
            GROUP BY w."window"
        )
        SELECT 'ALL' AS account_id, w."window", w.first_date, w.last_date,
               (SELECT max(reporting_currency) FROM marts.fct_return_reporting) AS base_currency,
               CAST(m.pnl AS DECIMAL(38, 10)) AS pnl_base, m.twr, m.twr_method, m.mwr, m.mwr_unit,
               CASE WHEN m.pnl IS NOT NULL AND cash.without_rate = 0 THEN cash.income END AS income_base,
               CASE WHEN m.pnl IS NOT NULL AND cash.without_rate = 0 THEN cash.fees END AS fees_base,
               coalesce(m.twr_reason, m.mwr_reason) AS withheld_reason
        FROM windows AS w JOIN metrics AS m USING ("window") LEFT JOIN cash USING ("window")
        ORDER BY list_position(['MTD', 'QTD', 'YTD', '1Y', '3Y', 'SI'], w."window")
        """,
        values,
    )


def positions(reader: Reader, where: Filter) -> Result:
    """What all accounts hold now, an instrument a line, heaviest first."""
    whole(reader)
    money = "DECIMAL(38,10)"
    columns = {
        **dict.fromkeys(("account_id", "symbol", "description", "asset_class", "currency"), "VARCHAR"),
        **dict.fromkeys(("quantity", "mark_price", "market_value", "market_value_base"), money),
        **{"weight": "DOUBLE", "cost_basis_money": money, "unrealized_pnl_base": money},
        **{"as_of_date": "DATE", "quantity_basis": "VARCHAR", "conid": "BIGINT"},
    }
    rows = [{**row, "account_id": ALL} for row in joined.read_positions(reader, ALL)]
    return _result(columns, rows, where.limit)
