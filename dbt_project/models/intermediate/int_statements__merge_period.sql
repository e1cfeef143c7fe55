-- One row per account and period: which sections any statement of that period reports, which document is the
-- newest, and which sections a newer statement over a containing period reports again (it may restate them). A coarser
-- kind of document restates nothing that a finer one reports.
with

statements as (
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        max(when_generated_at) as when_generated_at,
        min(coalesce(detail_rank, 0)) as detail_rank,
        arg_max(
            document_id,
            (-coalesce(detail_rank, 0), coalesce(when_generated_at, timestamptz '1970-01-01'), document_id)
        ) as document_id
    from {{ ref('stg_clean__statement') }}
    where account_id is not null and period_start_date is not null and period_end_date is not null
    group by all
),

sections as (
    select distinct
        reported.account_id,
        reported.period_start_date as period_start,
        reported.period_end_date as period_end,
        reported.section,
        reported.when_generated_at,
        coalesce(statements.detail_rank, 0) as detail_rank
    from {{ ref('stg_clean__statement_section') }} as reported
    left join {{ ref('stg_clean__statement') }} as statements
        on reported.document_id = statements.document_id and reported.statement = statements.statement
),

reported as (
    select
        account_id,
        period_start,
        period_end,
        ',' || string_agg(distinct section, ',' order by section) || ',' as sections
    from sections
    group by all
),

containing as (
    select
        inside.account_id,
        inside.period_start,
        inside.period_end,
        outside.period_start as outer_start,
        outside.period_end as outer_end,
        inside.when_generated_at,
        inside.detail_rank
    from statements as inside
    inner join statements as outside
        on
            inside.account_id = outside.account_id
            and outside.period_start <= inside.period_start
            and outside.period_end >= inside.period_end
            and (outside.period_start < inside.period_start or outside.period_end > inside.period_end)
            and outside.when_generated_at > inside.when_generated_at
),

restated as (
    select
        containing.account_id,
        containing.period_start,
        containing.period_end,
        ',' || string_agg(distinct sections.section, ',' order by sections.section) || ',' as restated_sections
    from containing
    inner join sections
        on
            containing.account_id = sections.account_id
            and containing.outer_start = sections.period_start
            and containing.outer_end = sections.period_end
            and sections.when_generated_at > containing.when_generated_at
            and sections.detail_rank <= containing.detail_rank
    group by all
)

select
    statements.account_id,
    statements.period_start,
    statements.period_end,
    statements.document_id,
    statements.when_generated_at,
    coalesce(reported.sections, ',') as sections,
    coalesce(restated.restated_sections, ',') as restated_sections
from statements
left join reported using (account_id, period_start, period_end)
left join restated using (account_id, period_start, period_end)
