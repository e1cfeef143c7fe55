-- Checks of interest per account and period: accruals and their details, against Change in NAV and net asset value (4).
-- Part of int_reconciliation__summary.
{{ config(materialized='view') }}

with

periods as (
    select * from {{ ref('int_statements__merge_period') }}
),

changes as (
    select account_id, period_start_date as period_start, period_end_date as period_end, change_in_interest_accruals
    from {{ ref('stg_clean__change_in_nav') }}
),

accruals as (
    select
        *,
        coalesce(interest_accrued, 0) + coalesce(accrual_reversal, 0) as moved
    from {{ ref('stg_clean__interest_accrual') }}
),

details as (
    select account_id, currency, value_date, count(*) as source_rows, sum(total_interest) as interest
    from (
        select * replace (coalesce(value_date, report_date) as value_date) from {{ ref('stg_clean__interest_detail') }}
    )
    where total_interest is not null
    group by all
),

nav as (
    select account_id, report_date, interest_accruals
    from {{ ref('stg_clean__nav_daily') }}
    where interest_accruals is not null
)

select
    periods.account_id,
    periods.period_start,
    periods.period_end,
    'interest_accrual_components' as check_name,
    'InterestAccruals' as section,
    currency,
    starting_accrual + moved + coalesce(fx_translation, 0) as ours,
    ending_accrual as broker,
    {{ tolerance() }} as tolerance,
    case
        when starting_accrual is null then {{ field_missing('InterestAccruals', 'Starting Accrual Balance') }}
        when ending_accrual is null then {{ field_missing('InterestAccruals', 'Ending Accrual Balance') }}
    end as missing,
    'Accrued interest before the period plus what moved it against the accrued interest at its end.' as meaning
from periods
inner join accruals
    on
        periods.account_id = accruals.account_id
        and periods.period_start = accruals.period_start_date
        and periods.period_end = accruals.period_end_date
where {{ reports('InterestAccruals') }}

union all

select
    periods.account_id, periods.period_start, periods.period_end, 'interest_accrual_change', 'InterestAccruals', null,
    coalesce(accruals.moved, 0), changes.change_in_interest_accruals, {{ tolerance() }},
    case
        when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
        when changes.change_in_interest_accruals is null
            then {{ field_missing('ChangeInNAV', 'Change in Interest Accruals') }}
    end,
    'Interest accrued less accruals taken back, in base currency, against Change in NAV.'
from periods
left join changes using (account_id, period_start, period_end)
left join accruals
    on
        periods.account_id = accruals.account_id
        and periods.period_start = accruals.period_start_date
        and periods.period_end = accruals.period_end_date
        and accruals.currency = 'BASE_SUMMARY'
where {{ reports('InterestAccruals') }}

union all

select
    accruals.account_id, accruals.period_start_date, accruals.period_end_date,
    'nav_interest_accruals', 'InterestAccruals', null,
    accruals.ending_accrual, nav.interest_accruals, {{ tolerance() }},
    case
        when not {{ reports('EquitySummaryInBase') }} then {{ section_missing('EquitySummaryInBase') }}
        when nav.report_date is null or nav.report_date < accruals.period_start_date
            then 'No net asset value of the period names the interest accruals.'
        when accruals.ending_accrual is null
            then {{ field_missing('InterestAccruals', 'Ending Accrual Balance') }}
    end,
    'Accrued interest at the end of the period against its component of the last net asset value.'
from accruals
inner join periods
    on
        accruals.account_id = periods.account_id
        and accruals.period_start_date = periods.period_start
        and accruals.period_end_date = periods.period_end
asof left join nav on accruals.account_id = nav.account_id and accruals.period_end_date >= nav.report_date
where accruals.currency = 'BASE_SUMMARY'

union all

select
    periods.account_id, periods.period_start, periods.period_end, 'interest_details', 'TierInterestDetails',
    accruals.currency,
    coalesce(sum(details.interest), 0), any_value(accruals.interest_accrued),
    {{ tolerance_of_rows('coalesce(sum(details.source_rows), 1)') }},
    case
        when any_value(accruals.interest_accrued) is null
            then {{ field_missing('InterestAccruals', 'Interest Accrued') }}
    end,
    'Interest by day and tier against the interest accrued in the period.'
from periods
inner join accruals
    on
        periods.account_id = accruals.account_id
        and periods.period_start = accruals.period_start_date
        and periods.period_end = accruals.period_end_date
        and accruals.currency <> 'BASE_SUMMARY'
left join details
    on
        periods.account_id = details.account_id
        and accruals.currency = details.currency
        and details.value_date between periods.period_start and periods.period_end
where {{ reports('TierInterestDetails') }}
group by periods.account_id, periods.period_start, periods.period_end, accruals.currency
