"""What the page reads from the marts, as small values: SQL, and linking the chosen days. No widgets."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.breaks import COLUMN, note_of, read_acknowledged
from apps.periods import Period
from apps.published import Reader

if TYPE_CHECKING:
    from apps.breaks import Acknowledged

Row = dict[str, Any]


@dataclass(frozen=True)
class Book:
    """What is independent of the period: accounts, their summaries, and the build."""

    accounts: list[Row]
    build: Row


@dataclass(frozen=True)
class Overview:
    """What the Overview shows for one account and period."""

    metrics: dict[tuple[str, str], Row]
    """`performance_metric` by window and metric; periods that the mart does not hold are not in it."""
    days: list[Row]
    """One per NAV day of the period: return_date, previous_nav_date, nav_start_base, nav_end_base,
    external_flow_base, pnl_base, twr, return_status, withheld_reason."""
    causes: Row
    movers: list[Row]


@dataclass(frozen=True)
class Health:
    """Reconciliation, problems and documents of one account."""

    counts: dict[str, int]
    open_checks: list[Row]
    problems: list[Row]
    quarantined: list[Row]


def read_book(reader: Reader) -> Book:
    """Accounts (those with a NAV first) and the build."""
    accounts = reader.records(
        """
        SELECT a.account_id, a.alias, coalesce(s.base_currency, a.base_currency) AS base_currency,
               nav.first_nav_date, s.as_of_date, s.nav_base, s.cash_base, s.net_contributions_base,
               s.day_pnl_base, s.day_twr, s.day_withheld_reason, s.mtd_pnl_base, s.mtd_twr, s.ytd_pnl_base,
               s.ytd_twr, s.current_drawdown
        FROM marts.dim_account AS a
        LEFT JOIN marts.account_summary AS s USING (account_id)
        LEFT JOIN (
            SELECT account_id, min(nav_date) AS first_nav_date FROM marts.fct_nav_daily GROUP BY account_id
        ) AS nav USING (account_id)
        ORDER BY nav.first_nav_date IS NULL, a.account_id
        """
    )
    build = reader.records("SELECT built_at, code_version, documents_loaded FROM marts.build_info")
    return Book(accounts, build[0] if build else {})


def read_overview(reader: Reader, account_id: str, period: Period) -> Overview:
    """The period's figures and its daily series."""
    span = {"account": account_id, "first": period.first, "last": period.last}
    metrics = reader.records(
        """
        SELECT "window", metric, value, value_date, unit, withheld_reason
        FROM marts.performance_metric
        WHERE account_id = $account
        """,
        {"account": account_id},
    )
    days = reader.records(
        """
        SELECT return_date, previous_nav_date, nav_start_base, nav_end_base, external_flow_base, pnl_base,
               twr, return_status, withheld_reason
        FROM marts.fct_return_daily
        WHERE account_id = $account AND return_date BETWEEN $first AND $last
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


def _causes(reader: Reader, span: dict[str, object]) -> Row:
    """Cash income and costs of the period in base currency; NULL where no row of that kind was booked."""
    return reader.records(
        """
        SELECT sum(amount_base) FILTER (category IN ('dividend', 'payment_in_lieu')) AS dividends,
               sum(amount_base) FILTER (category = 'withholding_tax') AS withholding_tax,
               sum(amount_base) FILTER (category IN ('broker_interest', 'bond_interest')) AS interest,
               sum(amount_base) FILTER (category IN ('fee', 'commission_adjustment')) AS fees
        FROM marts.fct_cash_transaction
        WHERE account_id = $account AND report_date BETWEEN $first AND $last
        """,
        span,
    )[0]


def _movers(reader: Reader, span: dict[str, object]) -> list[Row]:
    """Realised PnL of the period by instrument, the five largest either way."""
    return reader.records(
        """
        SELECT symbol, sum(realized_pnl_base) AS pnl_base
        FROM marts.fct_trade
        WHERE account_id = $account AND report_date BETWEEN $first AND $last
        GROUP BY instrument_key, symbol
        HAVING sum(realized_pnl_base) <> 0
        ORDER BY abs(sum(realized_pnl_base)) DESC, symbol
        LIMIT 5
        """,
        span,
    )


def read_positions(reader: Reader, account_id: str) -> list[Row]:
    """What is held now, heaviest first, with the marks of the last thirty NAV days for a sparkline."""
    return reader.records(
        """
        WITH recent AS (
            SELECT DISTINCT position_date FROM marts.fct_position_daily
            WHERE account_id = $account ORDER BY position_date DESC LIMIT 30
        ),
        marks AS (
            SELECT instrument_key,
                   list(CAST(mark_price AS DOUBLE) ORDER BY position_date)
                       FILTER (mark_price IS NOT NULL) AS marks
            FROM marts.fct_position_daily
            WHERE account_id = $account AND asset_class <> 'CASH'
              AND position_date >= (SELECT min(position_date) FROM recent)
            GROUP BY instrument_key
        )
        SELECT p.symbol, p.description, p.asset_class, p.currency, p.quantity, p.mark_price, m.marks,
               p.market_value_base, p.weight, p.cost_basis_money, p.unrealized_pnl_base, p.quantity_basis,
               p.as_of_date, p.conid
        FROM marts.position_current AS p
        LEFT JOIN marks AS m USING (instrument_key)
        WHERE p.account_id = $account
        ORDER BY abs(p.weight) DESC NULLS LAST, p.symbol
        """,
        {"account": account_id},
    )


def read_health(reader: Reader, account_id: str) -> Health:
    """What ties, what does not, what could not be read. Problems of no account are everyone's."""
    account = {"account": account_id}
    counts = dict(
        reader.result(
            "SELECT status, count(*) FROM marts.reconciliation WHERE account_id = $account GROUP BY status",
            account,
        ).rows
    )
    return Health(
        counts={name: int(counts.get(name, 0)) for name in ("tied", "broken", "not_reported")},
        open_checks=reader.records(
            """
            SELECT account_id, status, check_name, section, period_start, period_end, currency, ours, broker,
                   difference, explanation
            FROM marts.reconciliation
            WHERE account_id = $account AND status <> 'tied'
            ORDER BY status, period_end DESC, check_name, section
            """,
            account,
        ),
        problems=reader.records(
            """
            SELECT severity, check_name, subject, detail, suggestion, section, row_ordinal, document_id
            FROM marts.data_health
            WHERE account_id = $account OR account_id IS NULL
            ORDER BY list_position(['error', 'warning', 'info'], severity) NULLS LAST, check_name, subject
            """,
            account,
        ),
        quarantined=reader.records(
            """
            SELECT file_name, reason, received_at, size_bytes, document_id
            FROM marts.document WHERE status = 'quarantined' ORDER BY received_at DESC, file_name
            """
        ),
    )


def acknowledged_apart(state: Health, state_url: str) -> Health:
    """The breaks that a person acknowledged counted apart (`acknowledged`), each with its note.

    A state store that cannot be read is a problem to show, and every break counts as open.
    """
    broken = [row for row in state.open_checks if row["status"] == "broken"]
    problems, known, unreadable = state.problems, {}, None
    if broken:
        known, unreadable = _read_or_reason(state_url)
    if unreadable:
        shown = {
            "severity": "warning",
            "check_name": "state_store",
            "subject": "acknowledgements",
            "detail": unreadable,
            "suggestion": "Until it can be read again, every break counts as open.",
        }
        columns = dict.fromkeys(("section", "row_ordinal", "document_id"))
        problems = [{**shown, **columns}, *problems]
    notes = {id(row): note_of(row, known) for row in broken}
    count = sum(note is not None for note in notes.values())
    return replace(
        state,
        counts={**state.counts, "broken": state.counts["broken"] - count, COLUMN: count},
        open_checks=[{**row, COLUMN: notes.get(id(row))} for row in state.open_checks],
        problems=problems,
    )


def _read_or_reason(state_url: str) -> "tuple[Acknowledged, str | None]":
    from state_store.database import StateError

    try:
        return read_acknowledged(state_url), None
    except StateError as error:
        return {}, str(error)


@dataclass(frozen=True)
class Segment:
    """Days with nothing withheld between them: dates, and the growth of 1 since the day before them."""

    dates: list[date]
    index: list[float]

    def drawdowns(self) -> list[float]:
        """Below the highest point so far, the start included; zero or negative."""
        peak, result = self.index[0], []
        for level in self.index:
            peak = max(peak, level)
            result.append(level / peak - 1 if peak > 0 else 0.0)
        return result


def is_idle(row: Row) -> bool:
    """True for a day on which the account held nothing: it has no return and withholds none."""
    return bool(row["return_status"] == "no_capital")


def before(row: Row) -> date:
    """The NAV day that a return starts from; the day before where the account opens."""
    previous: date | None = row["previous_nav_date"]
    opened: date = row["return_date"]
    return previous or opened - timedelta(days=1)


def segments(days: list[Row]) -> list[Segment]:
    """Link the daily returns; a withheld day ends one stretch, and the next starts anew from 1.

    Nothing is guessed over a gap. The first point of a stretch is the NAV day before its first return.
    """
    result: list[Segment] = []
    current: Segment | None = None
    for row in days:
        if is_idle(row):
            continue
        if row["twr"] is None:
            current = None
            continue
        if current is None:
            current = Segment([before(row)], [1.0])
            result.append(current)
        current.dates.append(row["return_date"])
        current.index.append(current.index[-1] * (1 + row["twr"]))
    return result


def linked_twr(days: list[Row]) -> tuple[float | None, str | None]:
    """The period's TWR from its days, or None and the reason."""
    known = [row for row in days if not is_idle(row)]
    if not known:
        return None, "no day with a return in this period"
    level = 1.0
    for row in known:
        if row["twr"] is None:
            return None, row["withheld_reason"] or f"no return on {row['return_date']}"
        level *= 1 + row["twr"]
    return level - 1, None


def period_pnl(days: list[Row]) -> Decimal | None:
    """The days' PnL added up; None when a day's is withheld or there is none."""
    amounts = [row["pnl_base"] for row in days]
    if not amounts or any(amount is None for amount in amounts):
        return None
    return sum(amounts, Decimal(0))


@dataclass(frozen=True)
class Growth:
    """NAV against what was put in; both start from the opening NAV, or with the account's first day."""

    dates: list[date]
    nav: list[Decimal | None]
    invested: list[Decimal | None]

    def indexed(self) -> "tuple[list[float | None], list[float | None]]":
        """Both lines with the opening NAV (the first one above zero) as 100: shapes without amounts."""
        base = next((float(value) for value in self.nav if value is not None and value > 0), None)

        def scaled(values: list[Decimal | None]) -> list[float | None]:
            return [None if value is None or base is None else 100 * float(value) / base for value in values]

        return scaled(self.nav), scaled(self.invested)


def growth(days: list[Row]) -> Growth:
    """NAV by day, and opening NAV plus external flows since: the NAV as it would be without any PnL.

    A day whose flow is not known ends the invested line.
    """
    result = Growth([], [], [])
    if not days:
        return result
    level: Decimal | None = days[0]["nav_start_base"] or Decimal(0)
    if level:
        result.dates.append(before(days[0]))
        result.nav.append(level)
        result.invested.append(level)
    for row in days:
        flow = row["external_flow_base"]
        level = None if level is None or flow is None else level + flow
        result.dates.append(row["return_date"])
        result.nav.append(row["nav_end_base"])
        result.invested.append(level)
    return result


def stale_days(as_of: date | None, now: datetime) -> int | None:
    """Calendar days since the last close."""
    return None if as_of is None else (now.date() - as_of).days
