"""What goes wrong between TWS and us, as data: each trouble and each of TWS's codes with its meaning and its fix."""

from dataclasses import dataclass
from enum import StrEnum

PORT_CHANGED = 1300
PORTS = "TWS 7496 live, 7497 paper; IB Gateway 4001 live, 4002 paper"


class Trouble(StrEnum):
    """What a connection or a request failed of."""

    UNKNOWN_HOST = "unknown_host"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    MUTE = "mute"
    CLOSED = "closed"
    NO_ACCOUNTS = "no_accounts"
    OLD_VERSION = "old_version"
    ID_IN_USE = "id_in_use"
    NOT_ACCEPTED = "not_accepted"
    NOT_ENDED = "not_ended"
    NOT_READY = "not_ready"
    LOST = "lost"
    UNREADABLE = "unreadable"
    REJECTED = "rejected"


FIXES = {
    Trouble.UNKNOWN_HOST: "check IBKR_HOST; on this machine it is 127.0.0.1",
    Trouble.REFUSED: "start TWS or IB Gateway and log in, tick 'Enable ActiveX and Socket Clients' in its API "
    f"settings, and set IBKR_PORT to its socket port ({PORTS})",
    Trouble.UNREACHABLE: "check IBKR_HOST and the firewall between the two machines",
    Trouble.MUTE: "log in to TWS or IB Gateway (once a week it waits for a login) and close its dialogs; "
    f"if it is logged in, IBKR_PORT is another program's port ({PORTS})",
    Trouble.CLOSED: "add this machine to 'Trusted IPs' in the API settings of TWS, and untick 'Allow connections from "
    "localhost only' if it runs on another one; behind a forwarder, as in our container, log in to IB Gateway",
    Trouble.NO_ACCOUNTS: "wait until TWS has finished its login, then try again; if it stays so, restart TWS",
    Trouble.OLD_VERSION: "update TWS or IB Gateway to version 10.19 or later",
    Trouble.ID_IN_USE: "set IBKR_CLIENT_ID to another number, or end the other program that uses it",
    Trouble.NOT_ACCEPTED: "accept what TWS or IB Gateway asks on its screen, then try again",
    Trouble.NOT_ENDED: "try again; if it stays so, restart TWS or IB Gateway",
    Trouble.NOT_READY: "wait until TWS has loaded the account, then try again",
    Trouble.LOST: "see whether TWS or IB Gateway still runs; it restarts once a day by itself",
    Trouble.UNREADABLE: "update TWS or IB Gateway, or set its API settings back to their defaults",
    Trouble.REJECTED: "see the text of TWS",
}
"""One sentence per trouble: what a person does about it, with the names of the settings."""

NEEDS_A_PERSON = frozenset(
    {
        Trouble.UNKNOWN_HOST,
        Trouble.MUTE,
        Trouble.CLOSED,
        Trouble.OLD_VERSION,
        Trouble.ID_IN_USE,
        Trouble.NOT_ACCEPTED,
        Trouble.UNREADABLE,
    }
)
"""Troubles that do not pass by themselves: to try at once again and again helps nobody."""


class TwsError(Exception):
    """A connection or a request failed. Its text is for a person: the problem, then the fix.

    `trouble` says of what it failed, `code` is TWS's own number where it gave one.
    """

    def __init__(
        self, trouble: Trouble, problem: str, code: int | None = None, fix: str | None = None
    ) -> None:
        self.trouble = trouble
        self.problem = problem
        self.fix = fix or FIXES[trouble]
        self.code = code
        super().__init__(f"{problem}: {self.fix}")


class Effect(StrEnum):
    """What a code of TWS means for the connection or the request that it came with."""

    INFORMATION = "information"
    """Nothing changes."""
    REFUSES = "refuses"
    """There is no connection, or no longer one."""
    DEGRADES = "degrades"
    """TWS has lost the broker: figures are old until a code restores them."""
    FARM_LOST = "farm_lost"
    """One source of market data is lost; its name is at the text's end."""
    FARM_BACK = "farm_back"
    """It is back."""
    FORGOTTEN = "forgotten"
    """The broker is back, the subscriptions are gone."""
    KEPT = "kept"
    """The broker is back, and so are the subscriptions."""
    NO_MARKET_DATA = "no_market_data"
    """Prices are missing, not zero."""
    FAILS_REQUEST = "fails_request"
    """The request with that id gets no answer; if none with it is open, everything is asked again."""
    UNKNOWN = "unknown"
    """Not in this table, or of an order whose state it leaves open: nothing is assumed, everything is asked again."""


@dataclass(frozen=True)
class Code:
    """A code of TWS: its effect, its meaning and, where a person can do something, the fix."""

    number: int
    effect: Effect
    meaning: str
    fix: str = ""
    trouble: Trouble = Trouble.REJECTED


_BACK_BY_ITSELF = "it comes back by itself; if not, see the broker's system status"
_TABLE = (
    Code(100, Effect.FAILS_REQUEST, "more than 50 messages a second were sent"),
    Code(102, Effect.FAILS_REQUEST, "the id of the request is in use"),
    Code(110, Effect.UNKNOWN, "the price of an order does not fit the instrument's tick"),
    Code(162, Effect.FAILS_REQUEST, "the broker's historical data has a problem"),
    Code(165, Effect.INFORMATION, "historical data is being looked for"),
    Code(200, Effect.FAILS_REQUEST, "no such instrument"),
    Code(201, Effect.INFORMATION, "an order was rejected"),
    Code(202, Effect.INFORMATION, "an order was cancelled"),
    Code(320, Effect.FAILS_REQUEST, "TWS could not read the request"),
    Code(321, Effect.FAILS_REQUEST, "TWS found the request invalid"),
    Code(322, Effect.FAILS_REQUEST, "TWS could not work on the request"),
    Code(
        326, Effect.REFUSES, "another program is connected with the same client id", trouble=Trouble.ID_IN_USE
    ),
    Code(354, Effect.NO_MARKET_DATA, "there is no subscription for this market data"),
    Code(501, Effect.INFORMATION, "already connected"),
    Code(
        502,
        Effect.REFUSES,
        "TWS does not take the connection",
        FIXES[Trouble.REFUSED],
        Trouble.REFUSED,
    ),
    Code(503, Effect.REFUSES, "TWS is too old", trouble=Trouble.OLD_VERSION),
    Code(504, Effect.REFUSES, "TWS says that there is no connection", trouble=Trouble.LOST),
    Code(507, Effect.REFUSES, "TWS found the message's length wrong and hangs up", trouble=Trouble.LOST),
    Code(1100, Effect.DEGRADES, "TWS has lost its connection to the broker", _BACK_BY_ITSELF),
    Code(1101, Effect.FORGOTTEN, "TWS has the broker again; subscriptions were lost"),
    Code(1102, Effect.KEPT, "TWS has the broker again; subscriptions were kept"),
    Code(
        PORT_CHANGED,
        Effect.REFUSES,
        "the socket port of TWS was changed and it hangs up",
        "set IBKR_PORT to the new port",
        Trouble.LOST,
    ),
    Code(2100, Effect.INFORMATION, "account data goes to another subscriber"),
    Code(2103, Effect.FARM_LOST, "a market data farm is lost", _BACK_BY_ITSELF),
    Code(2104, Effect.FARM_BACK, "a market data farm is connected"),
    Code(2105, Effect.INFORMATION, "the historical data farm is lost"),
    Code(2106, Effect.INFORMATION, "the historical data farm is connected"),
    Code(2107, Effect.INFORMATION, "the historical data farm sleeps until it is asked"),
    Code(2108, Effect.FARM_BACK, "a market data farm sleeps until it is asked"),
    Code(
        2110, Effect.DEGRADES, "the connection between TWS and the broker's server is broken", _BACK_BY_ITSELF
    ),
    Code(2119, Effect.INFORMATION, "a market data farm is being connected"),
    Code(2150, Effect.INFORMATION, "a derived value of a position is not valid"),
    Code(2157, Effect.INFORMATION, "the farm for instruments is lost"),
    Code(2158, Effect.INFORMATION, "the farm for instruments is connected"),
    Code(
        10141,
        Effect.REFUSES,
        "the terms of paper trading are not accepted yet",
        "log in to the paper account once in TWS and accept the terms",
        Trouble.NOT_ACCEPTED,
    ),
    Code(10147, Effect.UNKNOWN, "the order that was to be cancelled is not found"),
    Code(10148, Effect.UNKNOWN, "the order that was to be cancelled cannot be"),
    Code(
        10197,
        Effect.NO_MARKET_DATA,
        "another login of the same user takes the market data",
        "log out of the other session; until then values are missing, not zero",
    ),
)
CODES = {code.number: code for code in _TABLE}
"""Every code that we know. Source: the broker's list of message codes."""


def code_of(number: int) -> Code:
    """The entry of the table, or one whose effect is UNKNOWN."""
    return CODES.get(number) or Code(number, Effect.UNKNOWN, "a code that is not in our table")
