"""The middle of the simulated TWS: book, clients, faults, and who is told of a change. It lives in one event loop.

Nothing here is safe from another thread; `tests.fakes.tws_gateway.Gateway` is.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tests.fakes.tws import answers, messages
from tests.fakes.tws.book import Book
from tests.fakes.tws.faults import Faults
from tests.fakes.tws.holdings import Fill
from tests.fakes.tws.orders import OrderDesk
from tests.fakes.tws.session import Session
from tests.fakes.tws.stream import Stream
from tests.fakes.tws.wire import Reader

REMEMBERED = 100_000


@dataclass(frozen=True)
class Asked:
    """A request that came in: by which client, its name, and its fields after the number."""

    client_id: int
    name: str
    fields: tuple[str, ...]


class Hub:
    """State that all connections share."""

    def __init__(self, book: Book, faults: Faults, now: Callable[[], datetime]) -> None:
        self.book = book
        self.faults = faults
        self.now = now
        self.sessions: list[Session] = []
        self.asked: deque[Asked] = deque(maxlen=REMEMBERED)
        self.violations: list[str] = []
        self.logged_out = False
        self.busiest_second = 0
        self.held_commissions: list[tuple[Session, Fill]] = []
        self._changed_accounts: set[str] = set()
        self.orders = OrderDesk(self)
        self.stream = Stream(self)

    def note(self, session: Session, reader: Reader) -> None:
        """Remember a request for the tests."""
        self.asked.append(Asked(session.client_id or 0, reader.name, tuple(reader.fields[1:])))

    # -- what changes ----------------------------------------------------------------------------------------

    def set_prices(self, prices: Mapping[int, Decimal | None]) -> None:
        """Mark instruments and tell everyone who follows them."""
        for conid, price in prices.items():
            self.book.set_price(conid, price)
            self.tell_result(conid)
            self.orders.match(conid)

    def tell_result(self, conid: int) -> None:
        """Tell the results of all positions in an instrument now, and of their accounts at the turn's end."""
        if not self._changed_accounts:
            asyncio.get_running_loop().call_soon(self._tell_accounts)
        for session in self.sessions:
            for request, account_id in session.subscriptions.singles_of.get(conid, {}).items():
                told = messages.pnl_single(self.book, request, account_id, conid, self.faults)
                session.say("pnlSingle", *told)
        self._changed_accounts.update(account for account, held in self.book.holdings if held == conid)

    def _tell_accounts(self) -> None:
        accounts, self._changed_accounts = self._changed_accounts, set()
        for session in self.sessions:
            for request, account_id in session.subscriptions.pnl.items():
                if account_id in accounts:
                    session.say("pnl", *messages.pnl(self.book, request, account_id, self.faults))

    def tell_fill(self, fill: Fill) -> None:
        """Tell a new execution, its commission, and what it changed."""
        for session in self.ready():
            if self.faults.fills_to_owner_only and not self.is_owner(session, fill):
                continue
            if self.faults.commission_first:
                answers.tell_commission(session, fill)
            told = messages.execution(fill, -1, self.faults, self.now(), session.version)
            session.say("execDetails", *told)
            if not self.faults.commission_first:
                answers.tell_commission(session, fill)
        self.tell_holding(fill.account_id, fill.instrument.conid)

    def is_owner(self, session: Session, fill: Fill) -> bool:
        """Whether a client placed the order of a fill, or is the master client."""
        return session.client_id in (fill.client_id, self.faults.master_client_id)

    def tell_holding(self, account_id: str, conid: int) -> None:
        """Tell a position that changed, also when it is closed now, and the account's values with it."""
        held = self.book.holdings[account_id, conid]
        for session in self.sessions:
            if session.subscriptions.positions:
                session.say("position", *messages.position(held, self.faults))
            if session.subscriptions.account == account_id:
                session.say("updatePortfolio", *messages.portfolio(self.book, held, self.faults))
        self.tell_result(conid)

    def tell_account_updates(self) -> None:
        """Tell account values, portfolio and summaries again, as TWS does every three minutes."""
        for session in self.sessions:
            if session.subscriptions.account is not None:
                answers.tell_account(session, session.subscriptions.account)
            for request in session.subscriptions.summaries:
                answers.tell_summary(session, request)
            for request in session.subscriptions.multi:
                answers.tell_multi(session, request)

    def release_commissions(self) -> None:
        """Tell the commissions that were held, and hold no more."""
        self.faults.hold_commissions = False
        held, self.held_commissions = self.held_commissions, []
        for session, fill in held:
            answers.tell_commission(session, fill)

    # -- the connection --------------------------------------------------------------------------------------

    def tell(self, code: int, text: str) -> None:
        """A message about no request, to every client."""
        for session in self.ready():
            session.error(code, text)

    def ready(self) -> Iterable[Session]:
        """The clients that have finished the handshake."""
        return [session for session in self.sessions if session.client_id is not None]

    def log_in(self) -> None:
        """Answer the handshakes that waited for a person to log in."""
        self.logged_out = False
        for session in list(self.sessions):
            session.greet_now()

    def drop(self, reset: bool) -> None:
        """Close every connection."""
        for session in list(self.sessions):
            session.drop(reset)
