"""A small published folder with every mart, made without the pipeline. For tests of readers; its figures are invented.

It follows the published layout to the letter: version folder, CURRENT, current.duckdb. Two accounts over a year of
business days, simulated with a seed; NAV, flows, PnL and returns agree with each other exactly.
"""

import math
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

EUR_ACCOUNT = "U1000001"
USD_ACCOUNT = "U1000002"
EMPTY_ACCOUNT = "U1000003"
FIRST_DAY = date(2025, 2, 28)
LAST_DAY = date(2026, 3, 12)
GAP_DAY = date(2025, 9, 15)

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

# Column names with one letter for the type: t text, d date, n exact decimal, f double, i and l integers, b boolean,
# @ instant.
MARTS = {
    "dim_account": "account_id:t alias:t base_currency:t account_type:t first_date:d last_date:d",
    "dim_instrument": "instrument_key:t conid:l symbol:t description:t asset_class:t sub_category:t currency:t isin:t"
    " multiplier:n strike:n expiry_date:d put_call:t underlying_symbol:t",
    "fct_trade": "account_id:t trade_key:t trade_id:t transaction_id:t conid:l instrument_key:t symbol:t asset_class:t"
    " trade_at:@ trade_date:d report_date:d side:t quantity:n price:n currency:t proceeds:n commission:n"
    " commission_currency:t taxes:n net_cash:n realized_pnl:n realized_pnl_base:n fx_rate_to_base:n is_cancel:b"
    " transaction_type:t notes:t document_id:t section:t row_ordinal:i",
    "fct_closed_lot": "account_id:t lot_key:t symbol:t open_at:@ close_at:@ quantity:n realized_pnl:n",
    "fct_cash_transaction": "account_id:t cash_key:t transaction_id:t type:t category:t symbol:t description:t"
    " currency:t amount:n fx_rate_to_base:n amount_base:n report_date:d document_id:t section:t row_ordinal:i",
    "fct_position_daily": "account_id:t position_date:d instrument_key:t conid:l symbol:t asset_class:t currency:t"
    " quantity:n quantity_basis:t mark_price:n market_value:n fx_rate_to_base:n market_value_base:n cost_basis:n"
    " unrealized_pnl:n unrealized_pnl_base:n",
    "fct_nav_daily": "account_id:t nav_date:d previous_nav_date:d currency:t cash_base:n stock_base:n nav_base:n",
    "fct_return_daily": "account_id:t return_date:d previous_nav_date:d nav_start_base:n nav_end_base:n external_flow_base:n inflow_base:n"
    " outflow_base:n pnl_base:n twr:f return_status:t withheld_reason:t",
    "account_summary": "account_id:t base_currency:t as_of_date:d nav_base:n cash_base:n day_pnl_base:n mtd_pnl_base:n"
    " ytd_pnl_base:n day_twr:f mtd_twr:f ytd_twr:f since_inception_twr:f current_drawdown:f"
    " net_contributions_base:n realized_ytd_base:n reconciliation_tied:l reconciliation_broken:l"
    " reconciliation_not_reported:l documents_loaded:l",
    "position_current": "account_id:t conid:l instrument_key:t symbol:t description:t asset_class:t currency:t"
    " quantity:n mark_price:n market_value:n market_value_base:n cost_basis_money:n unrealized_pnl_base:n weight:f"
    " as_of_date:d quantity_basis:t",
    "performance_metric": "account_id:t window:t metric:t value:f value_date:d window_start_date:d window_end_date:d"
    " unit:t withheld_reason:t",
    "monthly_return": "account_id:t month_date:d twr:f pnl_base:n",
    "drawdown": "account_id:t nav_date:d twr_index:f peak_index:f drawdown:f",
    "reconciliation": "account_id:t period_start:d period_end:d check_name:t section:t currency:t ours:n broker:n"
    " difference:n tolerance:n status:t explanation:t",
    "reconciliation_row": "account_id:t check_name:t period_start:d period_end:d document_id:t section:t row_ordinal:i"
    " ours:n broker:n difference:n",
    "data_health": "check_name:t severity:t account_id:t document_id:t section:t row_ordinal:i subject:t detail:t"
    " suggestion:t",
    "document": "document_id:t receipt_ordinal:i file_name:t kind:t accounts:t period_start_date:d period_end_date:d"
    " when_generated_at:@ received_at:@ size_bytes:l status:t reason:t",
    "document_section": "document_id:t section:t rows_read:i rows_kept:i rows_superseded:i rows_rejected:i"
    " unknown_columns:i unknown_column_names:t",
    "build_info": "version_id:t fingerprint:t built_at:@ code_version:t documents_loaded:i documents_quarantined:i"
    " accounts:i first_date:d last_date:d",
}


@dataclass
class Books:
    """Rows per mart, filled account by account."""

    rows: dict[str, list[dict[str, object]]] = field(default_factory=lambda: {name: [] for name in MARTS})

    def add(self, table: str, **row: object) -> None:
        """One row; columns that are not given are NULL."""
        self.rows[table].append(row)


@dataclass(frozen=True)
class Holding:
    """What the invented account holds: bought on the first day, topped up, partly sold once."""

    symbol: str
    description: str
    conid: int
    asset_class: str
    currency: str
    price: float
    quantity: int
    drift: float
    volatility: float
    multiplier: int = 1


_EUR_HOLDINGS = (
    Holding("VWCE", "VANGUARD FTSE ALL-WORLD UCITS ETF", 358060640, "STK", "EUR", 118.4, 420, 0.09, 0.13),
    Holding("ASML", "ASML HOLDING NV", 117589399, "STK", "EUR", 702.1, 35, 0.22, 0.34),
    Holding("NESN", "NESTLE SA-REG", 4521594, "STK", "CHF", 88.2, 150, -0.05, 0.15),
    Holding("MSFT", "MICROSOFT CORP", 272093, "STK", "USD", 402.7, 60, 0.18, 0.24),
    Holding("SAP", "SAP SE", 14204, "STK", "EUR", 241.3, 70, 0.06, 0.25),
    Holding("BRK B", "BERKSHIRE HATHAWAY INC-CL B", 72063691, "STK", "USD", 470.0, 40, 0.08, 0.15),
    Holding("TSLA", "TESLA INC", 76792991, "STK", "USD", 282.0, -30, 0.05, 0.50),
    Holding("ASML 18DEC26 800 C", "ASML 18DEC26 800 C", 700000001, "OPT", "EUR", 61.5, 2, 0.30, 0.70, 100),
)
_USD_HOLDINGS = (
    Holding("SPY", "SPDR S&P 500 ETF TRUST", 756733, "STK", "USD", 594.0, 180, 0.10, 0.16),
    Holding("NVDA", "NVIDIA CORP", 4815747, "STK", "USD", 125.0, 300, 0.30, 0.42),
    Holding("TLT", "ISHARES 20+ YEAR TREASURY BOND ETF", 15547841, "STK", "USD", 91.2, 400, -0.03, 0.13),
    Holding("JPM", "JPMORGAN CHASE & CO", 1520593, "STK", "USD", 262.0, 80, 0.15, 0.22),
)
_FX = {"EUR": {"EUR": 1.0, "USD": 0.93, "CHF": 1.05}, "USD": {"USD": 1.0, "EUR": 1.08, "CHF": 1.12}}


def _money(value: float) -> Decimal:
    return Decimal(str(round(value, 2)))


def _business_days() -> list[date]:
    days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
    return [day for day in days if day.weekday() < 5]


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


def _simulate(
    books: Books,
    account: str,
    base: str,
    holdings: tuple[Holding, ...],
    cash: float,
    seed: int,
    flows: dict[int, float],
    gap: bool,
) -> None:
    """A year of one account: daily positions, NAV, flows, returns, trades and cash rows."""
    rng = random.Random(seed)
    days = _business_days()
    price = {h.symbol: h.price for h in holdings}
    quantity: dict[str, int] = {h.symbol: h.quantity for h in holdings}
    cost = {h.symbol: h.price for h in holdings}
    fx = dict(_FX[base])
    balances: dict[str, float] = defaultdict(float, {base: cash, "USD" if base == "EUR" else "EUR": cash / 6})
    sell_on = {h.symbol: rng.randrange(60, 250) for h in holdings}
    previous: Decimal | None = None
    for n, day in enumerate(days):
        for currency in fx:
            if currency != base:
                fx[currency] *= math.exp(rng.gauss(0, 0.06 / 16))
        flow = _money(flows.get(n, 0.0))
        balances[base] += float(flow)
        if flow:
            books.add(
                "fct_cash_transaction",
                account_id=account,
                cash_key=f"F{n}",
                type="Deposits/Withdrawals",
                category="deposit_withdrawal",
                currency=base,
                amount=flow,
                amount_base=flow,
                report_date=day,
                description="CASH RECEIPTS / ELECTRONIC FUND TRANSFERS",
                document_id="d" * 64,
                section="CashTransactions",
                row_ordinal=n,
            )
        if n % 21 == 20:
            for category, amount in (
                ("dividend", 310.0),
                ("withholding_tax", -46.5),
                ("broker_interest", -12.4),
                ("fee", -10.0),
            ):
                amount_base = _money(amount * rng.uniform(0.7, 1.4) * (3 if base == "USD" else 1))
                balances[base] += float(amount_base)
                books.add(
                    "fct_cash_transaction",
                    account_id=account,
                    cash_key=f"{category}{n}",
                    type=category,
                    category=category,
                    currency=base,
                    amount=amount_base,
                    amount_base=amount_base,
                    report_date=day,
                    description=f"{category} of the month",
                    document_id="d" * 64,
                    section="CashTransactions",
                    row_ordinal=n,
                )
        total = Decimal(0)
        for h in holdings:
            shock = rng.gauss(h.drift / 252, h.volatility / 16)
            price[h.symbol] = round(price[h.symbol] * math.exp(shock if n else 0.0), 2)
            if n == sell_on[h.symbol] and quantity[h.symbol] > 0:
                sold = max(quantity[h.symbol] // 3, 1)
                quantity[h.symbol] -= sold
                proceeds = sold * price[h.symbol] * h.multiplier
                realized = sold * (price[h.symbol] - cost[h.symbol]) * h.multiplier - 1.25
                balances[h.currency] += proceeds - 1.25
                books.add(
                    "fct_trade",
                    account_id=account,
                    trade_key=f"T{n}{h.conid}",
                    trade_id=f"{n}{h.conid}",
                    transaction_id=f"9{n}{h.conid}",
                    conid=h.conid,
                    instrument_key=str(h.conid),
                    symbol=h.symbol,
                    asset_class=h.asset_class,
                    side="SELL",
                    trade_date=day,
                    report_date=day,
                    trade_at=datetime(day.year, day.month, day.day, 14, 31, 7, tzinfo=UTC),
                    quantity=Decimal(-sold),
                    price=_money(price[h.symbol]),
                    currency=h.currency,
                    proceeds=_money(proceeds),
                    commission=Decimal("-1.25"),
                    commission_currency=h.currency,
                    taxes=Decimal(0),
                    net_cash=_money(proceeds - 1.25),
                    realized_pnl=_money(realized),
                    realized_pnl_base=_money(realized * fx[h.currency]),
                    is_cancel=False,
                    fx_rate_to_base=Decimal(str(round(fx[h.currency], 6))),
                    transaction_type="ExchTrade",
                    document_id="d" * 64,
                    section="Trades",
                    row_ordinal=n,
                )
            total += _position(
                books, account, day, h, quantity[h.symbol], price[h.symbol], cost[h.symbol], fx[h.currency]
            )
        cash_base = Decimal(0)
        for currency, balance in balances.items():
            value = _money(balance)
            in_base = _money(float(value) * fx[currency])
            cash_base += in_base
            books.add(
                "fct_position_daily",
                account_id=account,
                position_date=day,
                instrument_key=f"CASH:{currency}",
                symbol=currency,
                asset_class="CASH",
                currency=currency,
                quantity=value,
                quantity_basis="reported",
                mark_price=Decimal(1),
                market_value=value,
                fx_rate_to_base=Decimal(str(round(fx[currency], 6))),
                market_value_base=in_base,
            )
        nav = total + cash_base
        books.add(
            "fct_nav_daily",
            account_id=account,
            nav_date=day,
            currency=base,
            cash_base=cash_base,
            previous_nav_date=days[n - 1] if n else None,
            stock_base=total,
            nav_base=nav,
        )
        if previous is not None:
            inflow, outflow = max(flow, Decimal(0)), max(-flow, Decimal(0))
            withheld = gap and day == GAP_DAY
            books.add(
                "fct_return_daily",
                account_id=account,
                return_date=day,
                previous_nav_date=days[n - 1],
                nav_start_base=previous,
                nav_end_base=nav,
                external_flow_base=None if withheld else flow,
                inflow_base=None if withheld else inflow,
                outflow_base=None if withheld else outflow,
                pnl_base=None if withheld else nav - previous - flow,
                return_status="gap" if withheld else "computed",
                twr=None if withheld else float((nav + outflow) / (previous + inflow) - 1),
                withheld_reason="NAV of 2025-09-12 is not in any document" if withheld else None,
            )
        previous = nav


def _position(
    books: Books, account: str, day: date, h: Holding, quantity: int, price: float, cost: float, fx: float
) -> Decimal:
    value = _money(quantity * price * h.multiplier)
    in_base = _money(float(value) * fx)
    unrealized = _money(quantity * (price - cost) * h.multiplier)
    books.add(
        "fct_position_daily",
        account_id=account,
        position_date=day,
        instrument_key=str(h.conid),
        conid=h.conid,
        symbol=h.symbol,
        asset_class=h.asset_class,
        currency=h.currency,
        quantity=Decimal(quantity),
        quantity_basis="rolled_forward",
        mark_price=_money(price),
        market_value=value,
        fx_rate_to_base=Decimal(str(round(fx, 6))),
        market_value_base=in_base,
        cost_basis=_money(quantity * cost * h.multiplier),
        unrealized_pnl=unrealized,
        unrealized_pnl_base=_money(float(unrealized) * fx),
    )
    return in_base


def _metrics(books: Books, account: str, gap: bool) -> None:
    """Windows, summary, drawdown, months and current positions from the daily rows."""
    returns = [row for row in books.rows["fct_return_daily"] if row["account_id"] == account]
    navs = [row for row in books.rows["fct_nav_daily"] if row["account_id"] == account]
    index, peak = 1.0, 1.0
    books.add("drawdown", account_id=account, nav_date=FIRST_DAY, twr_index=1.0, peak_index=1.0, drawdown=0.0)
    for row in returns:
        index *= 1 + (row["twr"] or 0.0)
        peak = max(peak, index)
        books.add(
            "drawdown",
            account_id=account,
            nav_date=row["return_date"],
            twr_index=index,
            peak_index=peak,
            drawdown=index / peak - 1,
        )
    starts = {
        "MTD": date(2026, 3, 1),
        "QTD": date(2026, 1, 1),
        "YTD": date(2026, 1, 1),
        "1Y": date(2025, 3, 13),
        "3Y": date(2023, 3, 13),
        "SI": FIRST_DAY,
    }
    twrs: dict[str, float | None] = {}
    sums: dict[str, Decimal] = {}
    for window, start in starts.items():
        inside = [row for row in returns if row["return_date"] >= start]
        reason = None
        if window == "3Y":
            reason = "history starts on 2025-02-28, after the window's start"
        elif any(row["twr"] is None for row in inside):
            reason = "NAV of 2025-09-12 is not in any document"
        twr = None if reason else math.prod(1 + row["twr"] for row in inside) - 1
        twrs[window] = twr
        sums[window] = sum((row["pnl_base"] for row in inside), Decimal(0))
        flows = [(inside[0]["return_date"] - timedelta(days=1), -float(inside[0]["nav_start_base"]))]
        flows += [
            (row["return_date"], -float(row["external_flow_base"]))
            for row in inside
            if row["external_flow_base"]
        ]
        flows.append((LAST_DAY, float(inside[-1]["nav_end_base"])))
        span = {
            "window_start_date": start,
            "window_end_date": LAST_DAY,
            "account_id": account,
            "window": window,
        }
        gone = "history starts on 2025-02-28, after the window's start" if window == "3Y" else None
        books.add(
            "performance_metric", **span, metric="twr", value=twr, unit="fraction", withheld_reason=reason
        )
        books.add(
            "performance_metric",
            **span,
            metric="mwr",
            value=None if gone else _xirr(flows),
            unit="fraction",
            withheld_reason=gone,
        )
        books.add(
            "performance_metric",
            **span,
            metric="pnl",
            value=None if gone else float(sums[window]),
            unit="base currency",
            withheld_reason=gone,
        )
        net = sum((row["external_flow_base"] for row in inside), Decimal(0))
        books.add(
            "performance_metric",
            **span,
            metric="net_contributions",
            value=None if gone else float(net),
            unit="base currency",
            withheld_reason=gone,
        )
        level, top, worst, trough = 1.0, 1.0, 0.0, None
        for row in inside:
            level *= 1 + (row["twr"] or 0.0)
            top = max(top, level)
            if level / top - 1 < worst:
                worst, trough = level / top - 1, row["return_date"]
        books.add(
            "performance_metric",
            **span,
            metric="max_drawdown",
            value=None if reason else worst,
            value_date=trough,
            unit="fraction",
            withheld_reason=reason,
        )
    months = sorted({row["return_date"].replace(day=1) for row in returns})
    for month in months:
        inside = [row for row in returns if row["return_date"].replace(day=1) == month]
        books.add(
            "monthly_return",
            account_id=account,
            month_date=month,
            twr=math.prod(1 + (row["twr"] or 0.0) for row in inside) - 1,
            pnl_base=sum((row["pnl_base"] for row in inside), Decimal(0)),
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
        mtd_pnl_base=sums["MTD"],
        ytd_pnl_base=sums["YTD"],
        day_twr=last["twr"],
        mtd_twr=twrs["MTD"],
        ytd_twr=twrs["YTD"],
        since_inception_twr=twrs["SI"],
        current_drawdown=None if gap else index / peak - 1,
        net_contributions_base=sum((row["external_flow_base"] for row in returns), Decimal(0)),
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


def _description(row: dict[str, object]) -> str:
    for holding in (*_EUR_HOLDINGS, *_USD_HOLDINGS):
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
            value = _money(300000 + month.month * 1234.56)
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
    _simulate(
        books,
        EUR_ACCOUNT,
        "EUR",
        _EUR_HOLDINGS,
        42_000.0 + shift,
        11,
        {45: 25_000.0, 130: -60_000.0, 210: 10_000.0},
        gap,
    )
    _simulate(books, USD_ACCOUNT, "USD", _USD_HOLDINGS, 88_000.0, 23, {30: 15_000.0, 90: 15_000.0}, False)
    _metrics(books, EUR_ACCOUNT, gap)
    _metrics(books, USD_ACCOUNT, False)
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
        for table, rows in books.rows.items():
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
