"""The clean layer: raw text rows of all documents to one table per entity. Contracts: transforms/schemas."""

from __future__ import annotations

from typing import Final

from transforms.clean import portfolio_analyst as analyst
from transforms.clean.cash import build_cash_balances, build_cash_transactions, build_statement_of_funds
from transforms.clean.holdings import (
    build_corporate_actions,
    build_dividend_accruals,
    build_fifo_performance,
    build_position_marks,
    build_positions,
    build_transfers,
)
from transforms.clean.model import CleanContext, Cleaned, CleanTable, RawSections
from transforms.clean.reference import ACCOUNT_SECTIONS, SECTION_ROWS, build_accounts, build_instruments
from transforms.clean.statements import build_statement_sections, build_statements
from transforms.clean.trading import build_closed_lots, build_trades
from transforms.clean.valuation import build_change_in_nav, build_fx_rates, build_nav_daily

_STATEMENTS: Final = "_statements"
_SECTIONS: Final = "_statement_sections"

CLEAN_TABLES: Final[dict[str, CleanTable]] = {
    table.name: table
    for table in (
        CleanTable("statements", (_STATEMENTS,), build_statements),
        CleanTable("statement_sections", (_SECTIONS, _STATEMENTS), build_statement_sections),
        CleanTable("accounts", (_STATEMENTS, *ACCOUNT_SECTIONS), build_accounts),
        CleanTable("instruments", (_STATEMENTS, *SECTION_ROWS), build_instruments),
        CleanTable("trades", (_STATEMENTS, "Trades"), build_trades),
        CleanTable("closed_lots", (_STATEMENTS, "Trades"), build_closed_lots),
        CleanTable("positions", (_STATEMENTS, _SECTIONS, "OpenPositions"), build_positions),
        CleanTable("cash_transactions", (_STATEMENTS, "CashTransactions"), build_cash_transactions),
        CleanTable("cash_balances", (_STATEMENTS, "CashReport"), build_cash_balances),
        CleanTable("statement_of_funds", (_STATEMENTS, "StmtFunds"), build_statement_of_funds),
        CleanTable("nav_daily", (_STATEMENTS, "EquitySummaryInBase"), build_nav_daily),
        CleanTable("change_in_nav", (_STATEMENTS, "ChangeInNAV"), build_change_in_nav),
        CleanTable("fx_rates", (_STATEMENTS, "ConversionRates"), build_fx_rates),
        CleanTable("corporate_actions", (_STATEMENTS, "CorporateActions"), build_corporate_actions),
        CleanTable("transfers", (_STATEMENTS, "Transfers"), build_transfers),
        CleanTable("position_marks", (_STATEMENTS, "PriorPeriodPositions"), build_position_marks),
        CleanTable("fifo_performance", (_STATEMENTS, "FIFOPerformanceSummaryInBase"), build_fifo_performance),
        CleanTable(
            "dividend_accruals", (_STATEMENTS, _SECTIONS, "OpenDividendAccruals"), build_dividend_accruals
        ),
        CleanTable(
            "portfolio_analyst_key_statistics",
            (analyst.INTRODUCTION, analyst.META, analyst.KEY_STATISTICS),
            analyst.build_key_statistics,
        ),
        CleanTable(
            "portfolio_analyst_performance",
            (analyst.INTRODUCTION, analyst.META, *analyst.PERFORMANCE),
            analyst.build_performance,
        ),
        CleanTable(
            "portfolio_analyst_allocation",
            (analyst.INTRODUCTION, analyst.META, analyst.ALLOCATION),
            analyst.build_allocation,
        ),
        CleanTable(
            "portfolio_analyst_deposits",
            (analyst.INTRODUCTION, analyst.META, analyst.DEPOSITS),
            analyst.build_deposits,
        ),
        CleanTable(
            "portfolio_analyst_fees",
            (analyst.INTRODUCTION, analyst.META, analyst.FEES),
            analyst.build_fees,
        ),
    )
}
"""The clean tables by name, each with the raw sections it reads and its builder."""

__all__ = ["CLEAN_TABLES", "CleanContext", "CleanTable", "Cleaned", "RawSections"]
