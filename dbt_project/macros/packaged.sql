{# How a model reads a data file that comes with the code. dbt works in the project's folder, wherever it is called. #}

{% macro packaged(file, columns) -%}
  {#- A CSV file of texts; an empty field is NULL. -#}
  read_csv(
    '{{ invocation_args_dict['project_dir'] }}/packaged/{{ file }}.csv', header = true, nullstr = '', auto_detect = false,
    delim = ',', quote = '"', escape = '"',
    columns = { {%- for column in columns -%} '{{ column }}': 'VARCHAR'{{ ', ' if not loop.last }}{%- endfor -%} }
  )
{%- endmacro %}
