-- Runs of days without a hole per account and section; section NULL: that any statement covers. Two statements follow
-- one another without a hole when no weekday lies between them.
with

covered as (
    select account_id, section, period_start_date as first_date, period_end_date as last_date, document_id, statement
    from {{ ref('stg_clean__statement_section') }}
    where section is not null

    union all

    select account_id, null, period_start_date, period_end_date, document_id, statement
    from {{ ref('stg_clean__statement') }}
),

ordered as (
    select
        *,
        max(last_date) over (
            partition by account_id, section
            order by first_date, last_date, document_id, statement
            rows between unbounded preceding and 1 preceding
        ) as known_until
    from covered
    where account_id is not null and first_date <= last_date
),

numbered as (
    select
        *,
        count(*) filter (where known_until is null or first_date > {{ next_weekday('known_until') }}) over (
            partition by account_id, section
            order by first_date, last_date, document_id, statement
            rows between unbounded preceding and current row
        ) as run_ordinal
    from ordered
)

select
    account_id,
    section,
    run_ordinal,
    min(first_date) as first_date,
    max(last_date) as last_date,
    count(*) as statements
from numbered
group by all
