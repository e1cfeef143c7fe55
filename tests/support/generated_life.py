"""Short lives of one account made of any events, booked by the simulator's own counters, with true books and documents.

Which events, a test decides; `EVENTS` draws them. An event that cannot happen when its day comes (a cancel of what was
sold, a transfer into a short position) does not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from transforms.broker_simulator import corporate_actions as ca
from transforms.broker_simulator import instruments as ins
from transforms.broker_simulator.books import TrueBooks
from transforms.broker_simulator.calendars import add_business_days, business_days
from transforms.broker_simulator.desk import Desk
from transforms.broker_simulator.documents import Document, StatementSource
from transforms.broker_simulator.events import Account
from transforms.broker_simulator.foreign_exchange import convert
from transforms.broker_simulator.instruments import Instrument
from transforms.broker_simulator.ledger import Ledger, at_time
from transforms.broker_simulator.market import Market
from transforms.broker_simulator.plain_trades import PlainTrades
from transforms.broker_simulator.servicing import Dividend, Servicing

ACCOUNT = "U1000001"
DAYS = business_days(date(2024, 1, 25), 1)[:10]
LAST = len(DAYS) - 1
SHARES = (ins.NWD, ins.OLDN, ins.BLTC, ins.CLYD)
"""In three currencies; their conids end differently, as the simulator makes the ids of dividends of the endings."""
RENAMED = ("rename", 0)
EVENING = ("split", "rename", "dividend")
"""What is effective the evening before its day."""
MORNING = ("cancel", "transfer")
"""What bears an instant before the day's trades."""
Event = tuple[str, int, int, int]

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["trade"] * 6
            + ["split", "rename", "dividend", "transfer", "cash", "deposit", "fee", "convert", "cancel"]
        ),
        st.integers(0, LAST),
        st.integers(0, len(SHARES) - 1),
        st.integers(-60, 60).filter(bool),
    ),
    min_size=1,
    max_size=25,
)
"""(kind, day, which share, a size with a sign)."""


@dataclass
class GeneratedLife:
    """The account after its last day."""

    ledger: Ledger
    plain: PlainTrades
    books: TrueBooks = field(init=False)

    def __post_init__(self) -> None:
        self.books = TrueBooks({ACCOUNT: self.ledger})

    def documents(self, cuts: Iterable[int] = ()) -> list[bytes]:
        """XML documents that tell the life one after the other; each day in `cuts` begins a new one."""
        begins = sorted({0, *cuts})
        spans = [(begin, end - 1) for begin, end in zip(begins, [*begins[1:], len(DAYS)], strict=True)]
        return [self._document(DAYS[first], DAYS[last]) for first, last in spans]

    def _document(self, start: date, end: date) -> bytes:
        generated = at_time(end + timedelta(1), 4, 0)
        source = StatementSource(self.ledger, self.plain, start, end, generated, "")
        return Document("generated.xml", "generated", (source,)).content()


def live(events: Sequence[Event]) -> GeneratedLife:
    """Book the events day by day, between the opening and the close of each day."""
    market = Market(1, DAYS)
    ledger = Ledger(Account(ACCOUNT, "EUR", "IB-IE", 20_000_000_000), market)
    plain = PlainTrades(1, 0, (ACCOUNT,), market)
    counters = _Counters(Desk(ledger, 1, {}), Servicing(ledger, {}))
    for day in range(len(DAYS)):
        ledger.open_day()
        today = [event for event in events if event[1] == day]
        for kind in EVENING:
            counters.happen(event for event in today if event[0] == kind)
        counters.servicing.interest()
        counters.servicing.pay_dividends()
        for kind in MORNING:
            counters.happen(event for event in today if event[0] == kind)
        counters.happen(event for event in today if event[0] not in EVENING + MORNING)
        ledger.close_day()
    return GeneratedLife(ledger, plain)


class _Counters:
    """Where each kind of event is booked."""

    def __init__(self, desk: Desk, servicing: Servicing) -> None:
        self.desk, self.servicing, self.ledger = desk, servicing, desk.ledger
        self.acted: set[tuple[str, int]] = set()
        self.tags: list[tuple[str, int]] = []
        self.trades = 0
        self.counters: dict[str, Callable[[Instrument, int], None]] = {
            "trade": self.trade,
            "split": self.split,
            "rename": self.rename,
            "dividend": self.dividend,
            "transfer": self.transfer,
            "cash": lambda share, size: servicing.cash_transfer_in(
                "ACATS", share.currency, abs(size), "ANOTHER BROKER"
            ),
            "deposit": lambda share, size: servicing.deposit(share.currency, size * 100),
            "fee": lambda share, size: servicing.fee(share.currency, str(Decimal(size) / 100), "MARKET DATA"),
            "convert": lambda share, size: convert(
                desk, "EUR.GBP" if share is ins.CLYD else "EUR.USD", size * 10
            ),
            "cancel": self.cancel,
        }

    def happen(self, events: Iterable[Event]) -> None:
        for kind, _, number, size in events:
            share = SHARES[number]
            renamed = share is ins.OLDN and RENAMED in self.acted
            self.counters[kind](ins.NEWN if renamed else share, size)

    def trade(self, share: Instrument, size: int) -> None:
        """A trade through zero is, at the broker too, one that closes and one that opens."""
        held = self.ledger.quantity(share)
        closing = (
            max(min(Decimal(size), -held), Decimal(0))
            if held < 0
            else min(max(Decimal(size), -held), Decimal(0))
        )
        if closing:
            self.desk.trade(share, closing, when=self._next_moment())
        if size != closing:
            tag = f"opening {self.trades}"
            self.desk.trade(share, size - closing, tag=tag, when=self._next_moment())
            self.tags.append((tag, self.ledger.day))

    def _next_moment(self) -> datetime:
        """Fills bear the order in which they happened."""
        self.trades += 1
        return at_time(self.ledger.today, 10, self.trades)

    def split(self, share: Instrument, size: int) -> None:
        """A day has one corporate action at most: the simulator tells those of one day under one actionID."""
        if self._first("action"):
            ca.split(self.ledger, share, *((abs(size) % 4 + 2, 1) if size > 0 else (3, 2)))

    def rename(self, share: Instrument, size: int) -> None:
        """Once in a life."""
        if RENAMED not in self.acted and self.ledger.quantity(ins.OLDN) and self._first("action"):
            self.acted.add(RENAMED)
            told = f"CUSIP/ISIN CHANGE TO ({ins.NEWN.isin})"
            ca.exchange(self.ledger, ins.OLDN, ins.NEWN, "IC", told, 1)

    def dividend(self, share: Instrument, size: int) -> None:
        if self._first(f"dividend {share.symbol}"):
            day = self.ledger.day
            paid = add_business_days(DAYS[day], abs(size) % 5 + 1)
            self.servicing.go_ex(Dividend(share, day, paid, Decimal(abs(size)) / 100, lent=size < 0))

    def transfer(self, share: Instrument, size: int) -> None:
        if self.ledger.quantity(share) >= 0:
            self.servicing.transfer_in("FOP", share, abs(size), "ANOTHER BROKER")

    def cancel(self, share: Instrument, size: int) -> None:
        """Cancel the last fill of an earlier day whose lot is as it was, and book it again a little dearer."""
        for tag, day in reversed(self.tags):
            fill = self.desk.known[tag]
            lots = self.ledger.lots.get(fill.instrument.conid, [])
            whole = [
                lot
                for lot in lots
                if (lot.transaction_id, lot.quantity) == (fill.transaction_id, fill.quantity)
            ]
            if whole and day < self.ledger.day and fill.price == whole[0].price:
                self.tags.remove((tag, day))
                self.desk.cancel_and_rebook(tag, fill.price + Decimal("0.05"))
                return

    def _first(self, what: str) -> bool:
        """Whether it has not happened today; now it has."""
        key = (what, self.ledger.day)
        first = key not in self.acted
        self.acted.add(key)
        return first
