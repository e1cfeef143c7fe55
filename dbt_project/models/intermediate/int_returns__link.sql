-- One row per account and day with a net asset value: the day's flows, its return, or why there is none.
-- Inflows come at the start of the day and outflows at its end: r = (end + out) / (start + in) - 1.
with

days as (
    select
        *,
        lag(nav_base) over (partition by account_id order by day_date) as prior_nav_base
    from {{ ref('int_calendar__day') }}
    where is_nav_day
),

flows as (
    select
        account_id,
        nav_date as day_date,
        sum(amount_base) filter (where amount_base > 0) as inflow_base,
        -sum(amount_base) filter (where amount_base < 0) as outflow_base,
        count(*) filter (where amount_base is null) as flows_without_rate
    from {{ ref('int_flows__collect') }}
    where nav_date is not null
    group by all
),

joined as (
    select
        days.account_id,
        days.day_date,
        case when not days.is_opening then days.prior_nav_date end as previous_nav_date,
        days.is_first_nav_day,
        days.is_opening,
        days.is_gap,
        days.covers_cash_transactions,
        coalesce(flows.flows_without_rate, 0) as flows_without_rate,
        case when days.is_opening then 0 else days.prior_nav_base end as nav_start_base,
        days.nav_base as nav_end_base,
        coalesce(flows.inflow_base, 0) as inflow_base,
        coalesce(flows.outflow_base, 0) as outflow_base
    from days
    left join flows
        on days.account_id = flows.account_id and days.day_date = flows.day_date
),

judged as (
    select
        *,
        nav_start_base + inflow_base as capital_base,
        case
            when is_first_nav_day and not is_opening then 'base'
            when is_gap then 'gap'
            when not covers_cash_transactions then 'flows_unknown'
            when flows_without_rate > 0 then 'rate_missing'
            when nav_start_base + inflow_base = 0 and nav_end_base + outflow_base = 0 then 'no_capital'
            when nav_start_base + inflow_base <= 0 then 'capital_not_positive'
            else 'computed'
        end as return_status
    from joined
)

select
    account_id,
    day_date,
    previous_nav_date,
    is_opening,
    return_status,
    nav_start_base,
    nav_end_base,
    case when return_status not in ('base', 'gap', 'flows_unknown', 'rate_missing') then inflow_base end as inflow_base,
    case when return_status not in ('base', 'gap', 'flows_unknown', 'rate_missing') then outflow_base end as outflow_base,
    case when return_status not in ('base', 'gap', 'flows_unknown', 'rate_missing')
        then inflow_base - outflow_base
    end as external_flow_base,
    case when return_status not in ('base', 'gap', 'flows_unknown', 'rate_missing')
        then nav_end_base - nav_start_base - inflow_base + outflow_base
    end as pnl_base,
    case when return_status = 'computed'
        then cast(nav_end_base + outflow_base - capital_base as double) / cast(capital_base as double)
    end as twr,
    return_status in ('gap', 'flows_unknown', 'rate_missing', 'capital_not_positive') as breaks_chain,
    count(*) filter (where return_status in ('gap', 'flows_unknown', 'rate_missing', 'capital_not_positive'))
        over (partition by account_id order by day_date) as chain_id,
    case return_status
        when 'gap' then 'No statement covers the days between ' || coalesce(strftime(previous_nav_date, '%Y-%m-%d'), 'the start')
            || ' and ' || strftime(day_date, '%Y-%m-%d') || ': what flowed in between is unknown.'
        when 'flows_unknown' then 'No statement of this day reports Cash Transactions or a Change in NAV without flows: '
            || 'deposits and withdrawals are unknown.'
        when 'rate_missing' then 'A deposit, withdrawal or transfer of this day has no exchange rate to the base currency.'
        when 'no_capital' then 'The account held nothing on this day.'
        when 'capital_not_positive' then 'The net asset value at the start plus the inflows is not above zero.'
    end as withheld_reason
from judged
