-- How many raw rows of each document and section stand in a clean table. Instruments and accounts are also read from
-- rows that have a table of their own, so they count only for the section that is theirs alone.
with

kept as (
    {% for table, section in tables_of_sections() %}
    select
        document_id,
        section,
        -- A position summed from lots is no row of its own: its lots are counted where they stand. A row of an analysis
        -- with many cells counts once.
        {{
            "count(*) filter (where level = 'SUMMARY')" if table == 'position'
            else 'count(distinct row_ordinal)' if table.startswith('portfolio_analyst')
            else 'count(*)'
        }} as rows_kept
    from {{ ref('stg_clean__' ~ table) }}
    where section = '{{ section }}'
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select document_id, section, cast(sum(rows_kept) as bigint) as rows_kept
from kept
where document_id is not null
group by all
