-- Return and PnL of each account and calendar month, linked from the daily returns.
with

months as (
    select
        account_id,
        cast(date_trunc('month', day_date) as date) as month_date,
        count(*) filter (where return_status = 'computed') as return_days,
        min(day_date) as first_return_date,
        max(day_date) as last_return_date,
        list_product(list(1 + twr order by day_date) filter (where twr is not null)) - 1 as twr,
        sum(pnl_base) as pnl_base,
        sum(external_flow_base) as external_flow_base,
        arg_min(nav_start_base, day_date) as nav_start_base,
        arg_max(nav_end_base, day_date) as nav_end_base,
        count(*) filter (where breaks_chain) as broken_days,
        arg_min(withheld_reason, day_date) filter (where breaks_chain) as broken_reason
    from {{ ref('int_returns__link') }}
    where return_status <> 'base'
    group by all
)

select
    account_id,
    month_date,
    case when broken_days = 0 then twr end as twr,
    case when broken_days = 0 then pnl_base end as pnl_base,
    case when broken_days = 0 then external_flow_base end as external_flow_base,
    nav_start_base,
    nav_end_base,
    first_return_date,
    last_return_date,
    cast(return_days as integer) as return_days,
    case
        when broken_days > 0 then broken_reason
        when return_days = 0 then 'The account held nothing in this month.'
    end as withheld_reason
from months
