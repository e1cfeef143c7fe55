"""What the client library calls for each message: the message becomes our value and goes where it belongs. No library.

The names of the methods are those of the broker's interface, which both libraries call.
"""

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tws import conversions
from tws.endpoint import Endpoint
from tws.errors import Code, Effect, Trouble, TwsError, code_of
from tws.newest import Holding, Newest, Notice, Told
from tws.pnl import PnlSubscriptions
from tws.requests import Requests
from tws.values import AccountPnl, PositionPnl

log = logging.getLogger("tieout.tws")

MANAGED_ACCOUNTS = "15"
# The kinds of messages that we read (the first field of each): error, account value, portfolio, execution, time, end of
# an account, end of executions, commission, position, end of positions, value of one account among several, its end,
# PnL of an account, PnL of a position. The others are skipped undecoded.
READ = frozenset({"4", "6", "7", "11", "49", "54", "55", "59", "61", "62", "73", "74", "94", "95"})
# Where in the fields of a position, of an execution, and of a position's PnL something stands.
_HELD, _COST = 14, 15
_TIME, _SHARES, _PRICE, _CUMULATIVE, _AVERAGE = 15, 19, 20, 24, 25
_PNL_HELD = 2
UNNUMBERED = -1


class Receiver:
    """Takes what the library decoded. `handshaken` and `seen` say how far a login came."""

    TimezoneTWS = "UTC"  # for the library's own reading of times, which we do not use
    defaultTimezone = UTC  # noqa: N815

    def __init__(
        self,
        endpoint: Endpoint,
        requests: Requests,
        newest: Newest,
        pnl: PnlSubscriptions,
        lose: Callable[[TwsError], None],
    ) -> None:
        self.ib = self  # where the library looks for the zone
        self.tell: Callable[[Told], None] = lambda told: None
        self.handshaken = False
        self.seen: set[str] = set()
        self._endpoint = endpoint
        self._requests = requests
        self._newest = newest
        self._pnl = pnl
        self._lose = lose
        self._fields: list[str] = []

    def reading(self, decode: Callable[[list[str]], None]) -> Callable[[list[str]], None]:
        """The library's decoder with what we add: the wire's text is kept, what we do not read is skipped."""

        def interpret(fields: list[str]) -> None:
            if not fields or not fields[0].isdigit():
                self._lose(unreadable("it has no kind"))
                return
            self.seen.add(fields[0])
            if fields[0] in READ:
                self._fields = fields
                decode(fields)

        return interpret

    def exception(self, *_: object) -> None:
        """The decoder's logger: called within its `except` when it could not read a message of ours.

        The library would go on without it: a fill or a position would be missing and nobody would know.
        """
        kind = self._fields[0] if self._fields else "?"
        self._lose(unreadable(f"kind {kind}: {sys.exc_info()[1]}"))

    # The figures of the message as it was sent: the library makes an empty one 0, and 0 is a figure.

    def _figure(self, place: int) -> Decimal | None:
        return conversions.figure(self._fields[place])

    def _size(self, place: int) -> Decimal | None:
        return conversions.size(self._fields[place])

    # The connection.

    def connectAck(self) -> None:  # noqa: N802
        """The handshake is done."""
        self.handshaken = True

    def setEventsDone(self) -> None:  # noqa: N802
        """We have none of the library's events."""

    def connectionClosed(self) -> None:  # noqa: N802
        """Told by the socket already."""

    def error(self, request: int, number: int, text: str, *_: object) -> None:
        """A code about a request, or about the connection."""
        code = code_of(number)
        if code.effect is Effect.REFUSES:
            problem = f"{self._endpoint}: {code.meaning}"
            self._lose(TwsError(code.trouble, problem, number, code.fix or None))
            return
        if code.effect in {Effect.FAILS_REQUEST, Effect.UNKNOWN}:
            if self._refused(request, code, text):
                return
        elif code.effect is Effect.NO_MARKET_DATA:
            key = self._pnl.key_of(request)
            if key is not None:
                self._pnl.answered(key)
        log.debug("TWS says %d: %s", number, text)
        self.tell(Notice(code, text))

    def _refused(self, request: int, code: Code, text: str) -> bool:
        """Fail what was refused; whether nothing is left to do. Of an unknown code that is never so."""
        refusal = TwsError(
            Trouble.REJECTED, f"TWS refused a request, code {code.number} ({text})", code.number
        )
        if self._requests.fail(request, refusal):
            return True
        is_known = code.effect is Effect.FAILS_REQUEST
        if self._pnl.refused(request):
            log.warning("TWS refused a subscription to PnL, code %d: %s", code.number, text)
            return is_known
        # A request without a number is refused without one.
        return is_known and request == UNNUMBERED and self._requests.fail_unnumbered(refusal)

    def currentTime(self, epoch: int) -> None:  # noqa: N802
        """The clock of TWS."""
        self._requests.collect("time", datetime.fromtimestamp(epoch, UTC))
        self._requests.end("time")

    # Accounts and positions.

    def position(self, account: str, contract: Any, *_: object) -> None:
        """A position, asked for or changed."""
        position = conversions.position_of(account, contract, self._size(_HELD), self._figure(_COST))
        if not self._requests.collect("positions", position):
            self._newest.hold(position)
            self.tell(position)

    def positionEnd(self) -> None:  # noqa: N802
        """All positions were told."""
        self._requests.end("positions")

    def updateAccountValue(self, tag: str, value: str, currency: str, account: str) -> None:  # noqa: N802
        """A value of the one account that is subscribed to."""
        told = conversions.account_value_of(account, tag, value, currency)
        self._requests.collect("account", told)

    def updatePortfolio(  # noqa: N802
        self,
        contract: Any,
        quantity: float,
        price: float,
        market_value: float,
        average_cost: float,
        unrealized: float,
        realized: float,
        account: str,
    ) -> None:
        """A line of its portfolio. Where there is no price, TWS writes zeros; they are no figures."""
        told = Holding(
            account,
            conversions.contract_of(contract),
            conversions.exact(market_value) if price else None,
            conversions.exact(unrealized) if price else None,
            conversions.exact(realized),
        )
        self._requests.collect("account", told)

    def accountDownloadEnd(self, account: str) -> None:  # noqa: N802
        """That account was told."""
        self._requests.end("account")

    def accountUpdateMulti(  # noqa: N802
        self, request: int, account: str, model: str, tag: str, value: str, currency: str
    ) -> None:
        """A value of one account among several."""
        told = conversions.account_value_of(account, tag, value, currency)
        self._requests.collect(request, told)

    def accountUpdateMultiEnd(self, request: int) -> None:  # noqa: N802
        """That account was told."""
        self._requests.end(request)

    # Fills.

    def execDetails(self, request: int, contract: Any, execution: Any) -> None:  # noqa: N802
        """A fill, asked for or new. A combination is told beside its legs; only they are fills."""
        if contract.secType == "BAG":
            return
        told = conversions.execution_of(
            contract,
            execution,
            self._fields[_TIME],
            self._size(_SHARES),
            self._figure(_PRICE),
            self._size(_CUMULATIVE),
            self._figure(_AVERAGE),
        )
        if not self._requests.collect(request, told):
            self._newest.fill(told)
            self.tell(told)

    def execDetailsEnd(self, request: int) -> None:  # noqa: N802
        """All fills were told."""
        self._requests.end(request)

    def commissionReport(self, report: Any) -> None:  # noqa: N802
        """What a fill cost."""
        told = conversions.commission_of(report, self._figure(3), self._figure(5))
        if told is not None and self._newest.pay(told):
            self.tell(told)

    # Profit and loss.

    def pnl(self, request: int, *_: object) -> None:
        """Of an account."""
        account = self._pnl.key_of(request)
        if isinstance(account, str):
            told = AccountPnl(account, self._figure(2), self._figure(3), self._figure(4))
            self._newest.account_pnl[account] = told
            self._pnl.answered(account)
            self.tell(told)

    def pnlSingle(self, request: int, *_: object) -> None:  # noqa: N802
        """Of a position."""
        key = self._pnl.key_of(request)
        if isinstance(key, tuple):
            held = conversions.required(self._size(_PNL_HELD), "the quantity of a position")
            told = PositionPnl(*key, held, *(self._figure(place) for place in range(3, 7)))
            self._newest.position_pnl[key] = told
            self._pnl.answered(key)
            self.tell(told)


class DecoderLog:
    """Stands in for the logger of the library's decoder: only what could not be read is of interest."""

    def __init__(self, receiver: Receiver) -> None:
        self.exception = receiver.exception

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Every other level says nothing."""
        return lambda *_: None


def unreadable(what: str) -> TwsError:
    """The error of a message that cannot be read."""
    return TwsError(Trouble.UNREADABLE, f"TWS sent a message that cannot be read ({what})")
