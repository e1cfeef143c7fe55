"""Values as TWS tells them, for tests of what is done with them: two accounts, a share and an option."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tws.values import (
    AccountPnl,
    AccountValue,
    Commission,
    Contract,
    Execution,
    Link,
    LinkState,
    Position,
    PositionPnl,
    Snapshot,
)

NOON = datetime(2026, 3, 12, 16, tzinfo=UTC)
"""Twelve o'clock in New York, on a Thursday."""

EUR_ACCOUNT, USD_ACCOUNT = "U1000001", "U2000002"
SHARE = Contract(265598, "AAPL", "STK", "USD", "SMART", "NASDAQ", "AAPL", "NMS")
OPTION = Contract(
    700_000_001, "SPY", "OPT", "USD", "SMART", None, "SPY   260618C00600000", "SPY", Decimal(100), "20260618",
    Decimal(600), "C",
)  # fmt: skip

UP = Link(LinkState.UP, NOON, "connected to 127.0.0.1:7497")
DOWN = Link(LinkState.DOWN, NOON, "nothing listens on 127.0.0.1:7497: start TWS", 502)


def later(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def position(quantity: str = "100", contract: Contract = SHARE, account_id: str = EUR_ACCOUNT) -> Position:
    return Position(account_id, contract, Decimal(quantity), Decimal("190.1234567891"))


def position_pnl(
    unrealized: str | None = "10.5", contract: Contract = SHARE, account_id: str = EUR_ACCOUNT
) -> PositionPnl:
    told = None if unrealized is None else Decimal(unrealized)
    value = None if told is None else told + 20000
    return PositionPnl(account_id, contract.conid, Decimal(100), told, told, Decimal("-3.25"), value)


def account_pnl(daily: str | None = "12.34", account_id: str = EUR_ACCOUNT) -> AccountPnl:
    told = None if daily is None else Decimal(daily)
    return AccountPnl(account_id, told, told, Decimal("5.01") if told is not None else None)


def execution(
    execution_id: str = "0000e0d5.00000001.01.01", quantity: str = "10", at: datetime = NOON
) -> Execution:
    return Execution(
        execution_id, EUR_ACCOUNT, SHARE, at, Decimal(quantity), Decimal("190.55"), "NASDAQ", 7, 900_000_001, 1,
        "mine", Decimal(10), Decimal("190.55"),
    )  # fmt: skip


def commission(execution_id: str = "0000e0d5.00000001.01.01", cost: str = "1.05") -> Commission:
    return Commission(execution_id, Decimal(cost), "USD", None)


def snapshot(
    *positions: Position,
    pnl: tuple[PositionPnl, ...] = (),
    accounts: tuple[str, ...] = (EUR_ACCOUNT, USD_ACCOUNT),
    account_pnls: tuple[AccountPnl, ...] = (),
    executions: tuple[Execution, ...] = (),
    commissions: tuple[Commission, ...] = (),
) -> Snapshot:
    bases = {EUR_ACCOUNT: "EUR", USD_ACCOUNT: "USD"}
    values = tuple(AccountValue(a, "NetLiquidation", "1000000.00", bases.get(a, "USD")) for a in accounts)
    return Snapshot(
        NOON, NOON, accounts, values, positions, account_pnls, pnl, executions, commissions
    )  # fmt: skip
