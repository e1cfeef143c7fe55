-- What no document covers: weekdays between statements, sections that other days of the account have, and the days
-- from its funding to its first statement. Days that the broker itself names as neighbours have nothing between them.
with

spans as (
    select account_id, min(first_date) as first_date, max(last_date) as last_date
    from {{ ref('int_coverage__run') }}
    where section is null
    group by account_id
),

edges as (
    -- The end of each run and the beginning of the next; a section also from and to the ends of the account's span.
    select
        runs.account_id,
        runs.section,
        lag(runs.last_date) over one as known_until,
        runs.first_date as known_again
    from {{ ref('int_coverage__run') }} as runs
    window one as (partition by runs.account_id, runs.section order by runs.run_ordinal)

    union all

    select account_id, section, max(last_date), null
    from {{ ref('int_coverage__run') }}
    where section is not null
    group by account_id, section
),

holes as (
    select
        edges.account_id,
        edges.section,
        coalesce(edges.known_until + 1, spans.first_date) as first_date,
        coalesce(edges.known_again - 1, spans.last_date) as last_date
    from edges
    inner join spans on edges.account_id = spans.account_id
    where edges.section is not null or edges.known_until is not null
),

section_holes as (
    -- A section can only be missing on days that some statement covers.
    select
        holes.account_id,
        holes.section,
        greatest(holes.first_date, runs.first_date) as first_date,
        least(holes.last_date, runs.last_date) as last_date
    from holes
    inner join {{ ref('int_coverage__run') }} as runs
        on
            holes.account_id = runs.account_id
            and runs.section is null
            and holes.first_date <= runs.last_date
            and holes.last_date >= runs.first_date
    where holes.section is not null
),

known_sections as (
    select account_id, array_agg(distinct section order by section) as sections
    from {{ ref('int_coverage__run') }}
    where section is not null
    group by account_id
),

found as (
    select account_id, 'missing_section' as gap, first_date, last_date, array_agg(section order by section) as sections
    from section_holes
    where first_date <= last_date
    group by all

    union all

    select holes.account_id, 'missing_days', holes.first_date, holes.last_date, known_sections.sections
    from holes
    inner join known_sections on holes.account_id = known_sections.account_id
    where holes.section is null

    union all

    select
        accounts.account_id,
        'missing_history',
        coalesce(accounts.funded_date, accounts.opened_date),
        spans.first_date - 1,
        known_sections.sections
    from {{ ref('stg_clean__account') }} as accounts
    inner join spans on accounts.account_id = spans.account_id
    inner join known_sections on accounts.account_id = known_sections.account_id
    where coalesce(accounts.funded_date, accounts.opened_date) < spans.first_date
),

real_ones as (
    select found.*
    from found
    where
        {{ weekdays_between('found.first_date', 'found.last_date') }} > 0
        and not exists (
            select 1
            from {{ ref('stg_clean__nav_daily') }} as nav
            where
                nav.account_id = found.account_id
                and nav.previous_report_date < found.first_date
                and nav.report_date > found.last_date
        )
),

parts as (
    select
        *,
        cast(unnest(range(0, cast(ceil((last_date - first_date + 1) / {{ longest_request_days() }}.0) as bigint))) as integer)
            as part
    from real_ones
)

select
    account_id,
    gap,
    sections,
    first_date as gap_first_date,
    last_date as gap_last_date,
    first_date + part * {{ longest_request_days() }} as first_date,
    least(last_date, first_date + (part + 1) * {{ longest_request_days() }} - 1) as last_date
from parts
