{# The windows of performance, defined once: their names, and the day before each of them begins. #}

{% macro window_boundaries(ends) -%}
  {#- Every row of `ends` once per window, with the day at whose end the window begins (null: since inception). -#}
  select
      {{ ends }}.*,
      names.performance_window,
      case names.performance_window
          when 'MTD' then cast(date_trunc('month', as_of_date) as date) - 1
          when 'QTD' then cast(date_trunc('quarter', as_of_date) as date) - 1
          when 'YTD' then cast(date_trunc('year', as_of_date) as date) - 1
          when '1Y' then cast(as_of_date - interval 1 year as date)
          when '3Y' then cast(as_of_date - interval 3 year as date)
      end as boundary_date
  from {{ ends }}
  cross join (values ('MTD'), ('QTD'), ('YTD'), ('1Y'), ('3Y'), ('SI')) as names (performance_window)
{%- endmacro %}
