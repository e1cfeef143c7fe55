-- Where the rows of each document went: kept in a clean table, superseded by a newer, finer or equal row, or rejected.
with

issues as (
    select document_id, section, row_ordinal
    from {{ ref('stg_clean__issue') }}
    where severity = 'error' and row_ordinal is not null
    group by all
),

standing as (
    {% for table in ['trade', 'closed_lot', 'cash_transaction', 'cash_balance', 'statement_of_funds', 'nav_daily',
                     'change_in_nav', 'fx_rate', 'corporate_action', 'transfer', 'position_mark', 'fifo_performance',
                     'dividend_accrual', 'account', 'instrument', 'position'] %}
    select issues.document_id, issues.section, issues.row_ordinal
    from issues
    semi join {{ ref('stg_clean__' ~ table) }} as kept
        on
            issues.document_id = kept.document_id
            and issues.section = kept.section
            and issues.row_ordinal = kept.row_ordinal
    {{ 'union' if not loop.last }}
    {% endfor %}
),

rejected as (
    select issues.document_id, issues.section, count(*) as rows_rejected
    from issues
    anti join standing
        on
            issues.document_id = standing.document_id
            and issues.section = standing.section
            and issues.row_ordinal = standing.row_ordinal
    group by all
),

counted as (
    select
        sections.*,
        case
            when sections.has_clean_table then least(coalesce(kept.rows_kept, 0), sections.rows_read)
            else sections.rows_read
        end as rows_kept,
        case when sections.has_clean_table then coalesce(rejected.rows_rejected, 0) else 0 end as rejected_found
    from {{ ref('stg_clean__document_section') }} as sections
    left join {{ ref('int_lineage__count_kept') }} as kept
        on sections.document_id = kept.document_id and sections.section = kept.section
    left join rejected
        on sections.document_id = rejected.document_id and sections.section = rejected.section
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
    has_clean_table
from counted
