"""What PortfolioAnalyst looks at, day by day in one currency: NAV, its parts, its change, flows and return.

Nothing is rounded or written here. Accounts of another base currency are converted at each day's rate; what the
rate did to them counts as translation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import reduce

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.calendars import day_range
from transforms.broker_simulator.ledger import NAV_PARTS, Ledger
from transforms.broker_simulator.money import ZERO, total


@dataclass
class AnalysisDay:
    """One report day of the analysis: all money in its currency, `twr` a fraction (None without capital)."""

    day: date
    before: Decimal = ZERO
    nav: Decimal = ZERO
    parts: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(NAV_PARTS, ZERO))
    change: dict[str, Decimal] = field(default_factory=dict)
    inflow: Decimal = ZERO
    outflow: Decimal = ZERO

    @property
    def twr(self) -> Decimal | None:
        """Return of the day: inflows count from its start, outflows until its end."""
        opening = self.before + self.inflow
        return (self.nav + self.outflow) / opening - 1 if opening else None

    def add(self, ledger: Ledger, index: int, base: str) -> None:
        """Add an account's close of the day."""
        own, market = ledger.account.base, ledger.market
        close = ledger.closes[index]
        before = ledger.closes[index - 1].total if index else ZERO
        rate = market.rate(own, base, index)
        held_at = market.rate(own, base, index - 1) if index else rate
        self.before += before * held_at
        self.nav += close.total * rate
        for part in NAV_PARTS:
            self.parts[part] += close.nav[part] * rate
        for name, amount in close.change.items():
            self._changed(name, amount * rate)
        self._changed("fxTranslation", before * (rate - held_at))
        for _, amount in close.flows:
            self.inflow += max(amount, ZERO) * rate
            self.outflow -= min(amount, ZERO) * rate

    def _changed(self, name: str, amount: Decimal) -> None:
        self.change[name] = self.change.get(name, ZERO) + amount


def analysis_days(ledgers: Sequence[Ledger], base: str, start: date, end: date) -> list[AnalysisDay]:
    """The report days in [start, end] of the accounts together."""
    days = ledgers[0].market.days
    found = []
    for index in day_range(days, start, end):
        of_day = AnalysisDay(days[index])
        for ledger in ledgers:
            of_day.add(ledger, index, base)
        found.append(of_day)
    return found


def chained(days: Iterable[AnalysisDay]) -> Decimal:
    """The chained return of days, a fraction."""
    return reduce(lambda growth, day: growth * (1 + (day.twr or ZERO)), days, Decimal(1)) - 1


def change_of(days: Iterable[AnalysisDay], names: Iterable[str]) -> Decimal:
    """The sum of components of the change in NAV over days."""
    wanted = tuple(names)
    return total(day.change.get(name, ZERO) for day in days for name in wanted)


def cash_rows(
    ledgers: Sequence[Ledger], base: str, days: Iterable[AnalysisDay]
) -> list[tuple[ev.CashRow, str, Decimal]]:
    """The cash transactions of the days: (row, account, amount in the analysis's currency), unrounded."""
    found = []
    market = ledgers[0].market
    for index in day_range(market.days, *_ends(days)):
        for ledger in ledgers:
            for row in ledger.cash_rows.get(index, ()):
                rate = market.rate(row.currency, base, index)
                found.append((row, ledger.account.account_id, row.amount * rate))
    return found


def transfer_rows(
    ledgers: Sequence[Ledger], base: str, days: Iterable[AnalysisDay]
) -> list[tuple[date, str, str, str, Decimal]]:
    """Transfers of the days: (day, account, kind, what moved, amount in the analysis's currency), unrounded."""
    found = []
    market = ledgers[0].market
    for index in day_range(market.days, *_ends(days)):
        for ledger in ledgers:
            for row in ledger.transfers.get(index, ()):
                own = market.rate(ledger.account.base, base, index)
                cash = row.cash * market.rate(row.currency, base, index)
                worth = row.amount_in_base * own if row.instrument else cash
                kind = "Position Transfer" if row.instrument else "Cash Transfer"
                told = f"{row.kind} {row.instrument.symbol if row.instrument else row.currency}"
                found.append((market.days[index], ledger.account.account_id, kind, told, worth))
    return found


def _ends(days: Iterable[AnalysisDay]) -> tuple[date, date]:
    every = [day.day for day in days]
    return every[0], every[-1]
