"""The sections and columns of PortfolioAnalyst CSV that are known, as facts. No reading here.

Names as public files and importers show them. A name that stands here twice has several tables under one section.
Asset classes and benchmarks are columns too, and vary by account: their sections have `ANY` column.
"""

from __future__ import annotations

from typing import Final

PREFIX: Final = "PA."
"""What raw sections of this kind of document begin with, so that none is taken for a section of Flex."""

INTRODUCTION: Final = "Introduction"
KEY_STATISTICS: Final = "Key Statistics"
HISTORICAL: Final = "Historical Performance"
HISTORICAL_WITH_BENCHMARKS: Final = "Historical Performance Benchmark Comparison"
DAILY_RETURNS: Final = "Time Period Performance Statistics"
CUMULATIVE_RETURNS: Final = "Cumulative Performance Statistics"
ALLOCATION: Final = "Allocation by Asset Class"
DEPOSITS: Final = "Deposits And Withdrawals"
FEES: Final = "Fee Summary"
BY_SYMBOL: Final = "Performance by Symbol"
OPEN_POSITIONS: Final = "Open Position Summary"

META: Final = "MetaInfo"
"""Lines of this kind stand in other sections; their rows make one of their own."""

ANY: Final = "*"

_ALLOCATED = ("Ending NAV", "Ending %", "MTD NAV", "MTD %", "QTD NAV", "QTD %", "YTD NAV", "YTD %")
_TO_DATE = ("Account", "MTD", "QTD", "YTD", "1 Year", "3 Year", "5 Year", "Since Inception")
_PERIODS = ("Month", "Quarter", "Year", "Account", "AccountReturn")

KNOWN: Final[dict[str, frozenset[str]]] = {
    INTRODUCTION: frozenset(
        {"Name", "Account", "Alias", "BaseCurrency", "AccountType", "AnalysisPeriod", "PerformanceMeasure"}
    ),
    KEY_STATISTICS: frozenset(
        {
            *("BeginningNAV", "EndingNAV", "CumulativeReturn", "5DayReturn"),
            *("5DayReturnDateRange", "10DayReturn", "10DayReturnDateRange", "BestReturn", "BestReturnDate"),
            *("WorstReturn", "WorstReturnDate", "MTM", "Deposits & Withdrawals", "Dividends", "Interest"),
            *("Fees & Commissions", "Other", "ChangeInNAV"),
        }
    ),
    HISTORICAL: frozenset({*_TO_DATE, *_PERIODS}),
    HISTORICAL_WITH_BENCHMARKS: frozenset(
        {*_TO_DATE, *_PERIODS, *(f"BM{n}{kind}" for n in (1, 2, 3) for kind in ("", "Return"))}
    ),
    META: frozenset({"Section", "Name", "Value"}),
    DAILY_RETURNS: frozenset({"Date", "Account", "Return"}),
    CUMULATIVE_RETURNS: frozenset({"Date", "Account", "Return"}),
    ALLOCATION: frozenset({"Date", "NAV", ANY}),
    "Allocation and Performance by Sector": frozenset({"Allocation by Sector", *_ALLOCATED}),
    "Allocation and Performance by Region": frozenset({"Allocation by Region", *_ALLOCATED}),
    BY_SYMBOL: frozenset(
        {
            *("Symbol", "Description", "FinancialInstrument", "Sector", "AvgWeight", "Return"),
            *("Contribution", "Unrealized_P&L", "Realized_P&L", "Open"),
        }
    ),
    OPEN_POSITIONS: frozenset(
        {
            *("Date", "FinancialInstrument", "Currency", "Symbol", "Description", "Sector", "Quantity"),
            *("ClosePrice", "Value", "Cost Basis", "UnrealizedP&L", "FXRateToBase"),
        }
    ),
    DEPOSITS: frozenset({"Date", "Account", "Type", "Description", "Amount"}),
    "Dividends": frozenset(
        {
            *("PayDate", "Ex-Date", "Account", "Symbol", "Note", "Quantity", "DividendPerShare", "Amount"),
        }
    ),
    "Interest Details": frozenset({"Date", "Account", "Description", "Amount"}),
    FEES: frozenset({"Date", "Account", "Description", "Amount"}),
    "Projected Income": frozenset(
        {
            *("Financial Inst.", "Symbol", "Description", "Frequency", "Quantity", "Price", "Value"),
            *("Current Yield (%)", "Principal", "Est. Annual Income", ANY),
        }
    ),
    "Trade Summary": frozenset(
        {
            *("Financial Instrument", "Currency", "Symbol", "Description", "Sector", "Quantity Bought"),
            *("Average Price Bought", "Proceeds Bought", "Quantity Sold", "Average Price Sold"),
            *("Proceeds Sold",),
        }
    ),
}
"""Section -> columns known there."""


def raw_section(section: str) -> str:
    """The name of the section's rows in the raw layer."""
    return PREFIX + section


def unknown_columns(section: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a section that are not known; all of them where the section is not."""
    known = KNOWN.get(section, frozenset())
    return () if ANY in known else tuple(name for name in columns if name not in known)
