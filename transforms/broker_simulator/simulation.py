"""Runs the two accounts through the simulated days; the result is their true books and any document about
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from transforms.broker_simulator import events as ev
from transforms.broker_simulator.books import TrueBooks
from transforms.broker_simulator.calendars import business_days, day_range, last_day_of_month
from transforms.broker_simulator.desk import Desk
from transforms.broker_simulator.documents import Document, StatementSource
from transforms.broker_simulator.ledger import Ledger, at_time
from transforms.broker_simulator.life import (
    COMMISSION_DAY,
    CORRECTION_DAY,
    FIRST_REPORTED,
    Script,
    Teller,
    corporate_actions,
    dividends,
    prepare,
    wander,
)
from transforms.broker_simulator.market import Market
from transforms.broker_simulator.plain_trades import PlainTrades
from transforms.broker_simulator.portfolio_analyst import CONSOLIDATED, PortfolioAnalyst
from transforms.broker_simulator.scripts import dollar_account, euro_account
from transforms.broker_simulator.servicing import Servicing
from transforms.broker_simulator.text_document import TextDocument

ACCOUNTS = (
    ev.Account("U1000001", "EUR", "IB-IE", 20_000_000_000),
    ev.Account("U2000002", "USD", "IBLLC-US", 40_000_000_000),
)
_SCRIPTS = {"U1000001": euro_account, "U2000002": dollar_account}


class Simulation:
    """Two simulated accounts: `books` is the truth, `documents` and `document` are what the broker tells of
    it.
    """

    def __init__(self, seed: int, years: int, extra_trades: int, start: date) -> None:
        self.seed = seed
        self.days = business_days(start, years)
        self.accounts = [account.account_id for account in ACCOUNTS]
        self._market = Market(seed, self.days)
        prepare(self._market)
        self._plain = PlainTrades(seed, extra_trades // 2, tuple(self.accounts), self._market)
        self._truth = self._live_all({})
        self.books = TrueBooks(self._truth)

    @cached_property
    def _first_told(self) -> dict[str, Ledger]:
        """The books as the broker saw them before it noticed its mistakes."""
        return self._live_all(dict(FIRST_REPORTED))

    @property
    def corrected_at(self) -> datetime:
        """Documents generated before this moment tell the facts that were corrected later."""
        return at_time(self.days[max(len(self.days) - 1 - CORRECTION_DAY, 0)], 3, 0)

    def _live_all(self, first_reported: dict[str, object]) -> dict[str, Ledger]:
        figures = {tag: FIRST_REPORTED[tag] for tag in first_reported}
        return {
            account.account_id: _live(
                Desk(Ledger(account, self._market), self.seed, figures),
                _SCRIPTS[account.account_id](self._market),
                self._plain,
            )
            for account in ACCOUNTS
        }

    def document(
        self,
        accounts: Iterable[str],
        start: date,
        end: date,
        when_generated: datetime,
        query_name: str = "tieout",
        period: str = "",
        file_name: str = "",
    ) -> Document:
        """The document that the broker would have given on `when_generated` about any calendar days [start,
        end].

        Raises ValueError if an account is unknown or the period holds no business day of the simulation.
        """
        ids = self._known(accounts, start, end)
        sources = [
            StatementSource(
                self._as_known(account, end, when_generated), self._plain, start, end, when_generated, period
            )
            for account in ids
        ]
        name = file_name or f"{'_'.join(ids)}_{start:%Y%m%d}_{end:%Y%m%d}.xml"
        return Document(name, query_name, tuple(sources))

    def portfolio_analyst(
        self, accounts: Iterable[str], start: date, end: date, when_generated: datetime, file_name: str = ""
    ) -> PortfolioAnalyst:
        """The PortfolioAnalyst CSV about calendar days [start, end]; several accounts come consolidated.

        Amounts are in the first account's base currency. Raises ValueError as `document` does.
        """
        ids = self._known(accounts, start, end)
        ledgers = tuple(self._as_known(account, end, when_generated) for account in ids)
        owner = ids[0] if len(ids) == 1 else CONSOLIDATED
        name = file_name or f"{owner}_{start:%Y%m%d}_{end:%Y%m%d}_portfolio_analyst.csv"
        return PortfolioAnalyst(name, ledgers, ledgers[0].account.base, start, end)

    def analyses(self) -> Iterator[PortfolioAnalyst]:
        """One PortfolioAnalyst CSV per account about its whole life, generated when all corrections are
        known.
        """
        generated = at_time(self.days[-1] + timedelta(7), 6, 0)
        for account in self.accounts:
            name = f"{account}_portfolio_analyst.csv"
            yield self.portfolio_analyst([account], self.days[0], self.days[-1], generated, name)

    def _known(self, accounts: Iterable[str], start: date, end: date) -> list[str]:
        ids = list(accounts)
        unknown = sorted(set(ids) - set(self.accounts))
        if unknown or not ids:
            named = ", ".join(unknown) or "none given"
            raise ValueError(f"no such account: {named}; there are {', '.join(self.accounts)}")
        if not day_range(self.days, start, end):
            raise ValueError(f"no simulated business day in {start} to {end}")
        return ids

    def _as_known(self, account: str, end: date, when_generated: datetime) -> Ledger:
        first_mistake = self.days[max(len(self.days) - 1 - COMMISSION_DAY, 0)]
        too_early = when_generated < self.corrected_at
        return self._first_told[account] if too_early and end >= first_mistake else self._truth[account]

    def documents(self) -> Iterator[Document]:
        """The usual set: a yearly, all monthly and (last quarter) daily documents per account, and one with
        both.
        """
        last = self.days[-1]
        for account in self.accounts:
            for year in sorted({day.year for day in self.days}):
                first, final = date(year, 1, 1), min(date(year, 12, 31), last)
                yield self._usual(account, first, final, f"{year}", 5, "")
                for month in sorted({day.month for day in self.days if day.year == year}):
                    first, final = date(year, month, 1), last_day_of_month(year, month)
                    yield self._usual(account, first, final, f"{first:%Y-%m}", 3, "LastMonth")
            for day in self.days:
                if (day.year, (day.month - 1) // 3) == (last.year, (last.month - 1) // 3):
                    yield self._usual(account, day, day, f"{day:%Y%m%d}", 1, "LastBusinessDay")
        generated = at_time(date(last.year, 12, 31) + timedelta(6), 5, 12, 40)
        name = f"both_accounts_{last.year}.xml"
        yield self.document(self.accounts, date(last.year, 1, 1), last, generated, file_name=name)

    def _usual(self, account: str, start: date, end: date, label: str, wait: int, period: str) -> Document:
        """A document generated `wait` calendar days after its period; the longer the period, the later in
        the night.
        """
        generated = at_time(end + timedelta(wait), 3 + wait // 2, 10 + wait, 27)
        return self.document(
            [account], start, end, generated, period=period, file_name=f"{account}_{label}.xml"
        )

    def write(self, folder: Path) -> list[Path]:
        """Write the usual documents into a folder, which is made if it is missing; returns their paths."""
        return _write_all(self.documents(), folder)

    def write_analyses(self, folder: Path) -> list[Path]:
        """Write the accounts' PortfolioAnalyst CSVs into a folder likewise."""
        return _write_all(self.analyses(), folder)


def _write_all(documents: Iterable[TextDocument], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for document in documents:
        path = folder / document.file_name
        document.write(path)
        paths.append(path)
    return paths


def _live(desk: Desk, script: Script, plain: PlainTrades) -> Ledger:
    """Run one account through all days: what the day brings, what its script does, a wandering trade, the
    close.
    """
    ledger, market = desk.ledger, desk.market
    teller = Teller(desk, Servicing(ledger, desk.first_reported))
    paying, acting = dividends(market), corporate_actions(market)
    for day in range(len(market.days)):
        ledger.open_day()
        for action in acting.get(day, ()):
            action(teller)
        for dividend in paying.get(day, ()):
            teller.servicing.go_ex(dividend)
        desk.settle_futures()
        teller.servicing.interest()
        teller.servicing.pay_dividends()
        for action in script.actions.get(day, ()):
            action(teller)
        if day > 15:
            wander(teller)
        plain.book(ledger)
        ledger.close_day()
    return ledger


def simulate(
    seed: int = 7, years: int = 3, extra_trades: int = 0, start: date = date(2023, 1, 2)
) -> Simulation:
    """Simulate the two accounts for `years` years from `start`, with `extra_trades` plain day trades on top.

    Pure: no clock, no network, no environment; the same arguments give the same bytes on any machine. Raises
    ValueError for fewer than one year or a negative number of trades.
    """
    if years < 1 or extra_trades < 0:
        raise ValueError("years must be at least 1 and extra_trades must not be negative")
    return Simulation(seed, years, extra_trades, start)
