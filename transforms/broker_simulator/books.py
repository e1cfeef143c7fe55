"""The true books, for tests to hold against what a pipeline made of the documents; the pipeline never sees
them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.calendars import day_range
from transforms.broker_simulator.ledger import Ledger
from transforms.broker_simulator.money import ZERO, total
from transforms.broker_simulator.pnl import explain


class TrueBooks:
    """What is true of every account on every day, exact. Days are report days; a day that is none raises
    KeyError.
    """

    def __init__(self, ledgers: Mapping[str, Ledger]) -> None:
        self._ledgers = ledgers
        self._closes = {
            account: {close.reported: close for close in ledger.closes} for account, ledger in ledgers.items()
        }

    @property
    def accounts(self) -> list[str]:
        """The accounts' ids."""
        return list(self._ledgers)

    def days(self, account: str) -> list[date]:
        """The report days of an account, in order."""
        return list(self._closes[account])

    def nav(self, account: str, day: date) -> Decimal:
        """Net asset value at a day's close, in base currency."""
        return self._closes[account][day].total

    def nav_parts(self, account: str, day: date) -> dict[str, Decimal]:
        """NAV by part (`cash`, `stock`, `options`, `bonds`, `dividendAccruals`, `interestAccruals`), in
        base.
        """
        return dict(self._closes[account][day].nav)

    def cash(self, account: str, day: date) -> dict[str, Decimal]:
        """Cash by currency at a day's close; currencies that hold nothing are left out."""
        return dict(self._closes[account][day].cash)

    def positions(self, account: str, day: date) -> dict[int, Decimal]:
        """Quantity by conid at a day's close, futures included, currencies not; never zero."""
        return {conid: held.quantity for conid, held in self._closes[account][day].held.items()}

    def marks(self, account: str, day: date) -> dict[int, tuple[Decimal, Decimal]]:
        """(closing price, value in NAV in the position's currency, 2 decimal places) by conid."""
        return {conid: (held.price, held.value) for conid, held in self._closes[account][day].held.items()}

    def lots(self, account: str, day: date) -> dict[int, tuple[ev.Lot, ...]]:
        """Open tax lots by conid at a day's close."""
        return dict(self._closes[account][day].lots)

    def realized_base(self, account: str, day: date) -> Decimal:
        """Sum over the day's trades and corporate actions of fifoPnlRealized x fxRateToBase."""
        return self._closes[account][day].realized

    def realized_by_trades_base(self, account: str, day: date) -> Decimal:
        """The same, of trades alone."""
        return self._closes[account][day].realized_by_trades

    def external_flows(self, account: str, day: date) -> list[tuple[str, Decimal]]:
        """Money and securities that came from or went outside: (kind, amount in base), unrounded.

        Kinds: `deposits`, `withdrawals`, `accountTransfers` (cash), `assetTransfers` (securities, 2 decimal
        places).
        """
        return list(self._closes[account][day].flows)

    def inflow(self, account: str, day: date) -> Decimal:
        """Sum of the day's external flows that came in, in base."""
        return total(amount for _, amount in self._closes[account][day].flows if amount > 0)

    def outflow(self, account: str, day: date) -> Decimal:
        """Sum of the day's external flows that went out, in base, as a positive number."""
        return -total(amount for _, amount in self._closes[account][day].flows if amount < 0)

    def twr(self, account: str, day: date) -> Decimal | None:
        """Return of one day: inflows count from its start, outflows until its end; None without capital."""
        close = self._closes[account][day]
        opening = self._before(account, close.day).total + self.inflow(account, day)
        return (close.total + self.outflow(account, day)) / opening - 1 if opening else None

    def cumulative_twr(self, account: str, start: date, end: date) -> Decimal:
        """Chained return over the report days in [start, end]; a fraction, 0.01 is one percent."""
        growth = Decimal(1)
        for day in self.days(account):
            if start <= day <= end:
                growth *= 1 + (self.twr(account, day) or ZERO)
        return growth - 1

    def pnl(self, account: str, day: date) -> dict[tuple[str, str], Decimal]:
        """The day's result in base by (instrument, cause), zeros left out; the sum is NAV's change less flows.

        Instruments are conids as text, `CASH:<currency>`, and the empty string for the account as a whole.
        """
        return explain(self._ledgers[account], self._closes[account][day].day)

    def change_in_nav(self, account: str, start: date, end: date) -> dict[str, Decimal]:
        """Components of NAV's change over the report days in [start, end], with `startingValue` and
        `endingValue`.
        """
        closes = self.closes(account, start, end)
        changes: dict[str, Decimal] = {}
        for close in closes:
            for name, amount in close.change.items():
                changes[name] = changes.get(name, ZERO) + amount
        starting = self._before(account, closes[0].day).total
        return {"startingValue": starting, **changes, "endingValue": closes[-1].total}

    def closes(self, account: str, start: date, end: date) -> list[ev.DayClose]:
        """Everything the ledger closed on the report days in [start, end]."""
        ledger = self._ledgers[account]
        found = [ledger.closes[n] for n in day_range(ledger.market.days, start, end)]
        if not found:
            raise KeyError(f"no report day of {account} in {start} to {end}")
        return found

    def executions(self, account: str, day: date) -> list[ev.Execution]:
        """The day's trade rows with their local realized PnL, plain day trades excluded."""
        ledger = self._ledgers[account]
        index = bisect_right(ledger.market.days, day) - 1
        return list(ledger.executions.get(index, ()))

    def corporate_actions(self, account: str, day: date) -> list[ev.ActionLeg]:
        """The day's corporate action legs."""
        ledger = self._ledgers[account]
        index = bisect_right(ledger.market.days, day) - 1
        return list(ledger.actions.get(index, ()))

    def _before(self, account: str, index: int) -> ev.DayClose:
        ledger = self._ledgers[account]
        return ledger.closes[index - 1] if index else ledger.before
