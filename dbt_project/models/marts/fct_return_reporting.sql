-- Daily returns in the reporting currency: each account, and all accounts as one under the account_id ALL (where there
-- are several). The first value of a series has no return: its row says base.
select
    account_id,
    reporting_currency,
    day_date as return_date,
    previous_nav_date,
    return_status,
    nav_start_reporting,
    nav_end_reporting,
    inflow_reporting,
    outflow_reporting,
    joined_reporting,
    departed_reporting,
    external_flow_reporting,
    pnl_reporting,
    twr,
    accounts,
    carried_accounts,
    fx_rate_to_reporting,
    withheld_reason
from {{ ref('int_returns__reporting') }}
