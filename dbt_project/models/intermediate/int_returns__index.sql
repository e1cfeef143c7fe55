-- The time-weighted index of each unbroken chain of returns, 1 at its base, and the peak so far. A day without
-- capital leaves the index where it is; a day whose return is withheld starts a new chain at 1.
with

indexed as (
    select
        account_id,
        day_date,
        chain_id,
        min(day_date) over (partition by account_id, chain_id) as chain_start_date,
        product(1 + coalesce(twr, 0)) {{ so_far('account_id, chain_id') }} as twr_index
    from {{ ref('int_returns__series') }}
),

peaked as (
    select
        *,
        {{ peak_so_far('account_id, chain_id') }} as peak_index
    from indexed
)

select
    account_id,
    day_date,
    chain_id,
    chain_start_date,
    twr_index,
    peak_index,
    {{ peak_date_so_far('account_id, chain_id', 'chain_start_date') }} as peak_date,
    {{ fall_from_peak() }} as drawdown
from peaked
