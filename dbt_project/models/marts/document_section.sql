-- Where the rows of each document went: kept in a clean table, superseded by a newer, finer or equal row, or rejected.
-- A section without a clean table of its own keeps all its rows, as text in the raw layer.
with

rejected as (
    select document_id, section, count(distinct row_ordinal) as rows_rejected
    from {{ ref('stg_clean__issue') }}
    where row_ordinal is not null and problem like '%left out%'
    group by all
),

counted as (
    select
        sections.*,
        kept.rows_kept is not null or sections.section in ({{ sections_with_a_table() }}) as has_table_of_its_own,
        coalesce(kept.rows_kept, 0) as rows_standing,
        coalesce(rejected.rows_rejected, 0) as rejected_found
    from {{ ref('stg_clean__document_section') }} as sections
    left join {{ ref('int_lineage__count_kept') }} as kept
        on sections.document_id = kept.document_id and sections.section = kept.section
    left join rejected
        on sections.document_id = rejected.document_id and sections.section = rejected.section
),

kept as (
    select
        *,
        case when has_table_of_its_own then least(rows_standing, rows_read) else rows_read end as rows_kept
    from counted
)

select
    document_id,
    section,
    rows_read,
    cast(rows_kept as integer) as rows_kept,
    cast(rows_read - rows_kept - least(rejected_found, rows_read - rows_kept) as integer) as rows_superseded,
    cast(least(rejected_found, rows_read - rows_kept) as integer) as rows_rejected,
    unknown_columns,
    unknown_column_names,
    known_section as is_known_section,
    has_table_of_its_own as has_clean_table
from kept
