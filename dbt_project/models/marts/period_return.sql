-- The return of each period that the broker states a change in value for, and of each hole in the daily values, with the
-- method that measured it.
select
    account_id,
    start_date + 1 as period_start_date,
    end_date as period_end_date,
    case when is_stated then 'change_in_nav' else 'hole' end as period_kind,
    nav_start_base,
    nav_end_base,
    cast(external_flow_base as {{ exact() }}) as external_flow_base,
    cast(pnl_base as {{ exact() }}) as pnl_base,
    rate_of_return,
    return_method,
    cast(broker_twr as double) as broker_twr,
    withheld_reason
from {{ ref('int_returns__bridge') }}
