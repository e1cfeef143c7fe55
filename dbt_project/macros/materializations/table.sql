{# A table in a warehouse that is always new: nothing stands there that would have to be kept until the new one is whole,
   so it is created under its own name. dbt-duckdb's own builds beside the old table and renames, in five statements. #}

{% materialization table, adapter='duckdb' %}
  {%- set target = this.incorporate(type='table') -%}
  {% call statement('main') -%}
    {{ create_table_as(False, target, compiled_code) }}
  {%- endcall %}
  {% do persist_docs(target, model) %}
  {{ adapter.commit() }}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}
