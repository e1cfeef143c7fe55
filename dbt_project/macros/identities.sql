{# Where the broker's row-level identities hold, and by how much a row misses them. Used to count the rows that were
   checked and to list the ones that break; sums over a period are in the int_reconciliation models. #}

{% macro net_cash_concerns() -%}
  {#- netCash = proceeds + commission + taxes: securities whose commission is in the row's own currency. -#}
  (
    coalesce(asset_class, '') not in ('CASH', 'FUT', 'CFD')
    and coalesce(commission_currency, currency) is not distinct from currency
  )
{%- endmacro %}

{% macro net_cash_applies() -%}
  ({{ net_cash_concerns() }} and net_cash is not null and proceeds is not null and commission is not null)
{%- endmacro %}

{% macro net_cash_expected() -%} (proceeds + commission + coalesce(taxes, 0)) {%- endmacro %}

{% macro realized_concerns() -%}
  {#- realized = proceeds + commission + taxes + cost: not where an exercise or assignment moves the premium from the
      option's row to the underlying's (codes Ex, A), and not for currency trades and contracts of difference. -#}
  (
    coalesce(asset_class, '') not in ('CASH', 'CFD')
    and coalesce(commission_currency, currency) is not distinct from currency
    and not list_has_any(string_split(coalesce(notes, ''), ';'), ['A', 'Ex'])
  )
{%- endmacro %}

{% macro realized_applies() -%}
  (
    {{ realized_concerns() }}
    and realized_pnl is not null and proceeds is not null and commission is not null and cost is not null
  )
{%- endmacro %}

{% macro realized_expected() -%} (proceeds + commission + coalesce(taxes, 0) + cost) {%- endmacro %}

{% macro unrealized_applies() -%}
  (position_value is not null and cost_basis_money is not null and unrealized_pnl is not null)
{%- endmacro %}

{% macro unrealized_expected() -%} (position_value - cost_basis_money) {%- endmacro %}

{% macro half_a_cent() -%} cast(0.005 as {{ exact() }}) {%- endmacro %}

{% macro price_times_quantity(quantity, price) -%}
  {#- The money of a quantity at a price, as a double: only its cents are compared. A bond's price is in percent. -#}
  (
    cast({{ quantity }} as double) * cast({{ price }} as double) * cast(multiplier as double)
    / case when asset_class in ('BOND', 'BILL') then 100 else 1 end
  )
{%- endmacro %}

{% macro price_rounding(quantity) -%}
  {#- What the fifth decimal of a price, which the broker may leave out, can make of the money. -#}
  (abs(cast({{ quantity }} as double) * cast(multiplier as double)) * 0.00005)
{%- endmacro %}

{% macro identity_checks() -%}
  {#- The checks of int_reconciliation__identity: name, section, what their rows are. -#}
  {{ return([
      ('nav_day_components', 'EquitySummaryInBase', 'Days whose components add up to the net asset value'),
      ('position_value', 'OpenPositions', 'Positions whose value is quantity × mark price × multiplier'),
      ('position_instrument', 'OpenPositions', 'Positions of the asset class that their instrument has'),
      ('position_rate', 'OpenPositions', 'Positions with the rate that most rows of the day have'),
      ('mark_instrument', 'PriorPeriodPositions', 'Marks of the asset class that their instrument has'),
      ('mark_rate', 'PriorPeriodPositions', 'Marks with the rate that most rows of the day have'),
      ('trade_proceeds', 'Trades', 'Trades whose proceeds are quantity × price × multiplier'),
      ('trade_money', 'Trades', 'Trades whose trade money is their proceeds'),
      ('trade_mtm', 'Trades', 'Trades whose mark-to-market is their proceeds and the value at the close'),
      ('trade_side', 'Trades', 'Trades whose side is the sign of their quantity'),
      ('trade_instrument', 'Trades', 'Trades of the asset class that their instrument has'),
      ('trade_rate', 'Trades', 'Trades with the rate that most rows of the day have'),
      ('lot_trade', 'Trades', 'Closed lots with the side, currency and time of a trade of that day'),
      ('lot_instrument', 'Trades', 'Closed lots of the asset class that their instrument has'),
      ('lot_rate', 'Trades', 'Closed lots with the rate that most rows of the day have'),
      ('funds_balance', 'StmtFunds', 'Lines whose balance is the one before it plus their amount'),
      ('funds_day', 'StmtFunds', 'Lines of trades and cash transactions that stand on the day of these'),
      ('cash_transaction_rate', 'CashTransactions', 'Cash transactions with the rate that most rows of the day have'),
      ('corporate_action_instrument', 'CorporateActions', 'Corporate actions of the asset class that their instrument has'),
      ('corporate_action_rate', 'CorporateActions', 'Corporate actions with the rate that most rows of the day have'),
      ('accrual_net', 'OpenDividendAccruals', 'Accruals whose net amount is gross less tax and fee'),
      ('accrual_change_net', 'ChangeInDividendAccruals', 'Changes whose net amount is gross less tax and fee'),
      ('accrual_change_rate', 'ChangeInDividendAccruals', 'Changes with the rate that most rows of the day have'),
  ]) }}
{%- endmacro %}
