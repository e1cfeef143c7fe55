{# The newest snapshot of TWS that each account has. #}

{% macro newest_snapshot() -%}
  {#- One row per account: an account that is flat has no position in it, and one that tells nothing else still has PnL. -#}
  select account_id, max(snapshot_at) as snapshot_at
  from (
    {% for table in ['account_snapshot', 'position_snapshot', 'pnl_snapshot'] %}
    select account_id, snapshot_at from {{ ref('stg_clean__' ~ table) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
  ) as told
  group by account_id
{%- endmacro %}
