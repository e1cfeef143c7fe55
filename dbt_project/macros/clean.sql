{# How models read the clean layer: one macro per kind of file. No other file names a path. #}

{% macro clean(table) -%}
  {#- The Parquet file of a clean table. The call to source() records the lineage; the path is a variable. -#}
  {%- do source('clean', table) -%}
  read_parquet('{{ var("clean_dir") }}/{{ table }}.parquet')
{%- endmacro %}

{% macro features(table) -%}
  {#- The Parquet file of a table of the features layer. -#}
  {%- do source('features', table) -%}
  read_parquet('{{ var("features_dir") }}/{{ table }}.parquet')
{%- endmacro %}

{% macro clean_issues() -%}
  {#- The findings of all clean tables, a file per table. -#}
  {%- do source('clean', 'clean_issues') -%}
  read_parquet('{{ var("clean_dir") }}/_issues/*.parquet', union_by_name = true)
{%- endmacro %}

{% macro clean_restatements() -%}
  {#- What later statements changed, a file per clean table. -#}
  {%- do source('clean', 'clean_restatements') -%}
  read_parquet('{{ var("clean_dir") }}/_restatements/*.parquet', union_by_name = true)
{%- endmacro %}
