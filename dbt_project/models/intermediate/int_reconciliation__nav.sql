-- Checks of the net asset value per account and period: the change adds up (identity 1), its ends are the daily
-- values (2), its components are what the other sections say (3). One row per check that the account could have.
with

periods as (
    select * from {{ ref('int_statements__merge_period') }}
),

nav as (
    select * from {{ ref('stg_clean__nav_daily') }} where total is not null
),

changes as (
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        starting_value,
        ending_value,
        -- Two views of one thing: mtm, or realised and unrealised where mtm is not filled.
        case
            when coalesce(mtm, 0) = 0 then coalesce(realized, 0) + coalesce(change_in_unrealized, 0)
            else mtm
        end + {{ sum_of(change_in_nav_components()) }} as components
    from {{ ref('stg_clean__change_in_nav') }}
),

ends as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        count(*) as nav_days,
        arg_min(nav.previous_report_date, nav.report_date) as prior_date,
        max(nav.report_date) as last_date
    from periods
    inner join nav
        on periods.account_id = nav.account_id and nav.report_date between periods.period_start and periods.period_end
    group by all
),

valued as (
    select
        periods.*,
        changes.starting_value,
        changes.ending_value,
        changes.components,
        ends.nav_days,
        ends.last_date,
        case when prior.report_date is null and days.is_opening then 0 else prior.total end as prior_total,
        nav.* exclude (account_id, report_date, document_id, section, row_ordinal)
    from periods
    left join changes using (account_id, period_start, period_end)
    left join ends using (account_id, period_start, period_end)
    left join nav on periods.account_id = nav.account_id and ends.last_date = nav.report_date
    left join nav as prior on periods.account_id = prior.account_id and ends.prior_date = prior.report_date
    left join {{ ref('int_calendar__day') }} as days
        on
            periods.account_id = days.account_id
            and days.is_opening
            and days.day_date between periods.period_start and periods.period_end
),

-- What the snapshot at the end of the period is worth, by the component of the net asset value it belongs to.
snapshots as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        max(positions.report_date) as snapshot_date
    from periods
    inner join {{ ref('stg_clean__position') }} as positions
        on
            periods.account_id = positions.account_id
            and positions.report_date between periods.period_start and periods.period_end
    group by all
),

holdings as (
    select
        snapshots.account_id,
        snapshots.period_start,
        snapshots.period_end,
        case
            when positions.asset_class = 'STK' then 'stock'
            when positions.asset_class in ('OPT', 'FOP', 'WAR', 'IOPT') then 'options'
            when positions.asset_class in ('BOND', 'BILL') then 'bonds'
            when positions.asset_class = 'FUND' then 'funds'
            when positions.asset_class = 'CRYPTO' then 'crypto'
            when positions.asset_class = 'CMDTY' then 'commodities'
        end as component,
        sum(positions.source_rows) as source_rows,
        count(*) filter (
            where positions.position_value is null
            or {{ day_rate('positions') }} is null
        ) as unvalued,
        sum({{ in_base('positions.position_value', 'positions') }}) as value_base
    from snapshots
    inner join {{ ref('stg_clean__position') }} as positions
        on snapshots.account_id = positions.account_id and snapshots.snapshot_date = positions.report_date
    {{ join_day_rate('positions', 'report_date') }}
    group by all
),

accruals as (
    select
        accruals.account_id,
        accruals.report_date,
        count(*) as source_rows,
        sum({{ in_base('accruals.net_amount', 'accruals') }}) as value_base
    from {{ ref('stg_clean__dividend_accrual') }} as accruals
    {{ join_day_rate('accruals', 'report_date') }}
    group by all
),

checks as (
    select
        account_id, period_start, period_end, sections,
        'change_in_nav_components' as check_name,
        'ChangeInNAV' as section,
        starting_value + components as ours,
        ending_value as broker,
        {{ tolerance() }} as tolerance,
        case
            when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
            when starting_value is null then {{ field_missing('ChangeInNAV', 'Starting Value') }}
            when ending_value is null then {{ field_missing('ChangeInNAV', 'Ending Value') }}
        end as missing,
        'Starting value plus components against the ending value of Change in NAV.' as meaning
    from valued

    union all

    select
        account_id, period_start, period_end, sections,
        'nav_start', 'ChangeInNAV', prior_total, starting_value, {{ tolerance() }},
        case
            when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
            when not {{ reports('EquitySummaryInBase') }} then {{ section_missing('EquitySummaryInBase') }}
            when starting_value is null then {{ field_missing('ChangeInNAV', 'Starting Value') }}
            when prior_total is null
                then 'The net asset value of the day before the period is in no statement.'
        end,
        'Net asset value of the day before the period against the starting value of Change in NAV.'
    from valued

    union all

    select
        account_id, period_start, period_end, sections,
        'nav_end', 'ChangeInNAV', total, ending_value, {{ tolerance() }},
        case
            when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
            when not {{ reports('EquitySummaryInBase') }} then {{ section_missing('EquitySummaryInBase') }}
            when ending_value is null then {{ field_missing('ChangeInNAV', 'Ending Value') }}
            when total is null then 'No net asset value of this period is in any statement.'
        end,
        'Last net asset value of the period against the ending value of Change in NAV.'
    from valued

    union all

    select
        account_id, period_start, period_end, sections,
        'nav_components', 'EquitySummaryInBase', {{ sum_of(nav_components()) }}, total, {{ tolerance() }},
        case
            when not {{ reports('EquitySummaryInBase') }} then {{ section_missing('EquitySummaryInBase') }}
            when total is null then 'No net asset value of this period is in any statement.'
            when cash is null and stock is null
                then {{ field_missing('EquitySummaryInBase', 'Cash') }}
        end,
        'Sum of the components of the last net asset value against its total.'
    from valued

    union all

    select
        valued.account_id, valued.period_start, valued.period_end, valued.sections,
        'nav_cash', 'CashReport', valued.cash, reports.ending_cash, {{ tolerance() }},
        case
            when not {{ reports('EquitySummaryInBase') }} then {{ section_missing('EquitySummaryInBase') }}
            when not {{ reports('CashReport') }} then {{ section_missing('CashReport') }}
            when valued.cash is null then {{ field_missing('EquitySummaryInBase', 'Cash') }}
            when reports.ending_cash is null then 'The Cash Report has no row BASE_SUMMARY with an ending cash.'
        end,
        'Cash in the last net asset value against the ending cash of the Cash Report.'
    from valued
    left join {{ ref('stg_clean__cash_balance') }} as reports
        on
            valued.account_id = reports.account_id
            and valued.period_start = reports.period_start_date
            and valued.period_end = reports.period_end_date
            and reports.currency = 'BASE_SUMMARY'

    {% for component in ['stock', 'options', 'bonds', 'funds', 'crypto', 'commodities'] %}
    union all

    select
        valued.account_id, valued.period_start, valued.period_end, valued.sections,
        'nav_{{ component }}', 'EquitySummaryInBase', coalesce(holdings.value_base, 0), valued.{{ component }},
        {{ tolerance_of_rows('coalesce(holdings.source_rows, 1)') }},
        case
            when not {{ reports('EquitySummaryInBase') }} then {{ section_missing('EquitySummaryInBase') }}
            when not {{ reports('OpenPositions') }} then {{ section_missing('OpenPositions') }}
            when valued.total is null then 'No net asset value of this period is in any statement.'
            when valued.{{ component }} is null then 'The net asset value does not report the component {{ component }}.'
            when holdings.unvalued > 0
                then holdings.unvalued || ' open position(s) have no value or no exchange rate.'
            when snapshots.snapshot_date <> valued.last_date
                then 'The positions are of ' || strftime(snapshots.snapshot_date, '%Y-%m-%d')
                    || ', the net asset value of ' || strftime(valued.last_date, '%Y-%m-%d') || '.'
        end,
        'Value of the open positions against the component {{ component }} of the last net asset value.'
    from valued
    left join snapshots using (account_id, period_start, period_end)
    left join holdings
        on
            valued.account_id = holdings.account_id
            and valued.period_start = holdings.period_start
            and valued.period_end = holdings.period_end
            and holdings.component = '{{ component }}'
    {% if component != 'stock' %}
    where coalesce(valued.{{ component }}, 0) <> 0 or holdings.component is not null
    {% endif %}
    {% endfor %}

    union all

    select
        valued.account_id, valued.period_start, valued.period_end, valued.sections,
        'nav_dividend_accruals', 'EquitySummaryInBase', coalesce(accruals.value_base, 0), valued.dividend_accruals,
        {{ tolerance_of_rows('coalesce(accruals.source_rows, 1)') }},
        case
            when not {{ reports('EquitySummaryInBase') }} then {{ section_missing('EquitySummaryInBase') }}
            when not {{ reports('OpenDividendAccruals') }} then {{ section_missing('OpenDividendAccruals') }}
            when valued.total is null then 'No net asset value of this period is in any statement.'
            when valued.dividend_accruals is null
                then {{ field_missing('EquitySummaryInBase', 'Dividend Accruals') }}
        end,
        'Open dividend accruals against their component of the last net asset value.'
    from valued
    left join accruals on valued.account_id = accruals.account_id and valued.period_end = accruals.report_date
)

select
    account_id,
    period_start,
    period_end,
    check_name,
    section,
    cast(null as varchar) as currency,
    ours,
    broker,
    tolerance,
    missing,
    meaning
from checks
