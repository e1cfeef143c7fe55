{# The running peak of the column twr_index, which is 1 at its base, and the fall from it: of a chain of returns as of a
   window. `keys` name the chain; its rows are ordered by day_date. #}

{% macro so_far(keys) -%} over (partition by {{ keys }} order by day_date rows unbounded preceding) {%- endmacro %}

{% macro peak_so_far(keys) -%}
  {#- The highest index up to the day, the base included. -#}
  greatest(1.0, max(twr_index) {{ so_far(keys) }})
{%- endmacro %}

{% macro peak_date_so_far(keys, base_date) -%}
  {#- The last day at the peak (peak_index); the base's date while no day has reached it. -#}
  coalesce(max(day_date) filter (where twr_index = peak_index) {{ so_far(keys) }}, {{ base_date }})
{%- endmacro %}

{% macro fall_from_peak() -%}
  {#- At most 0; exactly 0 at the peak. -#}
  case when twr_index = peak_index then 0.0 else twr_index / peak_index - 1 end
{%- endmacro %}
