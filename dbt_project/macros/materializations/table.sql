{# A run builds everything anew in an empty warehouse, so a table is created under its own name, in one transaction.
   dbt-duckdb's own way is made for a warehouse that people read: it builds beside the old table, renames and drops. #}

{% materialization table, adapter='duckdb' %}
  {%- set target = this.incorporate(type='table') -%}
  {%- do drop_relation_if_exists(load_cached_relation(this)) -%}
  {% call statement('main') -%}
    {{ create_table_as(False, target, compiled_code) }}
  {%- endcall %}
  {% do persist_docs(target, model) %}
  {{ adapter.commit() }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}
