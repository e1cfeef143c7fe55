-- Modified Dietz where daily values are missing: over each period of Change in NAV whose days do not link up to it, and
-- over each hole between two days with a value. Both values and every flow of the stretch must be known, with its day:
-- an inflow works from the start of its day, an outflow until the end of it. A stretch with a day that no statement with
-- cash transactions (or a Change in NAV without flows) covers is withheld.
with

stretches as (
    select
        changes.account_id,
        changes.period_start_date - 1 as start_date,
        changes.period_end_date as end_date,
        true as is_stated,
        changes.starting_value as nav_start_base,
        changes.ending_value as nav_end_base,
        changes.twr_percent / 100 as broker_twr
    from {{ ref('stg_clean__change_in_nav') }} as changes
    where changes.starting_value is not null and changes.ending_value is not null

    union all

    select account_id, previous_nav_date, day_date, false, nav_start_base, nav_end_base, null
    from {{ ref('int_returns__link') }}
    where return_status = 'gap'
),

linked as (
    -- The stated periods whose days lead from their own starting value to their own ending value.
    select
        stretches.account_id,
        stretches.start_date,
        stretches.end_date,
        list_product(list(1 + days.twr order by days.day_date) filter (where days.twr is not null)) - 1 as daily_twr,
        sum(days.external_flow_base) as external_flow_base
    from stretches
    inner join {{ ref('int_returns__link') }} as days
        on
            stretches.account_id = days.account_id
            and days.day_date > stretches.start_date
            and days.day_date <= stretches.end_date
    where stretches.is_stated
    group by all
    having
        not bool_or(days.breaks_chain or days.return_status = 'base')
        and abs(arg_min(days.nav_start_base, days.day_date) - any_value(stretches.nav_start_base)) <= {{ tolerance() }}
        and abs(arg_max(days.nav_end_base, days.day_date) - any_value(stretches.nav_end_base)) <= {{ tolerance() }}
),

open_stretches as (
    select stretches.*
    from stretches
    anti join linked
        on
            stretches.account_id = linked.account_id
            and stretches.start_date = linked.start_date
            and stretches.end_date = linked.end_date
            and stretches.is_stated
),

covering as (
    select account_id, period_start, period_end
    from {{ ref('int_statements__merge_period') }}
    where contains(sections, ',CashTransactions,')

    union all

    select account_id, period_start_date, period_end_date
    from {{ ref('stg_clean__change_in_nav') }}
    where {{ is_flow_free() }}
),

weekdays as (
    select account_id, start_date, end_date, is_stated, cast(day as date) as day
    from (
        select *, unnest(generate_series(start_date + 1, end_date, interval 1 day)) as day
        from open_stretches
    )
    where isodow(day) < 6
),

uncovered as (
    select account_id, start_date, end_date, is_stated, count(*) as days, min(day) as first_date
    from weekdays
    anti join covering
        on weekdays.account_id = covering.account_id and weekdays.day between covering.period_start and covering.period_end
    group by all
),

weighted as (
    select
        stretches.account_id,
        stretches.start_date,
        stretches.end_date,
        stretches.is_stated,
        sum(flows.amount_base) as external_flow_base,
        sum(
            cast(flows.amount_base as double)
            * (stretches.end_date - flows.flow_date + case when flows.amount_base > 0 then 1 else 0 end)
        ) / any_value(stretches.end_date - stretches.start_date) as weighted_flow,
        count(*) filter (where flows.amount_base is null) as flows_without_rate
    from open_stretches as stretches
    inner join {{ ref('int_flows__collect') }} as flows
        on
            stretches.account_id = flows.account_id
            and flows.flow_date > stretches.start_date
            and flows.flow_date <= stretches.end_date
    group by all
),

measured as (
    select
        stretches.*,
        linked.daily_twr,
        linked.account_id is not null as is_daily,
        coalesce(linked.external_flow_base, weighted.external_flow_base, 0) as external_flow_base,
        cast(stretches.nav_start_base as double) + coalesce(weighted.weighted_flow, 0) as capital,
        case
            when linked.account_id is not null
                then case when linked.daily_twr is null then 'The account held nothing in this period.' end
            when uncovered.days > 0
                then uncovered.days || ' day(s) are in no statement that reports Cash Transactions or a Change in NAV '
                    || 'without flows; first ' || strftime(uncovered.first_date, '%Y-%m-%d') || '.'
            when weighted.flows_without_rate > 0
                then weighted.flows_without_rate || ' flow(s) have no exchange rate to the base currency.'
            when cast(stretches.nav_start_base as double) + coalesce(weighted.weighted_flow, 0) <= 0
                then 'The average capital of the period is not above zero.'
        end as withheld_reason
    from stretches
    left join linked
        on
            stretches.account_id = linked.account_id
            and stretches.start_date = linked.start_date
            and stretches.end_date = linked.end_date
            and stretches.is_stated
    left join uncovered
        on
            stretches.account_id = uncovered.account_id
            and stretches.start_date = uncovered.start_date
            and stretches.end_date = uncovered.end_date
            and stretches.is_stated = uncovered.is_stated
    left join weighted
        on
            stretches.account_id = weighted.account_id
            and stretches.start_date = weighted.start_date
            and stretches.end_date = weighted.end_date
            and stretches.is_stated = weighted.is_stated
)

select
    account_id,
    start_date,
    end_date,
    is_stated,
    nav_start_base,
    nav_end_base,
    case when withheld_reason is null then external_flow_base end as external_flow_base,
    case when withheld_reason is null then nav_end_base - nav_start_base - external_flow_base end as pnl_base,
    case when withheld_reason is null
        then case
            when is_daily then daily_twr
            else cast(nav_end_base - nav_start_base - external_flow_base as double) / capital
        end
    end as rate_of_return,
    case when withheld_reason is null then case when is_daily then 'daily_twr' else 'modified_dietz' end end
        as return_method,
    broker_twr,
    withheld_reason
from measured
