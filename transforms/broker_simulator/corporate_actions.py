"""Corporate actions on whatever an account holds: splits, changes of identifiers, spin-offs, mergers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.calendars import previous_business_day
from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.ledger import Ledger, at_time
from transforms.broker_simulator.money import ZERO, cents, on_grid, text, total


def split(ledger: Ledger, share: Instrument, new: int, old: int) -> None:
    """Forward split: one row with the net shares added; cost and conid stay."""
    lots = ledger.lots.get(share.conid, [])
    held = total(lot.quantity for lot in lots)
    if not held:
        return
    ledger.reshape_lots(
        share,
        [replace(lot, quantity=lot.quantity * new / old, price=lot.price * old / new) for lot in lots],
    )
    told = f"{share.symbol}({share.isin}) SPLIT {new} FOR {old}"
    _leg(ledger, share, share.symbol, held * new / old - held, "FS", told)


def exchange(ledger: Ledger, old: Instrument, new: Instrument, kind: str, told: str, one_for: int) -> None:
    """Reverse split (`RS`) or change of identifiers (`IC`): the old conid goes out, a new one in."""
    lots = ledger.lots.get(old.conid, [])
    held = total(lot.quantity for lot in lots)
    if not held:
        return
    ledger.reshape_lots(old, [])
    ledger.reshape_lots(
        new,
        [
            replace(lot, instrument=new, quantity=lot.quantity / one_for, price=lot.price * one_for)
            for lot in lots
        ],
    )
    worth = cents(held / one_for * ledger.market.price(new, ledger.day))
    ledger.shift_value(old, worth)
    ledger.shift_value(new, -worth)
    ledger.move_value(old, new, worth)
    told = f"{old.symbol}({old.isin}) {told}"
    _leg(ledger, new, new.symbol, held / one_for, kind, told)
    _leg(ledger, old, f"{old.symbol}.OLD", -held, kind, told)


def spin_off(
    ledger: Ledger, parent: Instrument, child: Instrument, new: int, old: int, cost_share: Decimal
) -> None:
    """Spin-off: new shares come in beside the parent's, which hand over a share of their cost."""
    lots = ledger.lots.get(parent.conid, [])
    held = total(lot.quantity for lot in lots)
    if not held:
        return
    moved = [on_grid(lot.cost * cost_share) for lot in lots]
    ledger.reshape_lots(
        parent, [replace(lot, cost=lot.cost - cost) for lot, cost in zip(lots, moved, strict=True)]
    )
    received = [
        replace(lot, instrument=child, quantity=lot.quantity * new / old, cost=cost, price=ZERO)
        for lot, cost in zip(lots, moved, strict=True)
    ]
    ledger.reshape_lots(child, [*ledger.lots.get(child.conid, []), *received])
    ledger.move_value(parent, child, cents(held * new / old * ledger.market.price(child, ledger.day)))
    told = f"{parent.symbol}({parent.isin}) SPINOFF  {new} FOR {old}"
    _leg(ledger, child, child.symbol, held * new / old, "SO", told)


def merge(
    ledger: Ledger, target: Instrument, buyer: Instrument, right: Instrument, cash: Decimal, ratio: Decimal
) -> None:
    """Cash-and-stock merger in three legs: the target leaves for cash, the buyer's shares and a right
    come in.
    """
    lots = ledger.lots.get(target.conid, [])
    held = total(lot.quantity for lot in lots)
    if not held:
        return
    price = ledger.market.price(buyer, ledger.day)
    proceeds, received = held * cash, held * ratio
    worth = cents(received * price)
    cash_share = proceeds / (proceeds + worth)
    moved = [lot.cost - on_grid(lot.cost * cash_share) for lot in lots]
    realized = proceeds - total(lot.cost for lot in lots) + total(moved)
    ledger.reshape_lots(target, [])
    shares = [
        replace(lot, instrument=buyer, quantity=lot.quantity * ratio, cost=cost, price=price)
        for lot, cost in zip(lots, moved, strict=True)
    ]
    ledger.reshape_lots(buyer, [*ledger.lots.get(buyer.conid, []), *shares])
    rights = [replace(lot, instrument=right, cost=ZERO, price=ZERO) for lot in lots]
    ledger.reshape_lots(right, [*ledger.lots.get(right.conid, []), *rights])
    ledger.shift_value(target, proceeds + worth)
    ledger.shift_value(buyer, -worth)
    ledger.move_value(target, buyer, worth)
    ledger.move_value(target, right, cents(held * ledger.market.price(right, ledger.day)))
    told = (
        f"{target.symbol}({target.isin}) CASH and STOCK MERGER (Acquisition) {buyer.symbol} "
        f"{text(ratio)} FOR 1 AND {target.currency} {text(cash)} PER SHARE"
    )
    leg = _leg(ledger, target, target.symbol, -held, "TC", told, proceeds=proceeds, realized=realized)
    _leg(ledger, buyer, buyer.symbol, received, "TC", told)
    _leg(ledger, right, right.symbol, held, "TC", told)
    ledger.book_funds(
        ev.FundsLine(
            day=ledger.day,
            currency=target.currency,
            amount=proceeds,
            code="CORP",
            description=leg.description,
            parts=(("other", "mtm", proceeds),),
            transaction_id=leg.transaction_id,
            booked=leg.when.date(),
            instrument=target,
        )
    )


def _leg(
    ledger: Ledger,
    share: Instrument,
    symbol: str,
    quantity: Decimal,
    kind: str,
    told: str,
    proceeds: Decimal = ZERO,
    realized: Decimal = ZERO,
) -> ev.ActionLeg:
    worth = cents(quantity * ledger.market.price(share, ledger.day))
    booked_before = at_time(previous_business_day(ledger.today), 20, 25)
    leg = ev.ActionLeg(
        day=ledger.day,
        instrument=share,
        symbol=symbol,
        quantity=quantity,
        proceeds=proceeds,
        value=worth if kind in ("SO", "TC") else ZERO,
        realized=realized,
        mtm=ZERO,
        kind=kind,
        description=f"{told} ({symbol}, {share.description}, {share.isin})",
        when=booked_before,
        action_id=160_000_000 + ledger.day,
        transaction_id=ledger.next_id(),
    )
    ledger.book_action(leg)
    return leg
