-- Where each published column comes from, down to the sections and attributes of the documents. Computed from the
-- models' SQL and the contracts when they change (`make lineage`), and packaged in files without repetition that are
-- joined here: a run only reads them.
{% set shared = ['mart', 'column_names', 'clean_columns', 'reason', 'via'] -%}
{% set place = ['clean_table', 'clean_column', 'kind', 'section', 'attribute', 'reason'] -%}
with
source as (
    -- Lists of columns that come from lists of clean columns.
    {% for kind in ['value', 'derived', 'filter'] -%}
    select '{{ kind }}' as kind, {{ shared | join(', ') }}
    from {{ packaged('lineage_' ~ kind, shared) }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

column_source as (
    select mart, unnest(string_split(column_names, ' ')) as column_name, kind, clean_columns, reason, via from source
),

clean_source as (
    -- A figure of no clean column's value keeps its row.
    select
        mart, column_name, kind, unnest(string_split(coalesce(clean_columns, ''), ' ')) as clean_name, reason, via
    from column_source
),

origin as (
    select clean_table || '.' || clean_column as clean_name, kind, section, attribute, reason
    from {{ packaged('lineage_origin', place) }}
)

select
    clean_source.mart,
    clean_source.column_name,
    -- What is derived anywhere on the way is derived.
    coalesce(nullif(origin.kind, 'value'), clean_source.kind) as kind,
    nullif(split_part(clean_source.clean_name, '.', 1), '') as clean_table,
    nullif(split_part(clean_source.clean_name, '.', 2), '') as clean_column,
    origin.section,
    origin.attribute,
    coalesce(origin.reason, clean_source.reason) as reason,
    clean_source.via
from clean_source
left join origin on clean_source.kind <> 'filter' and clean_source.clean_name = origin.clean_name
order by all
