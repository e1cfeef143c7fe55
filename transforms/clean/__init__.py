"""The clean layer: raw text rows of all documents to one table per entity. Contracts: transforms/schemas."""

from __future__ import annotations

from typing import Final

from transforms.clean import intraday
from transforms.clean import portfolio_analyst as analyst
from transforms.clean.agreement import AGREEMENT_SECTIONS, build_source_agreements
from transforms.clean.cash import build_cash_balances, build_cash_transactions, build_statement_of_funds
from transforms.clean.charges import (
    build_cfd_charges,
    build_client_fee_details,
    build_client_fees,
    build_debit_card_activities,
    build_sales_taxes,
    build_transaction_taxes,
)
from transforms.clean.currencies import build_fx_positions, build_fx_transactions
from transforms.clean.holdings import (
    build_corporate_actions,
    build_dividend_accrual_changes,
    build_dividend_accruals,
    build_fifo_performance,
    build_position_lots,
    build_position_marks,
    build_positions,
    build_transfers,
)
from transforms.clean.interest import build_interest_accruals, build_interest_details
from transforms.clean.lending import (
    build_borrow_fees,
    build_slb_activities,
    build_slb_fees,
    build_slb_open_contracts,
)
from transforms.clean.model import CleanContext, Cleaned, CleanTable, RawSections
from transforms.clean.performance import build_mtm_performance, build_position_value_changes
from transforms.clean.reference import ACCOUNT_SECTIONS, SECTION_ROWS, build_accounts, build_instruments
from transforms.clean.statements import build_statement_sections, build_statements
from transforms.clean.trade_events import (
    build_option_events,
    build_trade_confirmations,
    build_wash_sales,
)
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
        CleanTable("trades", (_STATEMENTS, _SECTIONS, "Trades"), build_trades),
        CleanTable("closed_lots", (_STATEMENTS, _SECTIONS, "Trades"), build_closed_lots),
        CleanTable("positions", (_STATEMENTS, _SECTIONS, "OpenPositions"), build_positions),
        CleanTable(
            "cash_transactions", (_STATEMENTS, _SECTIONS, "CashTransactions"), build_cash_transactions
        ),
        CleanTable("cash_balances", (_STATEMENTS, "CashReport"), build_cash_balances),
        CleanTable("statement_of_funds", (_STATEMENTS, "StmtFunds"), build_statement_of_funds),
        CleanTable("nav_daily", (_STATEMENTS, _SECTIONS, "EquitySummaryInBase"), build_nav_daily),
        CleanTable("change_in_nav", (_STATEMENTS, "ChangeInNAV"), build_change_in_nav),
        CleanTable("fx_rates", (_STATEMENTS, "ConversionRates"), build_fx_rates),
        CleanTable(
            "corporate_actions", (_STATEMENTS, _SECTIONS, "CorporateActions"), build_corporate_actions
        ),
        CleanTable("transfers", (_STATEMENTS, _SECTIONS, "Transfers"), build_transfers),
        CleanTable("position_marks", (_STATEMENTS, "PriorPeriodPositions"), build_position_marks),
        CleanTable("fifo_performance", (_STATEMENTS, "FIFOPerformanceSummaryInBase"), build_fifo_performance),
        CleanTable(
            "dividend_accruals", (_STATEMENTS, _SECTIONS, "OpenDividendAccruals"), build_dividend_accruals
        ),
        CleanTable("mtm_performance", (_STATEMENTS, "MTMPerformanceSummaryInBase"), build_mtm_performance),
        CleanTable(
            "position_value_changes", (_STATEMENTS, "ChangeInPositionValues"), build_position_value_changes
        ),
        CleanTable("interest_accruals", (_STATEMENTS, "InterestAccruals"), build_interest_accruals),
        CleanTable("interest_details", (_STATEMENTS, "TierInterestDetails"), build_interest_details),
        CleanTable("option_events", (_STATEMENTS, "OptionEAE"), build_option_events),
        CleanTable("trade_confirmations", (_STATEMENTS, "TradeConfirms"), build_trade_confirmations),
        CleanTable("wash_sales", (_STATEMENTS, "Trades"), build_wash_sales),
        CleanTable("transaction_taxes", (_STATEMENTS, "TransactionTaxes"), build_transaction_taxes),
        CleanTable("sales_taxes", (_STATEMENTS, "SalesTaxes"), build_sales_taxes),
        CleanTable("client_fees", (_STATEMENTS, "ClientFees"), build_client_fees),
        CleanTable("client_fee_details", (_STATEMENTS, "ClientFeesDetail"), build_client_fee_details),
        CleanTable("cfd_charges", (_STATEMENTS, "CFDCharges"), build_cfd_charges),
        CleanTable(
            "debit_card_activities", (_STATEMENTS, "DebitCardActivities"), build_debit_card_activities
        ),
        CleanTable("slb_activities", (_STATEMENTS, "SLBActivities"), build_slb_activities),
        CleanTable("slb_fees", (_STATEMENTS, "SLBFees"), build_slb_fees),
        CleanTable(
            "slb_open_contracts", (_STATEMENTS, _SECTIONS, "SLBOpenContracts"), build_slb_open_contracts
        ),
        CleanTable("borrow_fees", (_STATEMENTS, "HardToBorrowDetails"), build_borrow_fees),
        CleanTable("fx_positions", (_STATEMENTS, _SECTIONS, "FxPositions"), build_fx_positions),
        CleanTable("fx_transactions", (_STATEMENTS, "FxTransactions"), build_fx_transactions),
        CleanTable("position_lots", (_STATEMENTS, _SECTIONS, "OpenPositions"), build_position_lots),
        CleanTable(
            "dividend_accrual_changes",
            (_STATEMENTS, "ChangeInDividendAccruals"),
            build_dividend_accrual_changes,
        ),
        CleanTable(
            "source_agreements", (_STATEMENTS, _SECTIONS, *AGREEMENT_SECTIONS), build_source_agreements
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
        CleanTable(
            "portfolio_analyst_sectors",
            (analyst.INTRODUCTION, analyst.META, *analyst.SECTORS),
            analyst.build_sectors,
        ),
        CleanTable(
            "account_snapshot",
            (intraday.SNAPSHOT, intraday.ACCOUNTS, intraday.ACCOUNT_VALUES),
            intraday.build_account_snapshots,
        ),
        CleanTable(
            "position_snapshot",
            (intraday.SNAPSHOT, intraday.ACCOUNTS, intraday.POSITIONS),
            intraday.build_position_snapshots,
        ),
        CleanTable(
            "pnl_snapshot",
            (intraday.SNAPSHOT, intraday.ACCOUNTS, intraday.ACCOUNT_PNL, intraday.POSITION_PNL),
            intraday.build_pnl_snapshots,
        ),
        CleanTable(
            "execution_intraday",
            (intraday.SNAPSHOT, intraday.EXECUTIONS, intraday.COMMISSIONS),
            intraday.build_executions,
        ),
    )
}
"""The clean tables by name, each with the raw sections it reads and its builder."""

__all__ = ["CLEAN_TABLES", "CleanContext", "CleanTable", "Cleaned", "RawSections"]
