"""Accounts for the tests of returns and metrics: clean rows, and what they must give by independent arithmetic.

Flows, returns and linking are worked out in `Decimal`, statistics in numpy, rates with scipy's Brent. No SQL here.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, getcontext
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import brentq

Row = dict[str, Any]
D = Decimal
getcontext().prec = 50

RISK_FREE, ACCEPTABLE = 0.02, 0.01
REPORTED = ("ChangeInNAV", "CashTransactions", "Transfers", "Trades", "EquitySummaryInBase")


@dataclass
class Account:
    """An account's daily values and flows; `flows` may lie on any day, `first_previous` is null at the start."""

    account_id: str
    navs: dict[date, Decimal]
    flows: list[tuple[date, Decimal]] = field(default_factory=list)
    sections: tuple[str, ...] = REPORTED
    holes: set[date] = field(default_factory=set)
    starts_from_nothing: bool = False

    @property
    def days(self) -> list[date]:
        """Days with a value, in order."""
        return sorted(self.navs)

    def tables(self) -> dict[str, list[Row]]:
        """The clean rows of this account: one statement over the whole time (or one each side of a hole)."""
        account, days = self.account_id, self.days
        starts = [days[0], *sorted(self.holes)]
        ends = [*(max(d for d in days if d < hole) for hole in sorted(self.holes)), days[-1]]
        start_of = lambda day: day if self.starts_from_nothing or day != days[0] else day + timedelta(1)  # noqa: E731
        periods = [(start_of(start), end) for start, end in zip(starts, ends, strict=True)]
        statement = [
            {"document_id": f"{account}-{i}", "statement": 0, "account_id": account, "period_start_date": start,
             "period_end_date": end}
            for i, (start, end) in enumerate(periods)
        ]  # fmt: skip
        navs = [
            {
                "account_id": account,
                "report_date": day,
                "previous_report_date": None if before is None or day in self.holes else before,
                "total": self.navs[day],
            }
            for before, day in zip([None, *days], days, strict=False)
        ]
        return {
            "statements": statement,
            "statement_sections": [
                {**row, "section": section, "rows": 1} for row in statement for section in self.sections
            ],
            "accounts": [{"account_id": account, "base_currency": "EUR", "base_currency_source": "setting"}],
            "nav_daily": navs,
            "change_in_nav": [
                {"account_id": account, "period_start_date": periods[0][0], "period_end_date": periods[0][1],
                 "starting_value": D(0), "deposits_withdrawals": D(1)}
            ] if self.starts_from_nothing else [],
            "cash_transactions": [
                {"account_id": account, "cash_key": str(i), "category": "deposit_withdrawal", "report_date": day,
                 "currency": "EUR", "amount": amount}
                for i, (day, amount) in enumerate(self.flows)
            ],
        }  # fmt: skip

    def flows_of(self, day: date) -> tuple[Decimal, Decimal]:
        """(in, out) booked after the value before `day` and up to it."""
        before = max((d for d in self.days if d < day), default=date.min)
        amounts = [amount for booked, amount in self.flows if before < booked <= day]
        return sum((a for a in amounts if a > 0), D(0)), -sum((a for a in amounts if a < 0), D(0))

    def start_of(self, day: date) -> Decimal:
        """The value that the day starts from."""
        before = [d for d in self.days if d < day]
        return self.navs[before[-1]] if before else D(0)

    def daily_return(self, day: date) -> Decimal:
        """(end + out) / (start + in) - 1."""
        into, out = self.flows_of(day)
        return (self.navs[day] + out) / (self.start_of(day) + into) - 1

    def window_days(self, anchor: date) -> list[date]:
        """The days after the anchor."""
        return [day for day in self.days if day > anchor]

    def linked(self, anchor: date) -> Decimal:
        """The linked return since the anchor."""
        index = D(1)
        for day in self.window_days(anchor):
            index *= 1 + self.daily_return(day)
        return index - 1

    def metrics(self, anchor: date) -> Mapping[str, float | None]:
        """The metrics of the window that starts at the close of `anchor`, by numpy and Brent."""
        days = self.window_days(anchor)
        returns = np.array([float(self.daily_return(day)) for day in days])
        span = (days[-1] - anchor).days
        excess = returns - ((1 + RISK_FREE) ** (1 / 252) - 1)
        over = returns - ((1 + ACCEPTABLE) ** (1 / 252) - 1)
        index = np.concatenate([[1.0], np.cumprod(1 + returns)])
        drawdown = float((index / np.maximum.accumulate(index) - 1).min())
        twr = float(self.linked(anchor))
        cagr = (1 + twr) ** (365 / span) - 1 if span >= 365 else None
        flow = sum((a for booked, a in self.flows if anchor < booked <= days[-1]), D(0))
        return {
            "twr": twr,
            "cagr": cagr,
            "mwr": self.money_weighted(anchor),
            "volatility": float(returns.std(ddof=1) * np.sqrt(252)),
            "sharpe": float(excess.mean() / excess.std(ddof=1) * np.sqrt(252)),
            "sortino": float(over.mean() / np.sqrt((np.minimum(over, 0) ** 2).mean()) * np.sqrt(252)),
            "max_drawdown": drawdown,
            "calmar": None if cagr is None else cagr / abs(drawdown),
            "best_day": float(returns.max()),
            "worst_day": float(returns.min()),
            "win_rate_days": float((returns > 0).sum() / (returns != 0).sum()),
            "pnl": float(self.navs[days[-1]] - self.navs.get(anchor, D(0)) - flow),
            "net_contributions": float(flow),
        }

    def money_weighted(self, anchor: date) -> float:
        """XIRR per year, or of the window where it is shorter than a year."""
        end = self.days[-1]
        basis = min((end - anchor).days, 365)
        booked = [(anchor, -float(self.navs.get(anchor, D(0)))), (end, float(self.navs[end]))]
        booked += [(day, -float(amount)) for day, amount in self.flows if anchor < day <= end]

        def value(growth: float) -> float:
            return sum(amount * np.exp(-growth * (day - anchor).days / basis) for day, amount in booked)

        return float(np.expm1(brentq(value, np.log(1e-4), np.log(1e4), xtol=1e-15, rtol=1e-14, maxiter=500)))


def business_days(start: date, end: date) -> list[date]:
    """Mondays to Fridays."""
    return [
        start + timedelta(n) for n in range((end - start).days + 1) if (start + timedelta(n)).isoweekday() < 6
    ]


def long_history(account_id: str = "LONG", seed: int = 11) -> Account:
    """Four years of business days with deposits and withdrawals, on weekends too, some of them large."""
    chance = random.Random(seed)
    days = business_days(date(2020, 12, 30), date(2025, 2, 14))
    booked = chance.sample(range(20, len(days)), 60)
    flows = [
        (days[i] + timedelta(chance.choice([0, 0, 1])), D(chance.randint(-900_000, 1_100_000)) / 100)
        for i in sorted(booked)
    ]
    account = Account(account_id, {days[0]: D("100000.1234567")}, flows)
    for before, day in pairwise(days):
        account.navs[day] = D(0)
        into, out = account.flows_of(day)
        growth = D(str(round(1 + chance.gauss(0.0004, 0.01), 9)))
        account.navs[day] = ((account.navs[before] + into) * growth - out).quantize(D("0.000000001"))
    return account


def _xirr_example() -> Account:
    """The example of Excel's XIRR: -10000, then 2750, 4250, 3250, 2750 give 37.3362535 % a year."""
    days = [date(2008, 1, 1), date(2008, 3, 1), date(2008, 10, 30), date(2009, 2, 15), date(2009, 4, 1)]
    taken = [(days[1], D(-2750)), (days[2], D(-4250)), (days[3], D(-3250))]
    return Account("XIRR", dict(zip(days, map(D, (10000, 9000, 6000, 2900, 2750)), strict=True)), taken)


def special_accounts() -> list[Account]:
    """Accounts that each show one rule."""
    first, second, third = date(2024, 3, 4), date(2024, 3, 5), date(2024, 3, 6)
    large, tiny = D("99999999999999.1234567891"), D("0.0000000007")
    return [
        _xirr_example(),
        Account("GONE", {date(2023, 1, 2): D(1000), date(2024, 1, 2): D(1)}),
        Account("HOLE", {first: D(100), second: D(110), date(2024, 5, 6): D(120), date(2024, 5, 7): D(132)},
                holes={date(2024, 5, 6)}),
        Account("BLIND", {first: D(100), second: D(110)}, sections=("EquitySummaryInBase",)),
        Account("FRESH", {first: D(1010), second: D(1111)}, [(first, D(1000))], starts_from_nothing=True),
        Account("WIPED", {first: D(100), second: D(0), third: D(0)}),
        Account("BIG", {first: large, second: large * D("1.01")}, [(second, large)]),
        Account("TINY", {first: tiny, second: tiny * 2}, [(second, tiny)]),
    ]  # fmt: skip
