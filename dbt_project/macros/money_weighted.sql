{# The pieces of the XIRR search: the grid of log growth and the net present value on it. The search itself is in
   int_performance__mwr. #}

{% macro growth_grid_steps() -%} 1024 {%- endmacro %}

{% macro grid_growth(step) -%}
  {#- Log growth at a step of the grid, from ln(0.0001) to ln(10000); 0 itself lies between two steps. -#}
  (ln(0.0001) + (ln(10000.0) - ln(0.0001)) * (cast({{ step }} as double) + 0.37) / ({{ growth_grid_steps() }} + 1))
{%- endmacro %}

{% macro net_present_value(amounts, years, growth) -%}
  {#- Sum of the amounts discounted by exp(-growth * years): two lists of doubles of the same length. -#}
  list_sum(list_transform({{ amounts }}, lambda amount, i: amount * exp(-({{ growth }}) * {{ years }}[i])))
{%- endmacro %}
