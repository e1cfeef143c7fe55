{# The causes of profit and loss, and the pieces that the PnL models share. #}

{% macro pnl_causes() -%}
  {#- The columns of a cause in base currency are <cause>_base; they add up to total_base. -#}
  {{ return([
      'price', 'trading', 'fx_translation', 'dividends', 'withholding', 'interest', 'commissions', 'fees', 'taxes', 'other',
  ]) }}
{%- endmacro %}

{% macro pnl_causes_base() -%}
  {%- set columns = [] -%}
  {%- for cause in pnl_causes() -%} {%- do columns.append(cause ~ '_base') -%} {%- endfor -%}
  {{ return(columns) }}
{%- endmacro %}

{% macro units_per_quantity(asset_class, multiplier) -%}
  {#- Money per unit of price for one unit of quantity: bonds are quoted in percent of par. -#}
  (case when {{ asset_class }} in ('BOND', 'BILL') then coalesce({{ multiplier }}, 1) * 0.01 else coalesce({{ multiplier }}, 1) end)
{%- endmacro %}

{% macro settles_daily(asset_class) -%}
  {#- Futures and contracts for difference: their result is paid as variation margin, the net asset value holds no value. -#}
  coalesce({{ asset_class }} in ('FUT', 'CFD'), false)
{%- endmacro %}
