{# Days and sections that statements cover: weekdays, neighbours, names, and how long one request may be. #}

{% macro longest_request_days() -%} 365 {%- endmacro %}

{% macro next_weekday(day) -%}
  {#- The first Monday to Friday after a day. -#}
  ({{ day }} + case isodow({{ day }}) when 5 then 3 when 6 then 2 else 1 end)
{%- endmacro %}

{% macro weekdays_between(first, last) -%}
  {#- Mondays to Fridays of both days and between, without 1 January and 25 December: on those no market is open. -#}
  len(list_filter(
    generate_series({{ first }}, {{ last }}, interval 1 day),
    lambda d: isodow(d) < 6 and strftime(d, '%m-%d') not in ('01-01', '12-25')
  ))
{%- endmacro %}

{% macro section_names(sections) -%}
  {#- A list of sections as the Flex query editor names them. -#}
  array_to_string(list_transform({{ sections }}, lambda s: case s
    {% for tag in ['AccountInformation', 'CashReport', 'CashTransactions', 'ChangeInNAV', 'EquitySummaryInBase',
                   'FIFOPerformanceSummaryInBase', 'OpenDividendAccruals', 'OpenPositions', 'StmtFunds', 'Trades',
                   'Transfers'] %}
    when '{{ tag }}' then '{{ section_label(tag) }}'
    {% endfor %}
    else s end), ', ')
{%- endmacro %}
