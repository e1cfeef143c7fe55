{# What several models say about flows and returns in the same words. Drawdowns: drawdown.sql; rates: money_weighted.sql. #}

{% macro is_flow_free() -%}
  {#- A row of Change in NAV in which the broker says that nothing came in or went out. -#}
  deposits_withdrawals = 0
  and coalesce(asset_transfers, 0) = 0
  and coalesce(internal_cash_transfers, 0) = 0
{%- endmacro %}
