{# As for tables: nothing stands there that would have to be kept. #}

{% materialization view, adapter='duckdb' %}
  {%- set target = this.incorporate(type='view') -%}
  {%- do drop_relation_if_exists(load_cached_relation(this)) -%}
  {% call statement('main') -%}
    create view {{ target }} as ({{ compiled_code }})
  {%- endcall %}
  {{ adapter.commit() }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}
