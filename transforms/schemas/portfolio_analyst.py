"""Contracts of what PortfolioAnalyst says: an oracle that our books are held against; only its sectors are used."""

from __future__ import annotations

from typing import Final

from transforms.schemas import common_fields as common
from transforms.schemas.contract import Field, TableContract, table

_PERCENT: Final = "percent"

_ANALYSIS: Final[tuple[Field, ...]] = (
    Field(
        "account_id",
        "id",
        "Account that the analysis is of; Consolidated for several together.",
        nullable=False,
    ),
    Field("period_start_date", "date", "First day of the analysed period."),
    Field("period_end_date", "date", "Last day of the analysed period."),
    Field("base_currency", "text", "Currency of the analysis's amounts."),
)
"""What every row of an analysis bears. The file has no time of its own: which of two is newer, it does not say."""


def _money(name: str, column: str, description: str) -> Field:
    return Field(name, "exact", description, (column,), common.BASE)


def _percent(name: str, column: str, description: str) -> Field:
    return Field(name, "exact", description, (column,), _PERCENT)


PORTFOLIO_ANALYST_KEY_STATISTICS: Final[TableContract] = table(
    "portfolio_analyst_key_statistics",
    "Key statistics of each PortfolioAnalyst document: value before and after, what changed it, return.",
    ("document_id", "row_ordinal"),
    (
        *_ANALYSIS,
        Field("performance_measure", "text", "How the returns are measured (TWR or MWR)."),
        _money("beginning_nav", "BeginningNAV", "Net asset value before the period."),
        _money("ending_nav", "EndingNAV", "Net asset value at the end of the period."),
        _percent("cumulative_return_percent", "CumulativeReturn", "Return of the whole period."),
        _percent("five_day_return_percent", "5DayReturn", "Return of the last five days."),
        _percent("ten_day_return_percent", "10DayReturn", "Return of the last ten days."),
        _percent("best_return_percent", "BestReturn", "Return of the best day."),
        Field("best_return_date", "date", "The best day.", ("BestReturnDate",)),
        _percent("worst_return_percent", "WorstReturn", "Return of the worst day."),
        Field("worst_return_date", "date", "The worst day.", ("WorstReturnDate",)),
        _money("mtm", "MTM", "Mark-to-market result."),
        _money("deposits_withdrawals", "Deposits & Withdrawals", "External flows, transfers included."),
        _money("dividends", "Dividends", "Dividends."),
        _money("interest", "Interest", "Interest."),
        _money("fees_commissions", "Fees & Commissions", "Fees and commissions."),
        _money("other", "Other", "Everything else that changed the net asset value."),
        _money("change_in_nav", "ChangeInNAV", "Change of the net asset value."),
    ),
)

PORTFOLIO_ANALYST_PERFORMANCE: Final[TableContract] = table(
    "portfolio_analyst_performance",
    "Returns that PortfolioAnalyst prints, of the account and of benchmarks: to date, by month, quarter and year, "
    "by day, and from the first day to each.",
    ("document_id", "section", "row_ordinal", "subject", "period_label"),
    (
        *_ANALYSIS,
        Field("subject", "text", "What returned: an account, Consolidated, or a benchmark.", nullable=False),
        Field(
            "is_account", "boolean", "The subject is what the analysis is of, no benchmark.", nullable=False
        ),
        Field(
            "period_kind",
            "text",
            "Kind of period: to_date, month, quarter, year, day, or cumulative.",
            nullable=False,
            allowed=("to_date", "month", "quarter", "year", "day", "cumulative"),
        ),
        Field(
            "period_label", "text", "The period in the file's words (MTD, 202601, 01/05/23).", nullable=False
        ),
        Field("month_date", "date", "First day of the month, where the period is one."),
        Field("day_date", "date", "The day, where the period is or ends with one."),
        _percent("return_percent", "Return", "Return of the period."),
    ),
)

PORTFOLIO_ANALYST_ALLOCATION: Final[TableContract] = table(
    "portfolio_analyst_allocation",
    "Net asset value by day and asset class, in the words of PortfolioAnalyst, with the day's total.",
    ("document_id", "row_ordinal", "asset_class"),
    (
        *_ANALYSIS,
        Field("allocation_date", "date", "Day of the value.", ("Date",)),
        Field("asset_class", "text", "Asset class as the file names it; NAV for the total.", nullable=False),
        Field("is_total", "boolean", "The value is the day's net asset value.", nullable=False),
        _money("market_value", "Value", "Value at the end of the day."),
    ),
)

PORTFOLIO_ANALYST_DEPOSITS: Final[TableContract] = table(
    "portfolio_analyst_deposits",
    "Deposits, withdrawals and transfers that PortfolioAnalyst lists, with its rows of sums.",
    ("document_id", "row_ordinal"),
    (
        *_ANALYSIS,
        Field("deposit_date", "date", "Day; none in a row of sums.", ("Date",)),
        Field("flow_account_id", "text", "Account that the money came to or left.", ("Account",)),
        Field("flow_type", "text", "Kind of flow, in the file's words.", ("Type",)),
        Field("description", "text", "Description.", ("Description",)),
        _money("amount", "Amount", "Amount, positive into the account."),
        Field("is_total", "boolean", "The row is a sum of others.", nullable=False),
    ),
)

PORTFOLIO_ANALYST_FEES: Final[TableContract] = table(
    "portfolio_analyst_fees",
    "Fees that PortfolioAnalyst lists, with its rows of sums; commissions are not among them.",
    ("document_id", "row_ordinal"),
    (
        *_ANALYSIS,
        Field("fee_date", "date", "Day; none in a row of sums.", ("Date",)),
        Field("description", "text", "Description.", ("Description",)),
        _money("amount", "Amount", "Amount, negative where it was paid."),
        Field("is_total", "boolean", "The row is a sum of others.", nullable=False),
    ),
)

PORTFOLIO_ANALYST_SECTORS: Final[TableContract] = table(
    "portfolio_analyst_sectors",
    "Sector of each symbol in the words of PortfolioAnalyst, from its lists of symbols and of open positions. No other "
    "document of the broker names a sector.",
    ("document_id", "section", "row_ordinal"),
    (
        *_ANALYSIS,
        Field("symbol", "text", "Symbol; none in most rows of sums.", ("Symbol",)),
        Field("description", "text", "Description.", ("Description",)),
        Field(
            "instrument_kind", "text", "Kind of instrument, in the file's words.", ("FinancialInstrument",)
        ),
        Field("sector", "text", "Sector, in the file's words; none in rows of sums.", ("Sector",)),
    ),
)
