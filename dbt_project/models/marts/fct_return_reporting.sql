-- Daily returns in the reporting currency: each account, and all accounts as one under the account_id ALL (where there
-- are several). The first value of a series has no return: its row says base.
select
    returns.account_id,
    returns.reporting_currency,
    returns.day_date as return_date,
    returns.previous_nav_date,
    returns.return_status,
    returns.nav_start_reporting,
    returns.nav_end_reporting,
    returns.inflow_reporting,
    returns.outflow_reporting,
    returns.joined_reporting,
    returns.departed_reporting,
    returns.external_flow_reporting,
    returns.pnl_reporting,
    returns.twr,
    returns.accounts,
    returns.carried_accounts,
    returns.fx_rate_to_reporting,
    returns.withheld_reason,
    falls.twr_index,
    falls.drawdown
from {{ ref('int_returns__reporting') }} as returns
left join {{ ref('int_returns__index') }} as falls
    on returns.account_id = 'ALL' and falls.account_id = 'ALL' and returns.day_date = falls.day_date
