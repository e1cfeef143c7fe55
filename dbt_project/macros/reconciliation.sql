{# The words and column lists of the reconciliation: which parts add up to what, and how to say that one is missing. #}

{% macro section_label(section) -%}
  {#- The name under which the Flex query editor offers a section. -#}
  {%- set labels = {
      'AccountInformation': 'Account Information', 'CashReport': 'Cash Report', 'CashTransactions': 'Cash Transactions',
      'ChangeInDividendAccruals': 'Change in Dividend Accruals', 'ChangeInNAV': 'Change in NAV', 'EquitySummaryInBase': 'Net Asset Value (NAV) in Base',
      'FIFOPerformanceSummaryInBase': 'Realized and Unrealized Performance Summary in Base',
      'OpenDividendAccruals': 'Open Dividend Accruals', 'OpenPositions': 'Open Positions',
      'StmtFunds': 'Statement of Funds', 'Trades': 'Trades', 'Transfers': 'Transfers',
      'MTMPerformanceSummaryInBase': 'Mark-to-Market Performance Summary in Base',
      'PriorPeriodPositions': 'Prior Period Positions', 'ChangeInPositionValues': 'Change in Position Values',
      'InterestAccruals': 'Interest Accruals', 'TierInterestDetails': 'Tier Interest Details',
      'TransactionTaxes': 'Transaction Taxes', 'SalesTaxes': 'Sales Taxes',
  } -%}
  {{ return(labels[section] ~ ' (' ~ section ~ ')') }}
{%- endmacro %}

{% macro reports(section) -%} contains(sections, ',{{ section }},') {%- endmacro %}

{% macro section_missing(section) -%}
  'The section {{ section_label(section) }} is not in this statement: add it to the Flex query.'
{%- endmacro %}

{% macro field_missing(section, field) -%}
  'The field {{ field }} of the section {{ section_label(section) }} is not in this statement: add it to the Flex query.'
{%- endmacro %}

{% macro sum_of(columns, prefix='') -%}
  ({% for column in columns %}coalesce({{ prefix }}{{ column }}, 0){{ ' + ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro change_in_nav_components() -%}
  {#- Everything between the starting and the ending value but mtm, realized and change_in_unrealized. -#}
  {{ return([
      'cost_adjustments', 'transferred_pnl_adjustments', 'deposits_withdrawals', 'internal_cash_transfers',
      'excess_fund_sweep', 'asset_transfers', 'debit_card_activity', 'bill_pay', 'grant_activity', 'dividends',
      'withholding_tax', 'withholding_871m', 'withholding_tax_collected', 'change_in_dividend_accruals', 'interest',
      'change_in_interest_accruals', 'change_in_incentive_coupon_accruals', 'advisor_fees', 'broker_fees',
      'change_in_broker_fee_accruals', 'client_fees', 'other_fees', 'other_income', 'fees_receivables', 'commissions',
      'commission_credits_redemption', 'commission_receivables', 'forex_commissions', 'transaction_tax',
      'tax_receivables', 'sales_tax', 'billable_sales_tax', 'soft_dollars', 'net_fx_trading', 'fx_translation',
      'linking_adjustments', 'corporate_action_proceeds', 'referral_fee', 'carbon_credits', 'donations',
      'paxos_transfers', 'mtm_at_paxos', 'commissions_at_paxos', 'other',
  ]) }}
{%- endmacro %}

{% macro cash_report_components() -%}
  {#- Everything between the starting and the ending cash but deposit_withdrawals, which is deposits + withdrawals,
      the collateral of securities lending, which the ending cash leaves out, and the average balances. -#}
  {{ return([
      'client_fees', 'commissions', 'commission_credits_redemption', 'billable_commissions', 'account_transfers',
      'linking_adjustments', 'internal_transfers', 'paxos_transfers', 'excess_fund_sweep', 'debit_card_activity',
      'bill_pay', 'dividends', 'insured_deposit_interest', 'broker_interest', 'broker_fees', 'bond_interest',
      'cash_settling_mtm', 'realized_vm', 'realized_forex_vm', 'cfd_charges', 'net_trades_sales',
      'net_trades_purchases', 'advisor_fees', 'fees_receivables', 'payment_in_lieu', 'transaction_tax',
      'tax_receivables', 'withholding_tax', 'withholding_871m', 'withholding_collected_tax', 'sales_tax',
      'billable_sales_tax', 'ipo_subscription', 'referral_fee', 'carbon_credits', 'donations',
      'fx_translation_gain_loss', 'other_fees', 'other_income', 'other',
  ]) }}
{%- endmacro %}

{% macro cash_report_components_without_rows() -%}
  {#- Components of the cash report that no row of another section tells of by currency: settlements of futures and
      forwards, sweeps, credits of commissions, card payments (reported in base, or only authorised), what the broker
      moves itself. -#}
  {{ return([
      'commission_credits_redemption', 'billable_commissions', 'linking_adjustments', 'excess_fund_sweep', 'bill_pay',
      'insured_deposit_interest', 'cash_settling_mtm', 'realized_vm', 'realized_forex_vm', 'fees_receivables',
      'tax_receivables', 'ipo_subscription', 'fx_translation_gain_loss', 'debit_card_activity',
  ]) }}
{%- endmacro %}

{% macro nav_components() -%}
  {#- The components of the net asset value that add up to its total. -#}
  {{ return([
      'cash', 'stock', 'options', 'bonds', 'funds', 'notes', 'commodities', 'crypto', 'phys_del', 'dividend_accruals',
      'interest_accruals', 'soft_dollars', 'ipo_subscription', 'slb_cash_collateral', 'slb_direct_securities_borrowed',
      'slb_direct_securities_lent', 'forex_cfd_unrealized_pl', 'cfd_unrealized_pl', 'incentive_coupon_accruals',
      'event_contract_interest_accruals', 'margin_financing_charge_accruals', 'lite_surcharge_accruals',
      'fdic_insured_bank_sweep_account', 'fdic_insured_account_interest_accruals',
  ]) }}
{%- endmacro %}

{% macro position_value_parts() -%}
  {#- What leads from the value of positions before the period to the one at its end. -#}
  {{ return([
      'transactions', 'mtm_prior_period_positions', 'mtm_transactions', 'corporate_actions', 'other',
      'account_transfers', 'linking_adjustments', 'fx_translation_pnl', 'future_price_adjustments', 'settled_cash',
  ]) }}
{%- endmacro %}

{% macro kind_label(column) -%}
  {#- A kind of document in the words of the broker. -#}
  case {{ column }} when 'activity_statement_csv' then 'Activity Statement' else {{ column }} end
{%- endmacro %}

{% macro tolerance() -%} cast({{ var('reconciliation_tolerance') }} as {{ exact() }}) {%- endmacro %}

{% macro tolerance_of_rows(rows) -%}
  {#- Half a cent a row where the broker rounds each row, and never less than the tolerance of a sum. -#}
  greatest({{ tolerance() }}, {{ half_a_cent() }} * cast({{ rows }} as decimal(18, 0)))
{%- endmacro %}

{% macro cause_of_missing(missing) -%}
  {#- Why a check could not be made, from what it says is missing. -#}
  case
    when {{ missing }} like 'The section%' or {{ missing }} like 'The field%' or {{ missing }} like '%Flex query%'
      then 'missing_section'
    when {{ missing }} like '%in no statement%' or {{ missing }} like '%in any statement%' then 'missing_document'
    else 'unknown'
  end
{%- endmacro %}

{% macro advice(cause, what) -%}
  {#- What to do about a break: what was found behind it, or where to look. -#}
  coalesce({{ what }}, case {{ cause }}
    when 'rounding' then 'So little is most likely rounding: acknowledge it (`tieout acknowledge`).'
    else 'Nothing that is known explains it: look at the rows behind it (reconciliation_row).'
  end)
{%- endmacro %}
