"""The SQL behind `tieout pnl`: profit and loss of a period by cause, instrument or month. No printing here."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from apps.cli import joined_queries
from apps.cli.queries import Filter
from apps.dashboard.joined import ALL
from apps.periods import PERIODS, resolve
from apps.published import Reader, Result

CAUSES = (
    "price", "trading", "fx_translation", "dividends", "withholding", "interest", "commissions", "fees", "taxes",
    "other",
)  # fmt: skip
PNL_PERIODS = tuple(name for name in PERIODS if name != "Custom")


class By(Enum):
    """What a row of the answer is."""

    CAUSE = "cause"
    INSTRUMENT = "instrument"
    MONTH = "month"


@dataclass(frozen=True)
class Window:
    """The days of one account that are asked for, both inclusive."""

    account_id: str
    first: date
    last: date


def windows_of(reader: Reader, account_id: str | None, period: str) -> list[Window]:
    """The window of each account, ending at its last day with a return; `period` is one of PNL_PERIODS.

    `account_id` may be ALL: raises `joined_queries.NothingJoinedError` where the accounts are not joined.
    """
    table = "fct_return_daily"
    if account_id == ALL:
        joined_queries.whole(reader)
        table = "fct_return_reporting"
    only, values = Filter(account_id).clause(None)
    rows = reader.records(
        f"""
        SELECT account_id, min(return_date) AS first_date, max(return_date) AS last_date
        FROM marts.{table} {only} GROUP BY account_id ORDER BY account_id
        """,
        values,
    )
    found = []
    for row in rows:
        chosen = resolve(period, row["last_date"], row["first_date"])
        found.append(Window(str(row["account_id"]), chosen.first, chosen.last))
    return found


def _asked(windows: list[Window]) -> tuple[str, list[object]]:
    """The CTE `asked` with a row per account and window; it stands even where there is no account."""
    rows = windows or [Window("", date.min, date.min)]
    listed = ", ".join(["(?, ?::DATE, ?::DATE)"] * len(rows))
    return (
        f"asked (account_id, first_date, last_date) AS (VALUES {listed})",
        [value for window in rows for value in (window.account_id, window.first, window.last)],
    )


_DAYS = """
    days AS (
        SELECT p.*, a.first_date, a.last_date
        FROM marts.fct_pnl_daily AS p
        JOIN asked AS a ON a.account_id = p.account_id AND p.pnl_date BETWEEN a.first_date AND a.last_date
    )
"""


def _in_reporting(column: str) -> str:
    return f"CAST(p.{column} * r.fx_rate_to_reporting AS DECIMAL(38, 10)) AS {column}"


def _base_if(value: str, cause: str) -> str:
    amount = value if cause == "fx_translation" else "CASE WHEN shift IS NOT NULL THEN 0 END"
    return f"{amount} AS {cause}_base"


# Every account's rows at the rate of their day, and what the change of that rate made of each account's value: the
# row without an instrument that brings a day's total to the account's PnL in the reporting currency.
_DAYS_TOGETHER = f"""
    converted AS (
        SELECT p.account_id, p.pnl_date, p.instrument_key, p.symbol, p.asset_class,
               {", ".join(_in_reporting(f"{cause}_base") for cause in CAUSES)}, {_in_reporting("total_base")},
               CASE WHEN r.fx_rate_to_reporting IS NULL
                   THEN 'No exchange rate to the reporting currency on this day.'
                   ELSE p.withheld_reason END AS withheld_reason
        FROM marts.fct_pnl_daily AS p
        LEFT JOIN marts.fct_return_reporting AS r ON r.account_id = p.account_id AND r.return_date = p.pnl_date
    ),
    shifts AS (
        SELECT r.return_date,
               r.pnl_reporting - CASE WHEN count(*) = count(c.total_base) THEN sum(c.total_base) END AS shift,
               any_value(r.withheld_reason) AS withheld_reason
        FROM marts.fct_return_reporting AS r
        JOIN converted AS c ON c.account_id = r.account_id AND c.pnl_date = r.return_date
        GROUP BY r.account_id, r.return_date, r.pnl_reporting
    ),
    days AS (
        SELECT rows.*, a.first_date, a.last_date
        FROM (
            SELECT * REPLACE ('{ALL}' AS account_id) FROM converted
            UNION ALL
            SELECT '{ALL}', return_date, NULL, NULL, NULL, {", ".join(_base_if("shift", c) for c in CAUSES)},
                   shift, CASE WHEN shift IS NULL
                       THEN coalesce(withheld_reason, 'The PnL in the reporting currency is not known.') END
            FROM shifts WHERE shift IS DISTINCT FROM 0
        ) AS rows
        JOIN asked AS a ON rows.pnl_date BETWEEN a.first_date AND a.last_date
    )
"""


def _days(windows: list[Window]) -> str:
    return _DAYS_TOGETHER if any(window.account_id == ALL for window in windows) else _DAYS


def by_cause(reader: Reader, windows: list[Window]) -> Result:
    """A row per account and cause, and the total; `rows_withheld` counts rows that lack the cause."""
    asked, values = _asked(windows)
    pairs = " UNION ALL ".join(
        f"SELECT {order} AS position, account_id, first_date, last_date, '{cause}' AS cause,"
        f" {cause}_base AS amount_base FROM days"
        for order, cause in enumerate(CAUSES)
    )
    return reader.result(
        f"""
        WITH {asked}, {_days(windows)},
        amounts AS (
            {pairs}
            UNION ALL
            SELECT {len(CAUSES)}, account_id, first_date, last_date, 'total', total_base FROM days
        )
        SELECT account_id, cause, sum(amount_base) AS pnl_base,
               count(*) FILTER (WHERE amount_base IS NULL) AS rows_withheld, first_date, last_date
        FROM amounts GROUP BY ALL ORDER BY account_id, any_value(position)
        """,
        values,
    )


def by_instrument(reader: Reader, windows: list[Window]) -> Result:
    """A row per account and instrument, largest result first; the account's own row has no instrument."""
    return _grouped(
        reader,
        windows,
        "coalesce(max(symbol), 'account') AS symbol, max(asset_class) AS asset_class, instrument_key",
        "instrument_key",
        "abs(sum(total_base)) DESC, symbol",
    )


def by_month(reader: Reader, windows: list[Window]) -> Result:
    """A row per account and month."""
    month = "date_trunc('month', pnl_date)::DATE"
    return _grouped(reader, windows, f"{month} AS month_date", month, "month_date")


def _grouped(reader: Reader, windows: list[Window], columns: str, group: str, order: str) -> Result:
    asked, values = _asked(windows)
    sums = ", ".join(f"sum({cause}_base) AS {cause}_base" for cause in CAUSES)
    return reader.result(
        f"""
        WITH {asked}, {_days(windows)}
        SELECT account_id, {columns}, sum(total_base) AS pnl_base, {sums},
               arg_min(withheld_reason, pnl_date) AS withheld_reason
        FROM days GROUP BY account_id, {group} ORDER BY account_id, {order}
        """,
        values,
    )


QUESTIONS = {By.CAUSE: by_cause, By.INSTRUMENT: by_instrument, By.MONTH: by_month}
"""The question behind each way to group."""
