{# Exact arithmetic on money and the choice of a rate. No rounding but to the ten decimals of the clean layer. #}

{% macro exact() -%} decimal(38, 10) {%- endmacro %}

{% macro exact_product(left, right) -%}
  {#- The product of two exact decimals, rounded half away from zero to ten decimals; NULL (never an error) where it
      leaves 38 digits. round() is three times as fast as the cast, and most factors are 1. -#}
  case
    when {{ right }} = 1 then cast({{ left }} as {{ exact() }})
    else round(try(cast({{ left }} as {{ exact() }}) * cast({{ right }} as {{ exact() }})), 10)
  end
{%- endmacro %}

{% macro join_day_rate(rows, date_column) -%}
  {#- Joins each row's account and the rate of its currency on its day: what day_rate and in_base read. -#}
  left join {{ ref('stg_clean__account') }} as accounts
    on {{ rows }}.account_id = accounts.account_id
  left join {{ ref('int_fx__resolve_daily') }} as rates
    on
      {{ rows }}.account_id = rates.account_id
      and {{ rows }}.currency = rates.currency
      and {{ rows }}.{{ date_column }} = rates.rate_date
{%- endmacro %}

{% macro day_rate(rows, own_rate='fx_rate_to_base') -%}
  {#- The row's own rate; 1 in the base currency; else the day's rate that any other row or section reports. -#}
  coalesce(
    nullif({{ rows }}.{{ own_rate }}, 0),
    case when {{ rows }}.currency = accounts.base_currency then 1 end,
    rates.rate
  )
{%- endmacro %}

{% macro in_base(amount, rows) -%}
  {#- An amount of the row in base currency, at its day_rate; NULL without one. -#}
  {{ exact_product(amount, day_rate(rows)) }}
{%- endmacro %}

{% macro money_text(value) -%}
  {#- An amount for a sentence: two decimals, or all of them where two would hide a difference. -#}
  (case
    when {{ value }} is null then 'nothing'
    when {{ value }} = round({{ value }}, 2) then cast(cast(round({{ value }}, 2) as decimal(38, 2)) as varchar)
    else rtrim(cast({{ value }} as varchar), '0')
  end)
{%- endmacro %}
