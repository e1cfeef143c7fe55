-- Everything that is wrong, missing, unknown or withheld, a finding a row, with what to do about it.
with

withheld_metrics as (
    select
        'withheld_metric' as check_name,
        'info' as severity,
        account_id,
        cast(null as varchar) as section,
        performance_window as subject,
        string_agg(metric, ', ' order by metric) || ': ' || withheld_reason as detail,
        'Fetch older statements where history is missing; otherwise nothing is to be done.' as suggestion
    from {{ ref('int_performance__metric') }}
    where
        withheld_reason is not null
        and unit <> 'date'
        -- A benchmark is a choice: its absence is no finding.
        and withheld_reason not like 'No benchmark series%'
    group by account_id, performance_window, withheld_reason
),

without_value as (
    select
        'position_without_value',
        'info',
        account_id,
        'OpenPositions',
        symbol,
        count(*) || ' day(s) without a value, from ' || strftime(min(position_date), '%Y-%m-%d') || ' to '
        || strftime(max(position_date), '%Y-%m-%d') || ': ' || withheld_reason,
        'Add the sections Prior Period Positions and Conversion Rates to the Flex query, or fetch daily statements.'
    from {{ ref('fct_position_daily') }}
    where withheld_reason is not null and asset_class not in ('FUT', 'CFD')
    group by account_id, symbol, instrument_key, withheld_reason
),

not_covered as (
    select
        'coverage_gap',
        case gap when 'missing_days' then 'warning' else 'info' end,
        account_id,
        cast(null as varchar),
        strftime(first_date, '%Y-%m-%d') || ' to ' || strftime(last_date, '%Y-%m-%d'),
        detail,
        suggestion
    from {{ ref('coverage_gap') }}
),

unexplained as (
    select
        'pnl_unexplained',
        'warning',
        account_id,
        cast(null as varchar),
        'other',
        count(*) || ' day(s) whose PnL holds ' || {{ money_text('sum(other_base)') }} || ' that no row explains, from '
        || strftime(min(pnl_date), '%Y-%m-%d') || ' to ' || strftime(max(pnl_date), '%Y-%m-%d') || '. First: '
        || arg_min(withheld_reason, pnl_date),
        'Add the sections that docs/guides/flex-query.md lists to the Flex query; fct_pnl_daily names each day''s reason.'
    from {{ ref('fct_pnl_daily') }}
    where instrument_key is null and abs(other_base) > {{ tolerance() }}
    group by account_id
)

select
    check_name,
    severity,
    account_id,
    document_id,
    section,
    row_ordinal,
    subject,
    detail,
    suggestion
from {{ ref('int_health__documents') }}

union all

select
    check_name,
    severity,
    account_id,
    null as document_id,
    section,
    null as row_ordinal,
    subject,
    detail,
    suggestion
from (
    select * from {{ ref('int_health__books') }}
    union all
    select * from withheld_metrics
    union all
    select * from without_value
    union all
    select * from not_covered
    union all
    select * from unexplained
)
