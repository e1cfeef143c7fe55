"""The daily facts of two invented accounts over a year, made without the pipeline; prices come from a seed.

NAV, flows, PnL and returns agree with each other exactly. The marts above them are in `invented_marts`.
"""

import math
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

EUR_ACCOUNT = "U1000001"
USD_ACCOUNT = "U1000002"
EMPTY_ACCOUNT = "U1000003"
FIRST_DAY = date(2025, 2, 28)
LAST_DAY = date(2026, 3, 12)
GAP_DAY = date(2025, 9, 15)
GAP_REASON = "NAV of 2025-09-12 is not in any document"


@dataclass
class Books:
    """Rows per mart, filled account by account."""

    rows: defaultdict[str, list[dict[str, object]]] = field(default_factory=lambda: defaultdict(list))

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


EUR_HOLDINGS = (
    Holding("VWCE", "VANGUARD FTSE ALL-WORLD UCITS ETF", 358060640, "STK", "EUR", 118.4, 420, 0.09, 0.13),
    Holding("ASML", "ASML HOLDING NV", 117589399, "STK", "EUR", 702.1, 35, 0.22, 0.34),
    Holding("NESN", "NESTLE SA-REG", 4521594, "STK", "CHF", 88.2, 150, -0.05, 0.15),
    Holding("MSFT", "MICROSOFT CORP", 272093, "STK", "USD", 402.7, 60, 0.18, 0.24),
    Holding("SAP", "SAP SE", 14204, "STK", "EUR", 241.3, 70, 0.06, 0.25),
    Holding("BRK B", "BERKSHIRE HATHAWAY INC-CL B", 72063691, "STK", "USD", 470.0, 40, 0.08, 0.15),
    Holding("TSLA", "TESLA INC", 76792991, "STK", "USD", 282.0, -30, 0.05, 0.50),
    Holding("ASML 18DEC26 800 C", "ASML 18DEC26 800 C", 700000001, "OPT", "EUR", 61.5, 2, 0.30, 0.70, 100),
)
USD_HOLDINGS = (
    Holding("SPY", "SPDR S&P 500 ETF TRUST", 756733, "STK", "USD", 594.0, 180, 0.10, 0.16),
    Holding("NVDA", "NVIDIA CORP", 4815747, "STK", "USD", 125.0, 300, 0.30, 0.42),
    Holding("TLT", "ISHARES 20+ YEAR TREASURY BOND ETF", 15547841, "STK", "USD", 91.2, 400, -0.03, 0.13),
    Holding("JPM", "JPMORGAN CHASE & CO", 1520593, "STK", "USD", 262.0, 80, 0.15, 0.22),
)
_FX = {"EUR": {"EUR": 1.0, "USD": 0.93, "CHF": 1.05}, "USD": {"USD": 1.0, "EUR": 1.08, "CHF": 1.12}}


def money(value: float) -> Decimal:
    return Decimal(str(round(value, 2)))


def _business_days() -> list[date]:
    days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
    return [day for day in days if day.weekday() < 5]


def simulate(
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
        flow = money(flows.get(n, 0.0))
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
                amount_base = money(amount * rng.uniform(0.7, 1.4) * (3 if base == "USD" else 1))
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
                    price=money(price[h.symbol]),
                    currency=h.currency,
                    proceeds=money(proceeds),
                    commission=Decimal("-1.25"),
                    commission_currency=h.currency,
                    taxes=Decimal(0),
                    net_cash=money(proceeds - 1.25),
                    realized_pnl=money(realized),
                    realized_pnl_base=money(realized * fx[h.currency]),
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
            value = money(balance)
            in_base = money(float(value) * fx[currency])
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
                withheld_reason=GAP_REASON if withheld else None,
            )
        previous = nav


def _position(
    books: Books, account: str, day: date, h: Holding, quantity: int, price: float, cost: float, fx: float
) -> Decimal:
    value = money(quantity * price * h.multiplier)
    in_base = money(float(value) * fx)
    unrealized = money(quantity * (price - cost) * h.multiplier)
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
        mark_price=money(price),
        market_value=value,
        fx_rate_to_base=Decimal(str(round(fx, 6))),
        market_value_base=in_base,
        cost_basis=money(quantity * cost * h.multiplier),
        unrealized_pnl=unrealized,
        unrealized_pnl_base=money(float(unrealized) * fx),
    )
    return in_base
