"""Every mart of the two invented accounts: windows, summaries, checks, documents. For tests of readers."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.support.invented_books import (
    EMPTY_ACCOUNT,
    EUR_ACCOUNT,
    EUR_HOLDINGS,
    FIRST_DAY,
    GAP_REASON,
    LAST_DAY,
    USD_ACCOUNT,
    USD_HOLDINGS,
    Books,
    money,
    simulate,
)

USD_IN_EUR = Decimal("1.5")
_TOO_SHORT = "history starts on 2025-02-28, after the window's start"
_STARTS = {
    "MTD": date(2026, 3, 1),
    "QTD": date(2026, 1, 1),
    "YTD": date(2026, 1, 1),
    "1Y": date(2025, 3, 13),
    "3Y": date(2023, 3, 13),
    "SI": FIRST_DAY,
}


def _xirr(flows: list[tuple[date, float]]) -> float | None:
    start = flows[0][0]

    def npv(rate: float) -> float:
        return sum(amount / (1 + rate) ** ((day - start).days / 365) for day, amount in flows)

    low, high = -0.99, 10.0
    if npv(low) * npv(high) > 0:
        return None
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if npv(low) * npv(middle) > 0 else (low, middle)
    return (low + high) / 2


def _window(books: Books, account: str, window: str, inside: list[dict[str, object]]) -> dict[str, object]:
    """The metrics of one window; all of them are withheld when a day is, or when history is too short."""
    reason = (
        _TOO_SHORT if window == "3Y" else GAP_REASON if any(row["twr"] is None for row in inside) else None
    )
    values: dict[str, object] = dict.fromkeys(("twr", "mwr", "pnl", "net_contributions", "max_drawdown"))
    trough = None
    long = (LAST_DAY - _STARTS[window]).days >= 365
    if reason is None:
        flows = [(inside[0]["previous_nav_date"], -float(inside[0]["nav_start_base"]))]
        flows += [(row["return_date"], -float(row["external_flow_base"])) for row in inside]
        flows.append((LAST_DAY, float(inside[-1]["nav_end_base"])))
        yearly = _xirr(flows)
        years = (LAST_DAY - flows[0][0]).days / 365
        level, top, worst = 1.0, 1.0, 0.0
        for row in inside:
            level *= 1 + row["twr"]
            top = max(top, level)
            if level / top - 1 < worst:
                worst, trough = level / top - 1, row["return_date"]
        values = {
            "twr": level - 1,
            "mwr": yearly if long or yearly is None else (1 + yearly) ** years - 1,
            "pnl": sum((row["pnl_base"] for row in inside), Decimal(0)),
            "net_contributions": sum((row["external_flow_base"] for row in inside), Decimal(0)),
            "max_drawdown": worst,
        }
    units = {
        "mwr": "ratio per year" if long else "ratio",
        "pnl": "base currency",
        "net_contributions": "base currency",
    }
    for metric, value in values.items():
        books.add(
            "performance_metric",
            account_id=account,
            window=window,
            metric=metric,
            value=None if value is None else float(value),
            value_date=trough if metric == "max_drawdown" else None,
            window_start_date=_STARTS[window],
            window_end_date=LAST_DAY,
            unit=units.get(metric, "ratio"),
            withheld_reason=reason,
        )
    return values


def _metrics(books: Books, account: str, gap: bool) -> None:
    """Windows, summary, drawdown, months and current positions from the daily rows."""
    returns = [row for row in books.rows["fct_return_daily"] if row["account_id"] == account]
    navs = [row for row in books.rows["fct_nav_daily"] if row["account_id"] == account]
    index, peak = 1.0, 1.0
    books.add("drawdown", account_id=account, nav_date=FIRST_DAY, twr_index=1.0, peak_index=1.0, drawdown=0.0)
    for row in returns:
        index *= 1 + (row["twr"] or 0.0)
        peak = max(peak, index)
        below = index / peak - 1
        books.add(
            "drawdown",
            account_id=account,
            nav_date=row["return_date"],
            twr_index=index,
            peak_index=peak,
            drawdown=below,
        )
    windows = {
        window: _window(books, account, window, [row for row in returns if row["return_date"] >= start])
        for window, start in _STARTS.items()
    }
    months = sorted({row["return_date"].replace(day=1) for row in returns})
    for month in months:
        inside = [row for row in returns if row["return_date"].replace(day=1) == month]
        books.add(
            "monthly_return",
            account_id=account,
            month_date=month,
            twr=math.prod(1 + (row["twr"] or 0.0) for row in inside) - 1,
            pnl_base=sum((row["pnl_base"] or Decimal(0) for row in inside), Decimal(0)),
        )
    last, last_nav = returns[-1], navs[-1]
    checks = [row for row in books.rows["reconciliation"] if row["account_id"] == account]
    count = {
        status: sum(1 for row in checks if row["status"] == status)
        for status in ("tied", "broken", "not_reported")
    }
    books.add(
        "account_summary",
        account_id=account,
        base_currency=last_nav["currency"],
        as_of_date=LAST_DAY,
        nav_base=last_nav["nav_base"],
        cash_base=last_nav["cash_base"],
        day_pnl_base=last["pnl_base"],
        mtd_pnl_base=windows["MTD"]["pnl"],
        ytd_pnl_base=windows["YTD"]["pnl"],
        day_twr=last["twr"],
        mtd_twr=windows["MTD"]["twr"],
        ytd_twr=windows["YTD"]["twr"],
        since_inception_twr=windows["SI"]["twr"],
        current_drawdown=None if gap else index / peak - 1,
        net_contributions_base=windows["SI"]["net_contributions"],
        realized_ytd_base=Decimal(0),
        reconciliation_tied=count["tied"],
        reconciliation_broken=count["broken"],
        reconciliation_not_reported=count["not_reported"],
        documents_loaded=14,
    )
    for row in books.rows["fct_position_daily"]:
        if row["account_id"] == account and row["position_date"] == LAST_DAY:
            shared = {
                key: row.get(key)
                for key in (
                    "account_id",
                    "conid",
                    "instrument_key",
                    "symbol",
                    "asset_class",
                    "currency",
                    "quantity",
                    "mark_price",
                    "market_value",
                    "market_value_base",
                    "unrealized_pnl_base",
                    "quantity_basis",
                )
            }
            books.add(
                "position_current",
                **shared,
                description=_description(row),
                as_of_date=LAST_DAY,
                cost_basis_money=row.get("cost_basis"),
                weight=float(row["market_value_base"] / last_nav["nav_base"]),
            )


def _reporting(books: Books) -> None:
    """Every account's days at the same rate each day, and both together as ALL with its metrics."""
    base = {EUR_ACCOUNT: Decimal(1), USD_ACCOUNT: USD_IN_EUR}
    amounts = ("nav_start", "nav_end", "external_flow", "pnl")
    together: dict[date, list[dict[str, object]]] = {}
    for row in books.rows["fct_return_daily"]:
        rate = base[str(row["account_id"])]
        converted = {
            f"{name}_reporting": None if row[f"{name}_base"] is None else row[f"{name}_base"] * rate
            for name in amounts
        }
        shared = {
            key: row[key]
            for key in ("account_id", "return_date", "previous_nav_date", "return_status", "twr")
        }
        reason = row["withheld_reason"]
        books.add(
            "fct_return_reporting", **shared, **converted, reporting_currency="EUR", accounts=1,
            fx_rate_to_reporting=rate, withheld_reason=reason,
        )  # fmt: skip
        together.setdefault(row["return_date"], []).append(books.rows["fct_return_reporting"][-1])
    for day, rows in sorted(together.items()):
        withheld = next((row["withheld_reason"] for row in rows if row["twr"] is None), None)
        sums = {
            f"{name}_reporting": None
            if any(row[f"{name}_reporting"] is None for row in rows)
            else sum(row[f"{name}_reporting"] for row in rows)
            for name in amounts
        }
        twr = None if withheld else float(sums["pnl_reporting"]) / float(sums["nav_start_reporting"])
        books.add(
            "fct_return_reporting", account_id="ALL", reporting_currency="EUR", return_date=day,
            previous_nav_date=rows[0]["previous_nav_date"], return_status="gap" if withheld else "computed",
            twr=twr, accounts=len(rows), withheld_reason=withheld, **sums,
        )  # fmt: skip
    days = [
        {"account_id": "ALL", "return_date": row["return_date"], "previous_nav_date": row["previous_nav_date"],
         "twr": row["twr"], **{f"{name}_base": row[f"{name}_reporting"] for name in amounts}}
        for row in books.rows["fct_return_reporting"] if row["account_id"] == "ALL"
    ]  # fmt: skip
    for window, start in _STARTS.items():
        _window(books, "ALL", window, [row for row in days if row["return_date"] >= start])
    metrics = books.rows["performance_metric"]
    books.rows["performance_metric_reporting"] = [row for row in metrics if row["account_id"] == "ALL"]
    books.rows["performance_metric"] = [row for row in metrics if row["account_id"] != "ALL"]


def _description(row: dict[str, object]) -> str:
    for holding in (*EUR_HOLDINGS, *USD_HOLDINGS):
        if holding.conid == row.get("conid"):
            return holding.description
    return f"Cash in {row['symbol']}"


def _checks(books: Books, account: str, base: str, broken: bool) -> None:
    """Reconciliation rows: monthly identities, all tied but what the caller asked for."""
    month = date(2025, 4, 1)
    while month < date(2026, 3, 1):
        end = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        for name, section in (
            ("change_in_nav_adds_up", "ChangeInNAV"),
            ("ending_nav", "EquitySummaryInBase"),
            ("ending_cash", "CashReport"),
            ("twr", "ChangeInNAV"),
        ):
            value = money(300000 + month.month * 1234.56)
            books.add(
                "reconciliation",
                account_id=account,
                period_start=month,
                period_end=end,
                check_name=name,
                section=section,
                currency=base,
                ours=value,
                broker=value,
                difference=Decimal(0),
                tolerance=Decimal("0.01"),
                status="tied",
            )
        month = end + timedelta(days=1)
    books.add(
        "reconciliation",
        account_id=account,
        period_start=date(2026, 3, 1),
        period_end=LAST_DAY,
        check_name="position_value",
        section="OpenPositions",
        currency=base,
        status="not_reported",
        explanation="OpenPositions is not in this Flex query: tick the section Open Positions, level Summary",
    )
    if broken:
        books.add(
            "reconciliation",
            account_id=account,
            period_start=date(2026, 2, 1),
            period_end=date(2026, 2, 28),
            check_name="realized_pnl",
            section="FIFOPerformanceSummaryInBase",
            currency=base,
            ours=Decimal("1284.10"),
            broker=Decimal("1302.35"),
            difference=Decimal("-18.25"),
            tolerance=Decimal("0.01"),
            status="broken",
            explanation="the trades of February add up to 18.25 less than the broker's total",
        )


def _documents(books: Books, version: str, built_at: datetime) -> None:
    for n in range(14):
        books.add(
            "document",
            document_id=f"{n:064x}",
            receipt_ordinal=0,
            file_name=f"activity-{n:02d}.xml",
            kind="flex_xml",
            accounts=f"{EUR_ACCOUNT},{USD_ACCOUNT}",
            status="loaded",
            size_bytes=48_211 + n,
            received_at=built_at - timedelta(days=n),
        )
        books.add(
            "document_section",
            document_id=f"{n:064x}",
            section="Trades",
            rows_read=20,
            rows_kept=18,
            rows_superseded=2,
            rows_rejected=0,
            unknown_columns=0,
        )
    books.add(
        "document",
        document_id="f" * 64,
        receipt_ordinal=0,
        file_name="activity-broken.xml",
        kind="unknown",
        status="quarantined",
        size_bytes=912,
        received_at=built_at,
        reason="not well-formed XML: line 12, column 7: element Trades is not closed",
    )
    books.add(
        "data_health",
        check_name="quarantined_document",
        severity="error",
        document_id="f" * 64,
        subject="activity-broken.xml",
        detail="not well-formed XML: line 12, column 7",
        suggestion="download the statement again and ingest it",
    )
    books.add(
        "data_health",
        check_name="missing_mark_price",
        severity="warning",
        account_id=EUR_ACCOUNT,
        document_id="0" * 64,
        section="OpenPositions",
        row_ordinal=7,
        subject="ASML 18DEC26 800 C",
        detail="no mark price on 2025-12-24: the day's market value is withheld",
        suggestion="tick Prior Period Positions in the Flex query",
    )
    books.add(
        "build_info",
        version_id=version,
        fingerprint="3fa9c1d2",
        built_at=built_at,
        code_version="0.1.0",
        documents_loaded=14,
        documents_quarantined=1,
        accounts=2,
        first_date=FIRST_DAY,
        last_date=LAST_DAY,
    )


def make_books(
    *,
    version: str = "000001-3fa9c1d2",
    broken: bool = True,
    gap: bool = True,
    empty_account: bool = True,
    shift: float = 0.0,
) -> Books:
    """All rows of all marts. `shift` adds cash to the first account, so that two versions differ."""
    books = Books()
    built_at = datetime(2026, 3, 13, 6, 14, 9, tzinfo=UTC)
    _checks(books, EUR_ACCOUNT, "EUR", broken)
    _checks(books, USD_ACCOUNT, "USD", False)
    simulate(
        books,
        EUR_ACCOUNT,
        "EUR",
        EUR_HOLDINGS,
        42_000.0 + shift,
        11,
        {45: 25_000.0, 130: -60_000.0, 210: 10_000.0},
        gap,
    )
    simulate(books, USD_ACCOUNT, "USD", USD_HOLDINGS, 88_000.0, 23, {30: 15_000.0, 90: 15_000.0}, False)
    _metrics(books, EUR_ACCOUNT, gap)
    _metrics(books, USD_ACCOUNT, False)
    _reporting(books)
    for account, alias, base in ((EUR_ACCOUNT, "Long term", "EUR"), (USD_ACCOUNT, None, "USD")):
        books.add(
            "dim_account",
            account_id=account,
            alias=alias,
            base_currency=base,
            account_type="Individual",
            first_date=FIRST_DAY,
            last_date=LAST_DAY,
        )
    if empty_account:
        books.add("dim_account", account_id=EMPTY_ACCOUNT, base_currency="GBP", account_type="Individual")
        books.add(
            "account_summary",
            account_id=EMPTY_ACCOUNT,
            base_currency="GBP",
            documents_loaded=1,
            reconciliation_tied=0,
            reconciliation_broken=0,
            reconciliation_not_reported=0,
        )
        books.add(
            "data_health",
            check_name="missing_section",
            severity="warning",
            account_id=EMPTY_ACCOUNT,
            section="EquitySummaryInBase",
            subject="EquitySummaryInBase",
            detail="no document reports it",
            suggestion="tick Net Asset Value (NAV) in Base in the Flex query",
        )
    _documents(books, version, built_at)
    return books
