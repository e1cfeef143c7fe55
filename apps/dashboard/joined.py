"""What the page reads for all accounts as one, in the reporting currency. One account alone: data. No widgets."""

from itertools import chain
from typing import Any

from apps.dashboard import data
from apps.dashboard.data import Health, Overview, Row
from apps.periods import Period
from apps.published import Reader

ALL = "ALL"
"""The account_id under which the marts hold all accounts as one; none of the broker's ids looks like it."""

# The rate of each account's currency on each of its days. A booking between two days takes the last one before it.
RATES = """
    rates AS (
        SELECT account_id, return_date AS rate_date, fx_rate_to_reporting AS rate
        FROM marts.fct_return_reporting WHERE account_id <> 'ALL' AND fx_rate_to_reporting IS NOT NULL
    )
"""


def read_account(reader: Reader) -> Row | None:
    """All accounts as one, as a row beside those of data.read_book; None where there is only one account.

    A version that was published before there was such a mart offers no whole.
    """
    if not reader.records(
        "SELECT 1 AS found FROM duckdb_tables() WHERE table_name = 'performance_metric_reporting'"
    ):
        return None
    rows = reader.records(
        f"""
        WITH {RATES},
        days AS (SELECT * FROM marts.fct_return_reporting WHERE account_id = 'ALL'),
        latest AS (SELECT * FROM days ORDER BY return_date DESC LIMIT 1),
        cash AS (
            SELECT sum(CAST(nav.cash_base * rates.rate AS DECIMAL(38, 10))) AS cash
            FROM (
                SELECT account_id, max(nav_date) AS nav_date, arg_max(cash_base, nav_date) AS cash_base
                FROM marts.fct_nav_daily
                WHERE nav_date <= (SELECT return_date FROM latest) GROUP BY account_id
            ) AS nav
            ASOF LEFT JOIN rates ON rates.account_id = nav.account_id AND rates.rate_date <= nav.nav_date
        ),
        metrics AS (
            SELECT CAST(max(value) FILTER (metric = 'pnl' AND "window" = 'MTD') AS DECIMAL(38, 10)) AS mtd_pnl_base,
                   CAST(max(value) FILTER (metric = 'pnl' AND "window" = 'YTD') AS DECIMAL(38, 10)) AS ytd_pnl_base,
                   max(value) FILTER (metric = 'twr' AND "window" = 'MTD') AS mtd_twr,
                   max(value) FILTER (metric = 'twr' AND "window" = 'YTD') AS ytd_twr,
                   CAST(max(value) FILTER (metric = 'net_contributions' AND "window" = 'SI') AS DECIMAL(38, 10))
                       AS net_contributions_base
            FROM marts.performance_metric_reporting WHERE account_id = 'ALL'
        )
        SELECT 'ALL' AS account_id, 'All accounts' AS alias, latest.reporting_currency AS base_currency,
               (SELECT min(return_date) FROM days) AS first_nav_date, latest.return_date AS as_of_date,
               latest.nav_end_reporting AS nav_base, cash.cash AS cash_base, metrics.net_contributions_base,
               latest.pnl_reporting AS day_pnl_base, latest.twr AS day_twr,
               latest.withheld_reason AS day_withheld_reason, metrics.mtd_pnl_base, metrics.mtd_twr,
               metrics.ytd_pnl_base, metrics.ytd_twr, latest.drawdown AS current_drawdown
        FROM latest CROSS JOIN cash CROSS JOIN metrics
        """
    )
    return rows[0] if rows else None


def read_overview(reader: Reader, account_id: str, period: Period) -> Overview:
    """The period's figures and its daily series, under the column names of one account's."""
    span = {"first": period.first, "last": period.last}
    metrics = reader.records(
        """
        SELECT "window", metric, value, value_date, unit, withheld_reason
        FROM marts.performance_metric_reporting WHERE account_id = $account
        """,
        {"account": account_id},
    )
    days = reader.records(
        """
        SELECT return_date, previous_nav_date, nav_start_reporting AS nav_start_base,
               nav_end_reporting AS nav_end_base, external_flow_reporting AS external_flow_base,
               pnl_reporting AS pnl_base, twr, return_status, withheld_reason
        FROM marts.fct_return_reporting
        WHERE account_id = 'ALL' AND return_status <> 'base' AND return_date BETWEEN $first AND $last
        ORDER BY return_date
        """,
        span,
    )
    return Overview(
        metrics={(row["window"], row["metric"]): row for row in metrics},
        days=days,
        causes=_causes(reader, span),
        movers=_movers(reader, span),
    )


def _causes(reader: Reader, span: dict[str, Any]) -> Row:
    """Cash income and costs of the period; NULL where no row of that kind was booked."""
    return reader.records(
        f"""
        WITH {RATES},
        booked AS (
            SELECT cash.category, CAST(cash.amount_base * rates.rate AS DECIMAL(38, 10)) AS amount
            FROM (SELECT * FROM marts.fct_cash_transaction WHERE report_date BETWEEN $first AND $last) AS cash
            ASOF LEFT JOIN rates ON rates.account_id = cash.account_id AND rates.rate_date <= cash.report_date
        )
        SELECT sum(amount) FILTER (category IN ('dividend', 'payment_in_lieu')) AS dividends,
               sum(amount) FILTER (category = 'withholding_tax') AS withholding_tax,
               sum(amount) FILTER (category IN ('broker_interest', 'bond_interest')) AS interest,
               sum(amount) FILTER (category IN ('fee', 'commission_adjustment')) AS fees
        FROM booked
        """,
        span,
    )[0]


def _movers(reader: Reader, span: dict[str, Any]) -> list[Row]:
    """Realised PnL of the period by instrument over all accounts, the five largest either way."""
    return reader.records(
        f"""
        WITH {RATES},
        realized AS (
            SELECT trades.instrument_key, trades.symbol,
                   CAST(trades.realized_pnl_base * rates.rate AS DECIMAL(38, 10)) AS amount
            FROM (SELECT * FROM marts.fct_trade WHERE report_date BETWEEN $first AND $last) AS trades
            ASOF LEFT JOIN rates ON rates.account_id = trades.account_id AND rates.rate_date <= trades.report_date
        )
        SELECT any_value(symbol) AS symbol, sum(amount) AS pnl_base
        FROM realized GROUP BY instrument_key
        HAVING sum(amount) <> 0 ORDER BY abs(sum(amount)) DESC, symbol LIMIT 5
        """,
        span,
    )


def read_positions(reader: Reader, account_id: str) -> list[Row]:
    """What is held now, an instrument a line over all accounts; weights are of the whole."""
    return reader.records(
        f"""
        WITH {RATES},
        held AS (
            SELECT positions.*, rates.rate
            FROM marts.position_current AS positions
            ASOF LEFT JOIN rates
                ON rates.account_id = positions.account_id AND rates.rate_date <= positions.as_of_date
        ),
        marks AS (
            SELECT instrument_key, list(mark ORDER BY position_date) AS marks
            FROM (
                SELECT instrument_key, position_date, CAST(any_value(mark_price) AS DOUBLE) AS mark
                FROM marts.fct_position_daily
                WHERE asset_class <> 'CASH' AND mark_price IS NOT NULL
                GROUP BY instrument_key, position_date
                QUALIFY row_number() OVER (PARTITION BY instrument_key ORDER BY position_date DESC) <= 30
            ) GROUP BY instrument_key
        ),
        whole AS (
            SELECT arg_max(nav_end_reporting, return_date) AS nav
            FROM marts.fct_return_reporting WHERE account_id = $account
        ),
        summed AS (
            SELECT instrument_key, any_value(symbol) AS symbol, any_value(description) AS description,
                   any_value(asset_class) AS asset_class, any_value(currency) AS currency,
                   sum(quantity) AS quantity, arg_max(mark_price, as_of_date) AS mark_price,
                   CASE WHEN count(*) = count(market_value) THEN sum(market_value) END AS market_value,
                   CASE WHEN count(*) = count(market_value_base * rate)
                       THEN sum(CAST(market_value_base * rate AS DECIMAL(38, 10))) END AS market_value_base,
                   sum(cost_basis_money) AS cost_basis_money,
                   CASE WHEN count(*) = count(unrealized_pnl_base * rate)
                       THEN sum(CAST(unrealized_pnl_base * rate AS DECIMAL(38, 10))) END AS unrealized_pnl_base,
                   string_agg(DISTINCT quantity_basis, ', ' ORDER BY quantity_basis) AS quantity_basis,
                   min(as_of_date) AS as_of_date, any_value(conid) AS conid
            FROM held GROUP BY instrument_key
        )
        SELECT symbol, description, asset_class, currency, quantity, mark_price, marks.marks, market_value,
               market_value_base,
               CAST(market_value_base AS DOUBLE) / nullif(CAST(whole.nav AS DOUBLE), 0) AS weight,
               cost_basis_money, unrealized_pnl_base, quantity_basis, as_of_date, conid
        FROM summed CROSS JOIN whole LEFT JOIN marks USING (instrument_key)
        ORDER BY abs(weight) DESC NULLS LAST, symbol
        """,
        {"account": account_id},
    )


def read_health(reader: Reader, account_id: str) -> Health:
    """What ties and what does not, of every account, and the findings about the whole."""
    known = [
        row["account_id"] for row in reader.records("SELECT account_id FROM marts.dim_account ORDER BY 1")
    ]
    parts = [data.read_health(reader, account) for account in (*known, account_id)]
    problems = {tuple(map(str, row.values())): row for row in chain(*(part.problems for part in parts))}
    order = ["error", "warning", "info"]
    return Health(
        counts={name: sum(part.counts[name] for part in parts) for name in parts[0].counts},
        open_checks=list(chain(*(part.open_checks for part in parts))),
        problems=sorted(problems.values(), key=lambda row: [*order, row["severity"]].index(row["severity"])),
        quarantined=parts[0].quarantined,
    )
