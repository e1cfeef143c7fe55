"""The plain day trades that scale a simulation to a million: bought and sold within the day, nothing left
over.

Their fills are never kept: they are drawn again from the seed whenever they are counted or written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.calendars import add_business_days
from transforms.broker_simulator.instruments import LIQUID
from transforms.broker_simulator.ledger import Ledger, at_time
from transforms.broker_simulator.market import Market
from transforms.broker_simulator.money import ZERO, nine_places

FIRST_FILL, FIRST_ORDER = 100_000, 90_000
_VENUES = ("ARCA", "IBIS2", "LSEETF")


@dataclass(slots=True)
class DayTrade:
    """A buy and the sale that closes it. Prices in hundredths, commissions (positive) in ten-thousandths."""

    kind: int
    quantity: int
    bought: int
    sold: int
    buy_fee: int
    sell_fee: int
    second: int
    first_id: int


@dataclass(slots=True)
class _Sums:
    """Sums over the fills of one order, in whole units."""

    quantity: int = 0
    money: int = 0
    fees: int = 0
    fills: int = 0
    last: DayTrade | None = field(default=None)


@dataclass(frozen=True)
class PlainTrades:
    """`pairs` buy-and-sell pairs spread evenly over `accounts` x the market's days."""

    seed: int
    pairs: int
    accounts: tuple[str, ...]
    market: Market

    def count(self, account_id: str, day: int) -> int:
        """How many pairs an account trades on a day index."""
        slots = len(self.accounts) * len(self.market.days)
        slot = day * len(self.accounts) + self.accounts.index(account_id)
        return self.pairs * (slot + 1) // slots - self.pairs * slot // slots

    def closes(self, day: int) -> list[int]:
        """Closing prices of the liquid funds in hundredths."""
        return [int(self.market.price(fund, day).scaleb(2)) for fund in LIQUID]

    def draw(self, account: ev.Account, day: int) -> Iterator[DayTrade]:
        """Draw the day's pairs in time order; the same every time."""
        count = self.count(account.account_id, day)
        bits_of = Random(f"{self.seed}:plain:{account.account_id}:{day}").getrandbits
        closes = self.closes(day)
        first_id = account.first_id + day * 1_000_000 + FIRST_FILL
        for number in range(count):
            bits = bits_of(40)
            kind = bits % 3
            quantity = 1 + (bits >> 4) % 400
            close = closes[kind]
            bought = close * (9_930 + (bits >> 16) % 141) // 10_000
            sold = close * (9_930 + (bits >> 28) % 141) // 10_000
            fee = max(3_500, 51 * quantity) if kind == 0 else 12_500 + quantity
            second = number * 23_000 // count
            yield DayTrade(kind, quantity, bought, sold, fee, fee + 28, second, first_id + 2 * number)

    def book(self, ledger: Ledger) -> None:
        """Book the open day's sums into the ledger, as two orders (bought, sold) for each fund traded."""
        sums: dict[tuple[int, int], _Sums] = {}
        for trade in self.draw(ledger.account, ledger.day):
            for side, price, fee in ((0, trade.bought, trade.buy_fee), (1, trade.sold, trade.sell_fee)):
                order = sums.setdefault((trade.kind, side), _Sums())
                order.quantity += trade.quantity
                order.money += trade.quantity * price
                order.fees += fee
                order.fills += 1
                order.last = trade
        orders = [self._order(ledger, kind, side, sums) for kind, side in sorted(sums)]
        ledger.book_plain_orders(orders)
        for booked in orders:
            _book_cash(ledger, booked)

    def _order(
        self, ledger: Ledger, kind: int, side: int, sums: dict[tuple[int, int], _Sums]
    ) -> ev.Execution:
        of, fund = sums[kind, side], LIQUID[kind]
        sign = -1 if side else 1
        money, fees = Decimal(of.money).scaleb(-2), Decimal(-of.fees).scaleb(-4)
        paid = fees - sign * money
        bought = sums[kind, 0]
        basis = Decimal(bought.money).scaleb(-2) + Decimal(bought.fees).scaleb(-4)
        close = ledger.market.price(fund, ledger.day)
        last = of.last.first_id + side if of.last else 0
        return ev.Execution(
            day=ledger.day,
            instrument=fund,
            quantity=Decimal(sign * of.quantity),
            price=nine_places(money / of.quantity),
            proceeds=-sign * money,
            taxes=ZERO,
            commission=fees,
            commission_currency=fund.currency,
            net_cash=paid,
            close_price=close,
            indicator="C" if side else "O",
            notes="",
            cost=-basis if side else -paid,
            realized=paid - basis if side else ZERO,
            mtm=sign * (close * of.quantity - money),
            trade_id=last - 10**10,
            transaction_id=last,
            order_id=order_id(ledger.account, ledger.day, kind, side),
            when=at_time(ledger.today, 9, 30),
            traded=ledger.today,
            settles=add_business_days(ledger.today, 2),
            kind="ExchTrade",
            exchange=_VENUES[kind],
            buy_sell="SELL" if side else "BUY",
        )


def order_id(account: ev.Account, day: int, kind: int, side: int) -> int:
    """The id that all fills of one fund on one side of a day share."""
    return account.first_id + day * 1_000_000 + FIRST_ORDER + kind * 2 + side


def clock(second: int) -> str:
    """The time of a fill as documents write it: `second` seconds after 09:30."""
    minutes, seconds = divmod(9 * 3_600 + 1_800 + second, 60)
    return f"{minutes // 60:02d}{minutes % 60:02d}{seconds:02d}"


def _book_cash(ledger: Ledger, order: ev.Execution) -> None:
    bucket = "netTradesPurchases" if order.quantity > 0 else "netTradesSales"
    verb = "Buy" if order.quantity > 0 else "Sell"
    ledger.book_funds(
        ev.FundsLine(
            day=ledger.day,
            currency=order.instrument.currency,
            amount=order.net_cash,
            code=verb.upper(),
            description=f"{verb} {order.quantity} {order.instrument.description}",
            parts=((bucket, "mtm", order.proceeds), ("commissions", "commissions", order.commission)),
            transaction_id=order.transaction_id,
            booked=order.traded,
            settles=order.settles,
            instrument=order.instrument,
            execution=order,
        )
    )
