-- Where each published column comes from, down to the sections and attributes of the documents. Computed from the
-- models' SQL and the contracts when they change (`make lineage`), and packaged: a run only reads it.
{% set columns = [
    'mart', 'column_name', 'kind', 'clean_table', 'clean_column', 'section', 'attribute', 'reason', 'via',
] -%}
select
    {% for column in columns -%}
    {{ column }}{{ ',' if not loop.last }}
    {% endfor -%}
from {{ packaged('column_lineage', columns) }}
