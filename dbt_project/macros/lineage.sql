{# Which section of a document each clean table is read from. Where rows went is counted in document_section. #}

{% macro tables_of_sections() -%}
  {{ return([
      ('account', 'AccountInformation'), ('instrument', 'SecuritiesInfo'), ('trade', 'Trades'), ('closed_lot', 'Trades'),
      ('position', 'OpenPositions'), ('position_mark', 'PriorPeriodPositions'), ('cash_transaction', 'CashTransactions'),
      ('cash_balance', 'CashReport'), ('statement_of_funds', 'StmtFunds'), ('nav_daily', 'EquitySummaryInBase'),
      ('change_in_nav', 'ChangeInNAV'), ('fx_rate', 'ConversionRates'), ('corporate_action', 'CorporateActions'),
      ('transfer', 'Transfers'), ('fifo_performance', 'FIFOPerformanceSummaryInBase'),
      ('dividend_accrual', 'OpenDividendAccruals'),
      ('mtm_performance', 'MTMPerformanceSummaryInBase'), ('position_value_change', 'ChangeInPositionValues'),
      ('interest_accrual', 'InterestAccruals'), ('interest_detail', 'TierInterestDetails'),
      ('option_event', 'OptionEAE'), ('trade_confirmation', 'TradeConfirms'), ('wash_sale', 'Trades'),
      ('transaction_tax', 'TransactionTaxes'), ('sales_tax', 'SalesTaxes'), ('client_fee', 'ClientFees'),
      ('client_fee_detail', 'ClientFeesDetail'), ('cfd_charge', 'CFDCharges'),
      ('debit_card_activity', 'DebitCardActivities'), ('slb_activity', 'SLBActivities'), ('slb_fee', 'SLBFees'),
      ('slb_open_contract', 'SLBOpenContracts'), ('borrow_fee', 'HardToBorrowDetails'),
      ('fx_position', 'FxPositions'), ('fx_transaction', 'FxTransactions'),
      ('position_lot', 'OpenPositions'),
      ('dividend_accrual_change', 'ChangeInDividendAccruals'),
      ('portfolio_analyst_key_statistics', 'PA.Key Statistics'),
      ('portfolio_analyst_performance', 'PA.Historical Performance'),
      ('portfolio_analyst_performance', 'PA.Historical Performance Benchmark Comparison'),
      ('portfolio_analyst_performance', 'PA.Time Period Performance Statistics'),
      ('portfolio_analyst_performance', 'PA.Cumulative Performance Statistics'),
      ('portfolio_analyst_allocation', 'PA.Allocation by Asset Class'),
      ('portfolio_analyst_deposit', 'PA.Deposits And Withdrawals'),
      ('portfolio_analyst_fee', 'PA.Fee Summary'),
      ('portfolio_analyst_sector', 'PA.Performance by Symbol'),
      ('portfolio_analyst_sector', 'PA.Open Position Summary'),
      ('account_snapshot', 'TWS.account_values'), ('position_snapshot', 'TWS.positions'),
      ('pnl_snapshot', 'TWS.account_pnl'), ('pnl_snapshot', 'TWS.position_pnl'),
      ('execution_intraday', 'TWS.executions'),
  ]) }}
{%- endmacro %}

{% macro sections_with_a_table() -%}
  {%- for table, section in tables_of_sections() -%} '{{ section }}'{{ ', ' if not loop.last }} {%- endfor -%}
{%- endmacro %}
