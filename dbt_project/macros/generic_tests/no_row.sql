{# One test for what must never be: names the condition that no row may meet. #}
{% test no_row(model, where_broken) %}
select * from {{ model }} where {{ where_broken }}
{% endtest %}
