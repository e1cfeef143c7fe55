"""What TWS tells of two accounts on one afternoon, as values, for tests of documents and what is made of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tws.values import (
    AccountPnl,
    AccountValue,
    Commission,
    Contract,
    Execution,
    Position,
    PositionPnl,
    Snapshot,
)

TAKEN = datetime(2024, 1, 3, 19, 0, 0, 250_000, tzinfo=UTC)
"""14:00 in New York on a Wednesday."""

SHARE = Contract(1001, "ABC", "STK", "USD", primary_exchange="NYSE", local_symbol="ABC", trading_class="ABC")
OPTION = Contract(
    2002, "ABC", "OPT", "USD", exchange="CBOE", local_symbol="ABC   240119C00110000", trading_class="ABC",
    multiplier=Decimal(100), expiry="20240119", strike=Decimal(110), right="C",
)  # fmt: skip
FUTURE = Contract(3003, "ES", "FUT", "USD", exchange="CME", multiplier=Decimal(50), expiry="20240315")
EURO = Contract(4004, "EUR", "CASH", "USD", exchange="IDEALPRO", local_symbol="EUR.USD")
BOND = Contract(5005, "T", "BOND", "USD", exchange="SMART")
COMBO = Contract(28812380, "ABC", "BAG", "USD", exchange="SMART")

EXECUTION = Execution(
    "0000e0d5.65951e11.01.01", "U1", SHARE, TAKEN - timedelta(minutes=30), Decimal(100), Decimal("10.5"),
    "ARCA", 7, 1234567, 1, "tieout-1", Decimal(100), Decimal("10.5"),
)  # fmt: skip
COMMISSION = Commission(EXECUTION.execution_id, Decimal("1.05"), "USD", None)


def execution(
    number: int,
    contract: Contract = SHARE,
    quantity: str = "10",
    price: str = "10",
    *,
    revision: int = 1,
    account_id: str = "U1",
    at: datetime | None = None,
) -> Execution:
    """A fill whose id says its number; a revision above 1 corrects it."""
    return replace(
        EXECUTION,
        execution_id=f"0000e0d5.{number:08x}.01.{revision:02d}",
        account_id=account_id,
        contract=contract,
        quantity=Decimal(quantity),
        price=Decimal(price),
        executed_at=at or EXECUTION.executed_at,
    )


def snapshot(
    taken_at: datetime = TAKEN,
    executions: tuple[Execution, ...] = (EXECUTION,),
    commissions: tuple[Commission, ...] = (COMMISSION,),
) -> Snapshot:
    """Two accounts: one with three positions of which one has no price, and one that is flat."""
    values = (("NetLiquidation", "10234.56"), ("TotalCashValue", "2034.5600"), ("BuyingPower", "40000"))
    return Snapshot(
        taken_at=taken_at,
        server_time=taken_at.replace(microsecond=0),
        accounts=("U1", "U2"),
        account_values=(
            *(AccountValue("U1", tag, value, "EUR") for tag, value in values),
            AccountValue("U1", "AccountType", "INDIVIDUAL", None),
            AccountValue("U1", "CashBalance", "-120.25", "USD"),
            AccountValue("U1", "CashBalance", "2150", "EUR"),
            AccountValue("U1", "CashBalance", "2034.56", "BASE"),
            AccountValue("U2", "NetLiquidation", "500", "USD"),
        ),
        positions=(
            Position("U1", SHARE, Decimal(100), Decimal("10.51")),
            Position("U1", OPTION, Decimal(-2), Decimal("150.25")),
            Position("U1", FUTURE, Decimal(1), None),
        ),
        account_pnl=(
            AccountPnl("U1", Decimal("12.34"), Decimal("-5.5"), Decimal(0)),
            AccountPnl("U2", None, None, None),
        ),
        position_pnl=(
            PositionPnl("U1", 1001, Decimal(100), Decimal("3.5"), Decimal(-1), Decimal(0), Decimal(1050)),
            PositionPnl("U1", 2002, Decimal(-2), None, None, None, None),
        ),
        executions=executions,
        commissions=commissions,
    )
