"""The canonical contracts, one per clean table. Reading raw rows into them is transforms/clean."""

from __future__ import annotations

from typing import Final

from transforms.schemas.agreement import SOURCE_AGREEMENTS
from transforms.schemas.benchmark import BENCHMARK_PRICES
from transforms.schemas.cash import CASH_BALANCES, CASH_TRANSACTIONS, STATEMENT_OF_FUNDS
from transforms.schemas.charges import (
    CFD_CHARGES,
    CLIENT_FEE_DETAILS,
    CLIENT_FEES,
    DEBIT_CARD_ACTIVITIES,
    SALES_TAXES,
    TRANSACTION_TAXES,
)
from transforms.schemas.contract import EXACT, INSTANT, LINEAGE, ContractError, Field, TableContract
from transforms.schemas.currencies import FX_POSITIONS, FX_TRANSACTIONS
from transforms.schemas.features import LOT_BALANCES, LOT_ISSUES, TAX_LOTS
from transforms.schemas.holdings import (
    CORPORATE_ACTIONS,
    DIVIDEND_ACCRUAL_CHANGES,
    DIVIDEND_ACCRUALS,
    FIFO_PERFORMANCE,
    POSITION_LOTS,
    POSITION_MARKS,
    POSITIONS,
    TRANSFERS,
)
from transforms.schemas.interest import INTEREST_ACCRUALS, INTEREST_DETAILS
from transforms.schemas.intraday import (
    ACCOUNT_SNAPSHOT,
    EXECUTION_INTRADAY,
    PNL_SNAPSHOT,
    POSITION_SNAPSHOT,
)
from transforms.schemas.lending import BORROW_FEES, SLB_ACTIVITIES, SLB_FEES, SLB_OPEN_CONTRACTS
from transforms.schemas.performance import MTM_PERFORMANCE, POSITION_VALUE_CHANGES
from transforms.schemas.portfolio_analyst import (
    PORTFOLIO_ANALYST_ALLOCATION,
    PORTFOLIO_ANALYST_DEPOSITS,
    PORTFOLIO_ANALYST_FEES,
    PORTFOLIO_ANALYST_KEY_STATISTICS,
    PORTFOLIO_ANALYST_PERFORMANCE,
    PORTFOLIO_ANALYST_SECTORS,
)
from transforms.schemas.reference import (
    ACCOUNTS,
    CLEAN_ISSUES,
    DOCUMENT_SECTIONS,
    DOCUMENTS,
    INSTRUMENTS,
    STATEMENT_SECTIONS,
    STATEMENTS,
)
from transforms.schemas.restatements import CLEAN_RESTATEMENTS
from transforms.schemas.trade_events import OPTION_EVENTS, TRADE_CONFIRMATIONS, WASH_SALES
from transforms.schemas.trading import CLOSED_LOTS, TRADES
from transforms.schemas.valuation import CHANGE_IN_NAV, FX_RATES, NAV_DAILY

CONTRACTS: Final[dict[str, TableContract]] = {
    contract.name: contract
    for contract in (
        STATEMENTS,
        STATEMENT_SECTIONS,
        ACCOUNTS,
        INSTRUMENTS,
        TRADES,
        CLOSED_LOTS,
        POSITIONS,
        CASH_TRANSACTIONS,
        CASH_BALANCES,
        STATEMENT_OF_FUNDS,
        NAV_DAILY,
        CHANGE_IN_NAV,
        FX_RATES,
        CORPORATE_ACTIONS,
        TRANSFERS,
        POSITION_MARKS,
        FIFO_PERFORMANCE,
        DIVIDEND_ACCRUALS,
        MTM_PERFORMANCE,
        POSITION_VALUE_CHANGES,
        INTEREST_ACCRUALS,
        INTEREST_DETAILS,
        OPTION_EVENTS,
        TRADE_CONFIRMATIONS,
        WASH_SALES,
        TRANSACTION_TAXES,
        SALES_TAXES,
        CLIENT_FEES,
        CLIENT_FEE_DETAILS,
        CFD_CHARGES,
        DEBIT_CARD_ACTIVITIES,
        SLB_ACTIVITIES,
        SLB_FEES,
        SLB_OPEN_CONTRACTS,
        BORROW_FEES,
        FX_POSITIONS,
        FX_TRANSACTIONS,
        POSITION_LOTS,
        DIVIDEND_ACCRUAL_CHANGES,
        SOURCE_AGREEMENTS,
        PORTFOLIO_ANALYST_KEY_STATISTICS,
        PORTFOLIO_ANALYST_PERFORMANCE,
        PORTFOLIO_ANALYST_ALLOCATION,
        PORTFOLIO_ANALYST_DEPOSITS,
        PORTFOLIO_ANALYST_FEES,
        PORTFOLIO_ANALYST_SECTORS,
        ACCOUNT_SNAPSHOT,
        POSITION_SNAPSHOT,
        PNL_SNAPSHOT,
        EXECUTION_INTRADAY,
    )
}
"""Contracts of the clean tables, by name."""

RAW_FACTS: Final[dict[str, TableContract]] = {
    contract.name: contract
    for contract in (DOCUMENTS, DOCUMENT_SECTIONS, CLEAN_ISSUES, CLEAN_RESTATEMENTS, BENCHMARK_PRICES)
}
"""Contracts of what is written beside the clean tables: facts about documents, and the benchmark's closes."""

FEATURES: Final[dict[str, TableContract]] = {
    contract.name: contract for contract in (TAX_LOTS, LOT_BALANCES, LOT_ISSUES)
}
"""Contracts of the tables that are derived from the clean ones, by name."""

__all__ = [
    "CONTRACTS",
    "EXACT",
    "FEATURES",
    "INSTANT",
    "LINEAGE",
    "RAW_FACTS",
    "ContractError",
    "Field",
    "TableContract",
]
