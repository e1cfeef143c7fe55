-- The time-weighted return of each account and day: inflows at the start of the day, outflows at its end.
-- The first value of an account has no row: there is nothing before it to compare with.
select
    account_id,
    day_date as return_date,
    previous_nav_date,
    nav_start_base,
    nav_end_base,
    external_flow_base,
    inflow_base,
    outflow_base,
    pnl_base,
    twr,
    return_status,
    withheld_reason
from {{ ref('int_returns__link') }}
where return_status <> 'base'
