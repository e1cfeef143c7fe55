"""The canonical contracts, one per clean table. Reading raw rows into them is transforms/clean."""

from __future__ import annotations

from typing import Final

from transforms.schemas.cash import CASH_BALANCES, CASH_TRANSACTIONS, STATEMENT_OF_FUNDS
from transforms.schemas.contract import EXACT, INSTANT, LINEAGE, ContractError, Field, TableContract
from transforms.schemas.holdings import (
    CORPORATE_ACTIONS,
    DIVIDEND_ACCRUALS,
    FIFO_PERFORMANCE,
    POSITION_MARKS,
    POSITIONS,
    TRANSFERS,
)
from transforms.schemas.portfolio_analyst import (
    PORTFOLIO_ANALYST_ALLOCATION,
    PORTFOLIO_ANALYST_DEPOSITS,
    PORTFOLIO_ANALYST_FEES,
    PORTFOLIO_ANALYST_KEY_STATISTICS,
    PORTFOLIO_ANALYST_PERFORMANCE,
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
        PORTFOLIO_ANALYST_KEY_STATISTICS,
        PORTFOLIO_ANALYST_PERFORMANCE,
        PORTFOLIO_ANALYST_ALLOCATION,
        PORTFOLIO_ANALYST_DEPOSITS,
        PORTFOLIO_ANALYST_FEES,
    )
}
"""Contracts of the clean tables, by name."""

RAW_FACTS: Final[dict[str, TableContract]] = {
    contract.name: contract for contract in (DOCUMENTS, DOCUMENT_SECTIONS, CLEAN_ISSUES)
}
"""Contracts of the facts about documents, which are written beside the clean tables."""

__all__ = [
    "CONTRACTS",
    "EXACT",
    "INSTANT",
    "LINEAGE",
    "RAW_FACTS",
    "ContractError",
    "Field",
    "TableContract",
]
