"""The PortfolioAnalyst CSV about one account, or several together: sections, layouts and roundings of that file.

What it tells of is worked out in `analysis_days`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from transforms.broker_simulator.analysis_days import (
    AnalysisDay,
    analysis_days,
    cash_rows,
    chained,
    change_of,
    transfer_rows,
)
from transforms.broker_simulator.csv_text import csv_line, long_day, two_places
from transforms.broker_simulator.events import CashRow
from transforms.broker_simulator.ledger import NAV_PARTS, Ledger
from transforms.broker_simulator.money import ZERO, cents, text, total
from transforms.broker_simulator.rows_positions import shown_value
from transforms.broker_simulator.text_document import TextDocument

CONSOLIDATED = "Consolidated"
_CLASSES = {
    "stock": "Equities",
    "options": "Options",
    "bonds": "Fixed Income",
    "cash": "Cash",
    "dividendAccruals": "Dividend Accruals",
    "interestAccruals": "Interest Accruals",
}
_FLOWS = ("depositsWithdrawals", "assetTransfers")
_FEES = ("commissions", "forexCommissions", "otherFees", "transactionTax")
# everything else of the change in NAV is Other
_NAMED = ("mtm", *_FLOWS, "dividends", "interest", *_FEES)
_INSTRUMENTS = {"OPT": "Options", "FUT": "Futures", "BOND": "Bonds"}
_YEARS = (1, 3, 5)


@dataclass(frozen=True)
class PortfolioAnalyst(TextDocument):
    """An analysis of the days [start, end] with daily time-weighted returns, amounts in `base`, 2 places.

    Dates are `YYYYMMDD` in the statistics, allocations, dividends and fees, `MM/DD/YY` in the returns and
    deposits, `MM/DD/YYYY` in the positions, as in the real file. Dividends, Interest and Fees count what was
    paid; withholding tax, accruals and exchange rates stand in Other; Deposits hold transfers too.
    """

    ledgers: tuple[Ledger, ...]
    base: str
    start: date
    end: date

    @property
    def account(self) -> str:
        """The account's id, or `Consolidated` for several."""
        return self.ledgers[0].account.account_id if len(self.ledgers) == 1 else CONSOLIDATED

    def lines(self) -> Iterator[str]:
        """The document's lines, without line ends."""
        days = analysis_days(self.ledgers, self.base, self.start, self.end)
        yield from self._introduction()
        yield from self._key_statistics(days)
        yield from self._historical(days)
        yield from _returns("Time Period Performance Statistics", self.account, days, _day_return)
        yield from _returns("Cumulative Performance Statistics", self.account, days, _Cumulative())
        yield from _allocation(days)
        yield from self._open_positions(days[-1])
        yield from self._movements(days)

    def _introduction(self) -> Iterator[str]:
        period = f"{long_day(self.start)} to {long_day(self.end)} (Daily)"
        columns = ("Name", "Account", "Alias", "BaseCurrency", "AccountType", "AnalysisPeriod")
        yield _header("Introduction", (*columns, "PerformanceMeasure"))
        yield _data("Introduction", ("", self.account, "", self.base, "Individual", period, "TWR"))

    def _key_statistics(self, days: Sequence[AnalysisDay]) -> Iterator[str]:
        section = "Key Statistics"
        period = f"{long_day(self.start)} - {long_day(self.end)}"
        yield csv_line((section, "MetaInfo", "Analysis Period", period))
        yield _header(
            section,
            (
                *("BeginningNAV", "EndingNAV", "CumulativeReturn", "5DayReturn", "5DayReturnDateRange"),
                *("10DayReturn", "10DayReturnDateRange", "BestReturn", "BestReturnDate", "WorstReturn"),
                *("WorstReturnDate", "MTM", "Deposits & Withdrawals", "Dividends", "Interest"),
                *("Fees & Commissions", "Other", "ChangeInNAV"),
            ),
        )
        ranked = sorted((day for day in days if day.twr is not None), key=lambda day: (day.twr, day.day))
        best, worst = (_extreme(ranked[-1:]), _extreme(ranked[:1]))
        change = days[-1].nav - days[0].before
        parts = (
            change_of(days, ("mtm",)),
            change_of(days, _FLOWS),
            change_of(days, ("dividends",)),
            change_of(days, ("interest",)),
            change_of(days, _FEES),
            change - change_of(days, _NAMED),
            change,
        )
        navs = (two_places(days[0].before), two_places(days[-1].nav), _percent(chained(days)))
        ranges = (*_last_days(days, 5), *_last_days(days, 10))
        yield _data(section, (*navs, *ranges, *best, *worst, *map(two_places, parts)))

    def _historical(self, days: Sequence[AnalysisDay]) -> Iterator[str]:
        section = "Historical Performance"
        yield _header(
            section, ("Account", "MTD", "QTD", "YTD", *(f"{n} Year" for n in _YEARS), "Since Inception")
        )
        last = days[-1].day
        to_date = (_month, _quarter, _year)
        so_far = [_percent(chained(d for d in days if name(d.day) == name(last))) for name in to_date]
        longer = []
        for years in _YEARS:
            leap_day = (last.month, last.day) == (2, 29)
            since = last.replace(year=last.year - years, day=28 if leap_day else last.day)
            known = self.ledgers[0].market.days[0] <= since and self.start <= since
            longer.append(_percent(chained(d for d in days if d.day > since)) if known else "-")
        yield _data(section, (self.account, *so_far, *longer, _percent(chained(days))))
        for label, name in (("Month", _month), ("Quarter", _quarter), ("Year", _year)):
            yield _header(section, (label, "Account", "AccountReturn"))
            named = [(name(day.day), day) for day in days]
            for period, group in groupby(named, lambda pair: pair[0]):
                yield _data(section, (period, self.account, _percent(chained(day for _, day in group))))

    def _open_positions(self, last: AnalysisDay) -> Iterator[str]:
        section = "Open Position Summary"
        rows: dict[tuple[str, str], list[tuple[tuple[str, ...], tuple[Decimal, Decimal]]]] = {}
        market = self.ledgers[0].market
        index = market.days.index(last.day)
        for ledger in self.ledgers:
            close = ledger.closes[index]
            for conid, held in close.held.items():
                instrument = held.instrument
                kind = _INSTRUMENTS.get(instrument.category) or (
                    "ETFs" if instrument.sub_category == "ETF" else "Stocks"
                )
                value, cost = shown_value(held), total(lot.cost for lot in close.lots[conid])
                cells = (
                    *(f"{last.day:%m/%d/%Y}", kind, instrument.currency, instrument.symbol),
                    *(instrument.description, "", text(held.quantity), text(held.price)),
                    *map(two_places, (value, cost, value - cost)),
                    text(market.rate(instrument.currency, self.base, index)),
                )
                rows.setdefault((kind, instrument.currency), []).append((cells, (value, cost)))
        if not rows:
            return
        columns = ("Date", "FinancialInstrument", "Currency", "Symbol", "Description", "Sector", "Quantity")
        money = ("ClosePrice", "Value", "Cost Basis", "UnrealizedP&L", "FXRateToBase")
        yield _header(section, (*columns, *money))
        for (kind, currency), own in sorted(rows.items()):
            yield from (_data(section, cells) for cells, _ in own)
            value, cost = (total(figures[n] for _, figures in own) for n in (0, 1))
            sums = map(two_places, (value, cost, value - cost))
            # the real file ends this row one cell early
            yield _data(section, ("Total", kind, currency, "", "", "", "", "", *sums))

    def _movements(self, days: Sequence[AnalysisDay]) -> Iterator[str]:
        moved = cash_rows(self.ledgers, self.base, days)
        market_days = self.ledgers[0].market.days
        deposits = [
            (
                market_days[row.day],
                account,
                "Deposit" if amount > 0 else "Withdrawal",
                row.description,
                amount,
            )
            for row, account, amount in moved
            if row.kind == "Deposits/Withdrawals"
        ]
        deposits += [
            (day, account, kind, told, amount)
            for day, account, kind, told, amount in transfer_rows(self.ledgers, self.base, days)
        ]
        yield from _table(
            "Deposits And Withdrawals",
            ("Date", "Account", "Type", "Description", "Amount"),
            (
                (f"{day:%m/%d/%y}", account, kind, told, f"{cents(amount):,.2f}")
                for day, account, kind, told, amount in sorted(deposits)
            ),
        )
        paid = [of for of in moved if of[0].kind in ("Dividends", "Payment In Lieu Of Dividends")]
        yield from _table(
            "Dividends",
            ("PayDate", "Ex-Date", "Symbol", "Quantity", "DividendPerShare", "Amount"),
            (_dividend(row, amount) for row, _, amount in paid),
        )
        interest = [of for of in moved if "Interest" in of[0].kind]
        fees = [of for of in moved if of[0].kind == "Other Fees"]
        for section, own in (("Interest Details", interest), ("Fee Summary", fees)):
            booked = [(f"{market_days[row.day]:%Y%m%d}", row.description, amount) for row, _, amount in own]
            lines = [(day, told, two_places(amount)) for day, told, amount in booked]
            if lines:
                lines.append(("Total", "", two_places(total(amount for *_, amount in booked))))
            yield from _table(section, ("Date", "Description", "Amount"), lines)


class _Cumulative:
    """The return from the first day asked for to this one."""

    def __init__(self) -> None:
        self._growth = Decimal(1)

    def __call__(self, day: AnalysisDay) -> Decimal:
        self._growth *= 1 + (day.twr or ZERO)
        return self._growth - 1


def _day_return(day: AnalysisDay) -> Decimal:
    return day.twr or ZERO


def _returns(
    section: str, account: str, days: Iterable[AnalysisDay], of_day: Callable[[AnalysisDay], Decimal]
) -> Iterator[str]:
    yield from _table(
        section,
        ("Date", "Account", "Return"),
        ((f"{day.day:%m/%d/%y}", account, _percent(of_day(day))) for day in days),
    )


def _allocation(days: Sequence[AnalysisDay]) -> Iterator[str]:
    """NAV by asset class and day; classes that were never held have no column."""
    used = [part for part in NAV_PARTS if any(day.parts[part] for day in days)]
    used = [part for part in _CLASSES if part in used]
    yield from _table(
        "Allocation by Asset Class",
        ("Date", *(_CLASSES[part] for part in used), "NAV"),
        (
            (f"{day.day:%Y%m%d}", *(two_places(day.parts[part]) for part in used), two_places(day.nav))
            for day in days
        ),
    )


def _dividend(row: CashRow, amount: Decimal) -> tuple[str, ...]:
    ex_date = f"{row.ex_date:%Y%m%d}" if row.ex_date else "-"
    symbol = row.instrument.symbol if row.instrument else "-"
    return (f"{row.settles:%Y%m%d}", ex_date, symbol, "-", "-", two_places(amount))


def _table(section: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    first = True
    for cells in rows:
        if first:
            yield _header(section, columns)
            first = False
        yield _data(section, cells)


def _header(section: str, columns: Iterable[str]) -> str:
    return csv_line((section, "Header", *columns))


def _data(section: str, cells: Iterable[str]) -> str:
    return csv_line((section, "Data", *cells))


def _percent(fraction: Decimal) -> str:
    return two_places(fraction * 100)


def _extreme(days: Sequence[AnalysisDay]) -> tuple[str, str]:
    """The return and the date of the one day given; blanks without one."""
    return (_percent(days[0].twr or ZERO), f"{days[0].day:%Y%m%d}") if days else ("-", "-")


def _last_days(days: Sequence[AnalysisDay], count: int) -> tuple[str, str]:
    """The return of the last days and their range; blanks where the period is shorter."""
    if len(days) < count:
        return "-", "-"
    own = days[-count:]
    return _percent(chained(own)), f"{own[0].day:%Y%m%d} - {own[-1].day:%Y%m%d}"


def _month(day: date) -> str:
    return f"{day:%Y%m}"


def _quarter(day: date) -> str:
    return f"{day.year}Q{(day.month + 2) // 3}"


def _year(day: date) -> str:
    return f"{day.year}"
