"""Currency conversions: two legs and a commission in base currency. All other trades stand in `desk`."""

from __future__ import annotations

from decimal import Decimal

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.calendars import add_business_days
from transforms.broker_simulator.desk import Desk
from transforms.broker_simulator.instruments import pair
from transforms.broker_simulator.ledger import Ledger
from transforms.broker_simulator.money import ZERO, text


def convert(desk: Desk, symbol: str, quantity: Decimal | int, automatic: bool = False) -> None:
    """Buy (positive) or sell the first currency of a pair for the second, near the day's rate."""
    ledger = desk.ledger
    instrument, amount = pair(symbol), Decimal(quantity)
    price = desk.close_price(instrument) + Decimal(desk.random.randint(-60, 60)).scaleb(-5)
    proceeds, base = -amount * price, ledger.account.base
    commission = ZERO if automatic else -Decimal("1.8421")
    transaction_id = ledger.next_id()
    execution = ev.Execution(
        day=ledger.day,
        instrument=instrument,
        quantity=amount,
        price=price,
        proceeds=proceeds,
        taxes=ZERO,
        commission=commission,
        commission_currency=base,
        net_cash=ZERO,
        close_price=ZERO,
        indicator="",
        notes="AFx" if automatic else "",
        cost=ZERO,
        realized=ZERO,
        mtm=amount * desk.close_price(instrument) + proceeds,
        trade_id=transaction_id - 10**10,
        transaction_id=transaction_id,
        order_id=ledger.next_id(),
        when=desk.some_time(),
        traded=desk.today,
        settles=add_business_days(desk.today, 2),
        kind="ExchTrade",
        exchange="IDEALFX",
        buy_sell="BUY" if amount > 0 else "SELL",
    )
    ledger.book_execution(execution)
    _book_legs(ledger, execution)


def _book_legs(ledger: Ledger, execution: ev.Execution) -> None:
    first, second = execution.instrument.symbol[:3], execution.instrument.symbol[4:]
    quantity, proceeds = execution.quantity, execution.proceeds
    bought, sold = "netTradesPurchases", "netTradesSales"
    in_first, in_second = (sold, bought) if quantity > 0 else (bought, sold)
    trading = f"Trading Currency Leg from Forex Trade: {text(quantity)} {execution.instrument.symbol}"
    charged, fee = "Commission from Forex Trade", execution.commission
    legs = (
        (first, quantity, "Traded Currency Leg from Forex Trade", "netFxTrading", in_first),
        (second, proceeds, trading, "netFxTrading", in_second),
        (execution.commission_currency, fee, charged, "forexCommissions", "commissions"),
    )
    for currency, amount, description, change, component in legs:
        if amount:
            _book_line(
                ledger, execution, currency, amount, description, "currency", ((component, change, amount),)
            )
    net = sum((amount * ledger.rate(currency) for currency, amount, *_ in legs), ZERO)
    _book_line(ledger, execution, ledger.account.base, net, "Net Amount in Base from Forex Trade", "base", ())


def _book_line(
    ledger: Ledger,
    execution: ev.Execution,
    currency: str,
    amount: Decimal,
    description: str,
    level: str,
    parts: tuple[tuple[str, str, Decimal], ...],
) -> None:
    ledger.book_funds(
        ev.FundsLine(
            day=ledger.day,
            currency=currency,
            amount=amount,
            code="FOREX",
            description=description,
            parts=parts,
            transaction_id=execution.transaction_id,
            booked=execution.traded,
            settles=execution.settles,
            instrument=execution.instrument if level == "base" else None,
            execution=execution,
            level=level,
        )
    )
