"""What a connection was told last: positions, fills, commissions, profit and loss. It asks nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tws.errors import Code
from tws.values import AccountPnl, Commission, Contract, Execution, Position, PositionPnl


@dataclass(frozen=True)
class Notice:
    """A code that TWS sent about the connection, with its text."""

    code: Code
    text: str


Told = Notice | Position | AccountPnl | PositionPnl | Execution | Commission


@dataclass(frozen=True)
class Holding:
    """A line of an account's portfolio: what it is worth, by the account's own subscription."""

    account_id: str
    contract: Contract
    market_value: Decimal | None
    unrealized: Decimal | None
    realized: Decimal | None


@dataclass(frozen=True)
class Known:
    """Fills by root, and the ids of those whose commission was told, at one moment."""

    fills: Mapping[str, Execution]
    paid: frozenset[str]


class Newest:
    """The newest of everything, by key. A position of nothing is none; a correction takes the place of its fill."""

    def __init__(self) -> None:
        self.positions: dict[tuple[str, int], Position] = {}
        self.fills: dict[str, Execution] = {}
        """By the root of the execution id."""
        self.commissions: dict[str, Commission] = {}
        self.account_pnl: dict[str, AccountPnl] = {}
        self.position_pnl: dict[tuple[str, int], PositionPnl] = {}

    def hold(self, position: Position) -> None:
        """A position as it is now."""
        key = (position.account_id, position.contract.conid)
        if position.quantity:
            self.positions[key] = position
        else:
            self.positions.pop(key, None)

    def hold_only(self, positions: Iterable[Position]) -> None:
        """All positions as they are now: what is not among them is no longer there."""
        self.positions = {}
        for position in positions:
            self.hold(position)

    def fill(self, execution: Execution) -> None:
        """A fill, or a correction of one."""
        known = self.fills.get(execution.root)
        if known is None or known.revision <= execution.revision:
            self.fills[execution.root] = execution

    def known(self) -> Known:
        """What is known before it is asked for again: for `fill_only`."""
        return Known(dict(self.fills), frozenset(self.commissions))

    def fill_only(self, executions: Iterable[Execution], before: Known) -> None:
        """All fills that TWS knew when it was asked: of what was known before that, the others go, commissions too."""
        meanwhile = [fill for root, fill in self.fills.items() if before.fills.get(root) != fill]
        self.fills = {}
        for execution in (*executions, *meanwhile):
            self.fill(execution)
        known = {execution.execution_id for execution in self.fills.values()}
        for execution_id in before.paid - known:
            del self.commissions[execution_id]

    def pay(self, commission: Commission) -> bool:
        """A commission; False if it was told already."""
        news = self.commissions.get(commission.execution_id) != commission
        self.commissions[commission.execution_id] = commission
        return news
