-- The time-weighted index of each account and its fall from the peak, day by day. A day whose return is withheld
-- starts a new chain at 1: chain_start_date says since when the index runs.
select
    account_id,
    day_date as nav_date,
    twr_index,
    peak_index,
    peak_date,
    drawdown,
    chain_start_date
from {{ ref('int_returns__index') }}
where account_id <> 'ALL'
