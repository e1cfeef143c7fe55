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
