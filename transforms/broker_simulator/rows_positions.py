"""Rows about positions: open positions and lots, daily marks, and the two performance summaries in base
currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.ledger import Ledger
from transforms.broker_simulator.market import position_value
from transforms.broker_simulator.money import ZERO, cents, nine_places, text, total
from transforms.broker_simulator.row_heads import money_head
from transforms.broker_simulator.xml_text import PHYSICAL, attributes, day_text, owner, security, stamp

_UNITS = {"BOND": Decimal("0.01")}
_CASH_CONIDS = {"CHF": "12087820", "EUR": "12087815", "GBP": "12087816", "USD": "1029"}
LONG_TERM_DAYS = 365


def shown_value(held: ev.Held) -> Decimal:
    """`positionValue`: 2 decimal places; a future shows its notional although NAV holds nothing for it."""
    return cents(position_value(held.instrument, held.quantity, held.price))


def open_position_rows(ledger: Ledger, day: int) -> Iterator[str]:
    """Positions at the close of a day: the SUMMARY of each, followed by its LOTs."""
    close = ledger.closes[day]
    by_class: dict[str, Decimal] = defaultdict(Decimal)
    for held in close.held.values():
        by_class[held.instrument.category] += _in_base(ledger, held, day)
    for conid, held in close.held.items():
        lots = close.lots[conid]
        whole = by_class[held.instrument.category]
        share = _in_base(ledger, held, day) * 100 / whole if whole else ZERO
        cost = total(lot.cost for lot in lots)
        yield _position_row(ledger, day, held, cost, shown_value(held), text(cents(share)), None)
        for lot in lots:
            part = ev.Held(held.instrument, lot.quantity, held.price, ZERO)
            yield _position_row(ledger, day, part, lot.cost, shown_value(part), "", lot)


def _in_base(ledger: Ledger, held: ev.Held, day: int) -> Decimal:
    return shown_value(held) * ledger.market.rate(held.instrument.currency, ledger.account.base, day)


def _position_row(
    ledger: Ledger, day: int, held: ev.Held, cost: Decimal, value: Decimal, share: str, lot: ev.Lot | None
) -> str:
    instrument = held.instrument
    per_unit = held.quantity * instrument.multiplier * _UNITS.get(instrument.category, Decimal(1))
    average = nine_places(cost / per_unit)
    opened = stamp(lot.opened) if lot else ""
    age = (ledger.market.days[day] - lot.opened.date()).days if lot else 0
    written = attributes(
        (
            ("reportDate", day_text(ledger.market.days[day])),
            ("position", text(held.quantity)),
            ("markPrice", text(held.price)),
            ("positionValue", text(value)),
            ("openPrice", text(nine_places(lot.price) if lot and lot.price else average)),
            ("costBasisPrice", text(average)),
            ("costBasisMoney", text(cost)),
            ("percentOfNAV", share),
            ("fifoPnlUnrealized", text(value - cost)),
            ("side", "Long" if held.quantity > 0 else "Short"),
            ("levelOfDetail", "LOT" if lot else "SUMMARY"),
            ("openDateTime", opened),
            ("holdingPeriodDateTime", opened),
            ("vestingDate", ""),
            ("code", ("LT" if age > LONG_TERM_DAYS else "ST") if lot else ""),
            ("originatingOrderID", str(lot.order_id) if lot and lot.order_id else ""),
            ("originatingTransactionID", str(lot.transaction_id) if lot else ""),
            ("accruedInt", ""),
        )
    )
    head = money_head(ledger, instrument.currency, day)
    return f"<OpenPosition {head} {security(instrument)} {written} {PHYSICAL} />"


def prior_position_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """A row a day for each position held at that day's close or the one before: its price and what marking
    gave.
    """
    for day in days:
        close = ledger.closes[day]
        before = ledger.closes[day - 1].held if day else {}
        for conid in sorted(close.held.keys() | before.keys()):
            instrument = (close.held.get(conid) or before[conid]).instrument
            marked = close.marked.get(conid)
            written = (
                f'date="{day_text(close.reported)}" price="{text(ledger.market.price(instrument, day))}" '
                f'priorMtmPnl="{text(marked.prior) if marked else "0"}"'
            )
            head = money_head(ledger, instrument.currency, day)
            yield f"<PriorPeriodPosition {head} {security(instrument)} {written} />"


def mtm_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """Mark-to-market results in base: by instrument, by currency (balances only), other income, and the
    total.

    `total` of an instrument = priorOpenMtm + transactionMtm + commissions, as on IBKR's statements; the
    change in NAV counts commissions apart, so its `mtm` is the sum of priorOpenMtm and transactionMtm. FX
    gains on cash are not mark-to-market here: they are the `fxTranslation` of the change in NAV.
    """
    instruments, prior, traded = _marked_in_base(ledger, days)
    fees = _commissions_in_base(ledger, days)
    instruments |= {conid: instrument for conid, (instrument, _) in fees.items()}
    commissions = {conid: amount for conid, (_, amount) in fees.items()}
    grand = ZERO
    for conid, instrument in sorted(instruments.items()):
        amounts = (prior.get(conid, ZERO), traded.get(conid, ZERO), commissions.get(conid, ZERO))
        grand += sum(amounts, ZERO)
        yield _mtm_row(ledger, days, security(instrument), _quantities(ledger, instrument, days), amounts)
    yield from _currency_rows(ledger, days)
    changes: dict[str, Decimal] = defaultdict(Decimal)
    for day in days:
        for name, amount in ledger.closes[day].change.items():
            changes[name] += amount
    other = (
        ("Withholding Tax", changes["withholdingTax"]),
        ("Dividends", changes["dividends"]),
        ("Interest", changes["interest"]),
        ("Other Fees", changes["otherFees"]),
        ("Transaction Tax", changes["transactionTax"]),
    )
    for told, amount in other:
        if amount:
            grand += amount
            yield _other_row(ledger, told, amount, amount)
    accruals = changes["changeInDividendAccruals"] + changes["changeInInterestAccruals"]
    yield _other_row(ledger, "Total P/L", grand, grand + accruals)


def _marked_in_base(
    ledger: Ledger, days: range
) -> tuple[dict[int, Instrument], dict[int, Decimal], dict[int, Decimal]]:
    instruments: dict[int, Instrument] = {}
    prior: dict[int, Decimal] = defaultdict(Decimal)
    traded: dict[int, Decimal] = defaultdict(Decimal)
    for day in days:
        for conid, marked in ledger.closes[day].marked.items():
            rate = ledger.market.rate(marked.instrument.currency, ledger.account.base, day)
            instruments[conid] = marked.instrument
            prior[conid] += marked.prior * rate
            traded[conid] += marked.traded * rate
    return instruments, prior, traded


def _commissions_in_base(ledger: Ledger, days: range) -> dict[int, tuple[Instrument, Decimal]]:
    found: dict[int, tuple[Instrument, Decimal]] = {}
    for day in days:
        for trade in (*ledger.executions.get(day, ()), *ledger.plain_orders.get(day, ())):
            rate = ledger.market.rate(trade.commission_currency, ledger.account.base, day)
            before = found.get(trade.instrument.conid, (trade.instrument, ZERO))[1]
            found[trade.instrument.conid] = (trade.instrument, before + trade.commission * rate)
    return found


def _quantities(ledger: Ledger, instrument: Instrument, days: range) -> tuple[str, str, str, str]:
    """Quantity and price at the close before the period and at its end; no price where nothing is held."""
    written = []
    for day in (days[0] - 1, days[-1]):
        held = ledger.closes[day].held.get(instrument.conid) if day >= 0 else None
        written += [text(held.quantity), text(held.price)] if held else ["0", ""]
    return written[0], written[1], written[2], written[3]


def _currency_rows(ledger: Ledger, days: range) -> Iterator[str]:
    base = ledger.account.base
    opening = ledger.closes[days[0] - 1] if days[0] else ledger.before
    closing = ledger.closes[days[-1]]
    for currency in sorted(opening.cash.keys() | closing.cash.keys()):
        about = security(None, symbol=currency, description=currency)
        about = about.replace('assetCategory=""', 'assetCategory="CASH"').replace(
            'conid=""', f'conid="{_CASH_CONIDS[currency]}"', 1
        )
        before = text(ledger.market.rate(currency, base, days[0] - 1)) if days[0] else ""
        figures = (
            text(opening.cash.get(currency, ZERO)),
            before,
            text(closing.cash.get(currency, ZERO)),
            text(ledger.market.rate(currency, base, days[-1])),
        )
        yield _mtm_row(ledger, days, about, figures, (ZERO, ZERO, ZERO))


def _mtm_row(
    ledger: Ledger,
    days: range,
    about: str,
    figures: tuple[str, str, str, str],
    amounts: tuple[Decimal, Decimal, Decimal],
) -> str:
    prior, traded, commissions = amounts
    result = text(prior + traded + commissions)
    written = attributes(
        (
            ("reportDate", day_text(ledger.market.days[days[-1]])),
            ("prevCloseQuantity", figures[0]),
            ("prevClosePrice", figures[1]),
            ("closeQuantity", figures[2]),
            ("closePrice", figures[3]),
            ("transactionMtm", text(traded)),
            ("priorOpenMtm", text(prior)),
            ("commissions", text(commissions)),
            ("other", "0"),
            ("otherWithAccruals", "0"),
            ("total", result),
            ("totalWithAccruals", result),
            ("code", ""),
        )
    )
    return (
        f"<MTMPerformanceSummaryUnderlying {owner(ledger.account.account_id)} {about} {written} {PHYSICAL} />"
    )


def _other_row(ledger: Ledger, told: str, amount: Decimal, with_accruals: Decimal) -> str:
    about = security(None, description=told).replace('multiplier="0"', 'multiplier=""')
    written = attributes(
        (
            *((name, "") for name in ("reportDate", "prevCloseQuantity", "prevClosePrice", "closeQuantity")),
            ("closePrice", ""),
            ("transactionMtm", "0"),
            ("priorOpenMtm", "0"),
            ("commissions", "0"),
            ("other", "0"),
            ("otherWithAccruals", "0"),
            ("total", text(amount)),
            ("totalWithAccruals", text(with_accruals)),
            ("code", ""),
        )
    )
    return (
        f"<MTMPerformanceSummaryUnderlying {owner(ledger.account.account_id)} {about} {written} {PHYSICAL} />"
    )


def fifo_rows(ledger: Ledger, days: range) -> Iterator[str]:
    """Realized (each day at its rate) and unrealized (at the last day's rate) PnL in base, by instrument,
    and totals.
    """
    realized: dict[int, list[Decimal]] = defaultdict(lambda: [ZERO] * 4)
    instruments: dict[int, Instrument] = {}
    for day in days:
        for instrument, is_long_term, amount in _realized(ledger, day):
            instruments[instrument.conid] = instrument
            realized[instrument.conid][2 * is_long_term + (amount < 0)] += amount
    unrealized = _unrealized(ledger, days[-1], instruments)
    everything: list[Decimal] = [ZERO] * 8
    for conid, instrument in sorted(instruments.items()):
        figures = [*realized[conid], *unrealized[conid]]
        everything = [one + other for one, other in zip(everything, figures, strict=True)]
        yield _fifo_row(ledger, days, security(instrument), figures)
    if instruments:
        about = security(None, description="Total (All Assets)").replace('multiplier="0"', 'multiplier=""')
        yield _fifo_row(ledger, days, about, everything)


def _realized(ledger: Ledger, day: int) -> Iterator[tuple[Instrument, bool, Decimal]]:
    base = ledger.account.base
    for trade in ledger.executions.get(day, ()):
        rate = ledger.market.rate(trade.instrument.currency, base, day)
        for part in trade.closed:
            yield trade.instrument, (trade.when - part.lot.opened).days > LONG_TERM_DAYS, part.realized * rate
    for order in ledger.plain_orders.get(day, ()):
        yield (
            order.instrument,
            False,
            order.realized * ledger.market.rate(order.instrument.currency, base, day),
        )
    for leg in ledger.actions.get(day, ()):
        yield leg.instrument, True, leg.realized * ledger.market.rate(leg.instrument.currency, base, day)


def _unrealized(ledger: Ledger, day: int, instruments: dict[int, Instrument]) -> dict[int, list[Decimal]]:
    """Open lots' results by conid, as [short profit, short loss, long profit, long loss]; rounding goes to
    the last lot.
    """
    found: dict[int, list[Decimal]] = defaultdict(lambda: [ZERO] * 4)
    close = ledger.closes[day]
    for conid, held in close.held.items():
        instruments[conid] = held.instrument
        rate = ledger.market.rate(held.instrument.currency, ledger.account.base, day)
        left, lots = shown_value(held), close.lots[conid]
        for number, lot in enumerate(lots, start=1):
            part = shown_value(ev.Held(held.instrument, lot.quantity, held.price, ZERO))
            value = left if number == len(lots) else part
            left -= value
            amount = (value - lot.cost) * rate
            long_term = (close.reported - lot.opened.date()).days > LONG_TERM_DAYS
            found[conid][2 * long_term + (amount < 0)] += amount
    return found


def _fifo_row(ledger: Ledger, days: range, about: str, figures: list[Decimal]) -> str:
    gained, lost, long_gained, long_lost, open_gain, open_loss, open_long_gain, open_long_loss = figures
    realized, unrealized = total(figures[:4]), total(figures[4:])
    written = attributes(
        (
            ("reportDate", day_text(ledger.market.days[days[-1]])),
            ("costAdj", "0"),
            ("realizedSTProfit", text(gained)),
            ("realizedSTLoss", text(lost)),
            ("realizedLTProfit", text(long_gained)),
            ("realizedLTLoss", text(long_lost)),
            ("totalRealizedPnl", text(realized)),
            ("unrealizedProfit", text(open_gain + open_long_gain)),
            ("unrealizedLoss", text(open_loss + open_long_loss)),
            ("unrealizedSTProfit", text(open_gain)),
            ("unrealizedSTLoss", text(open_loss)),
            ("unrealizedLTProfit", text(open_long_gain)),
            ("unrealizedLTLoss", text(open_long_loss)),
            ("totalUnrealizedPnl", text(unrealized)),
            ("totalFifoPnl", text(realized + unrealized)),
            ("transferredPnl", "0"),
            ("code", ""),
        )
    )
    head = owner(ledger.account.account_id)
    return f"<FIFOPerformanceSummaryUnderlying {head} {about} {written} {PHYSICAL} />"
