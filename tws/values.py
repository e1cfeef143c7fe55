"""What Trader Workstation tells, as frozen values: exact decimals, UTC instants, None for what it did not tell.

Names are the fields of the books (conid, quantity), not the client library's. Nothing here knows that library.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True)
class Contract:
    """An instrument as TWS names it. `expiry` is YYYYMMDD or YYYYMM, `right` is C or P."""

    conid: int
    symbol: str
    asset_class: str
    currency: str
    exchange: str | None = None
    primary_exchange: str | None = None
    local_symbol: str | None = None
    trading_class: str | None = None
    multiplier: Decimal | None = None
    expiry: str | None = None
    strike: Decimal | None = None
    right: str | None = None


@dataclass(frozen=True)
class AccountValue:
    """One tag of an account, such as NetLiquidation; `value` is text because some tags are no numbers.

    `currency` is None for a tag that has none, and BASE for one in the account's base currency.
    """

    account_id: str
    tag: str
    value: str
    currency: str | None


@dataclass(frozen=True)
class Position:
    """What an account holds of one instrument; buys are positive. `average_cost` is per unit, times the multiplier."""

    account_id: str
    contract: Contract
    quantity: Decimal
    average_cost: Decimal | None


@dataclass(frozen=True)
class AccountPnl:
    """An account's profit and loss in its base currency since the last daily reset (`daily`), and of what is open."""

    account_id: str
    daily: Decimal | None
    unrealized: Decimal | None
    realized: Decimal | None


@dataclass(frozen=True)
class PositionPnl:
    """The same for one position, in the instrument's currency; `market_value` is None when there is no price."""

    account_id: str
    conid: int
    quantity: Decimal
    daily: Decimal | None
    unrealized: Decimal | None
    realized: Decimal | None
    market_value: Decimal | None


_CORRECTABLE = re.compile(r"(.*)\.(\d+)")
MOST_DIGITS = 9  # of a revision; more are none


def root_and_revision(execution_id: str) -> tuple[str, int]:
    """What a fill and its corrections share of their ids, and which of them this is.

    Digits behind the last dot are the revision; an id without them is a fill that has no corrections. The books
    (`transforms.clean.intraday`) read it the same way.
    """
    match = _CORRECTABLE.fullmatch(execution_id)
    if match is None:
        return execution_id, 1
    return match[1], int(match[2]) if len(match[2]) <= MOST_DIGITS else 1


@dataclass(frozen=True)
class Execution:
    """A fill. `quantity` is signed. `execution_id` ends in .01, .02, …: a later one corrects the earlier ones."""

    execution_id: str
    account_id: str
    contract: Contract
    executed_at: datetime
    quantity: Decimal
    price: Decimal
    exchange: str
    order_id: int
    perm_id: int
    client_id: int
    order_ref: str | None = None
    cumulative_quantity: Decimal | None = None
    average_price: Decimal | None = None

    @property
    def root(self) -> str:
        """The part of the id that a fill and its corrections share."""
        return root_and_revision(self.execution_id)[0]

    @property
    def revision(self) -> int:
        """1 for the fill as first told, more for a correction."""
        return root_and_revision(self.execution_id)[1]


@dataclass(frozen=True)
class Commission:
    """What a fill cost, as a positive amount in `currency`; `realized_pnl` is the broker's, None when it opened."""

    execution_id: str
    commission: Decimal
    currency: str
    realized_pnl: Decimal | None

    @property
    def root(self) -> str:
        """What its fill and the fill's corrections share."""
        return root_and_revision(self.execution_id)[0]

    @property
    def revision(self) -> int:
        """The revision of the fill that it is of."""
        return root_and_revision(self.execution_id)[1]


@dataclass(frozen=True)
class Snapshot:
    """All that was asked at one time, and told to its end: nothing in it is partial.

    `taken_at` is this machine's clock, `server_time` the broker's (whole seconds).
    """

    taken_at: datetime
    server_time: datetime
    accounts: tuple[str, ...]
    account_values: tuple[AccountValue, ...]
    positions: tuple[Position, ...]
    account_pnl: tuple[AccountPnl, ...]
    position_pnl: tuple[PositionPnl, ...]
    executions: tuple[Execution, ...]
    commissions: tuple[Commission, ...]


class LinkState(StrEnum):
    """How the connection stands."""

    UP = "up"
    """Connected, reconciled, heartbeat answered."""
    DEGRADED = "degraded"
    """Connected, but TWS has lost the broker (1100, 2103, 2110) or its market data (10197): figures are old."""
    DOWN = "down"
    """Not connected; it is tried again."""
    STOPPED = "stopped"
    """Not connected, and a person must do something; until then it is tried rarely."""


@dataclass(frozen=True)
class Link:
    """How the connection stands since when, and why in one sentence with the fix; `code` is TWS's, if it gave one."""

    state: LinkState
    since: datetime
    reason: str
    code: int | None = None


@dataclass(frozen=True)
class Reconciled:
    """After a connect, a reconnect or a 1101/1102: everything as it is now. What is not in it is no longer so."""

    snapshot: Snapshot


Event = Link | Reconciled | Position | AccountPnl | PositionPnl | Execution | Commission
"""What a feed tells, in the order in which it came."""
