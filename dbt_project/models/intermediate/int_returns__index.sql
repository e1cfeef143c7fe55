-- The time-weighted index of each unbroken chain of returns, 1 at its base, and the peak so far. A day without
-- capital leaves the index where it is; a day whose return is withheld starts a new chain at 1.
with

indexed as (
    select
        account_id,
        day_date,
        chain_id,
        min(day_date) over (partition by account_id, chain_id) as chain_start_date,
        product(1 + coalesce(twr, 0)) over (
            partition by account_id, chain_id order by day_date rows unbounded preceding
        ) as twr_index
    from {{ ref('int_returns__link') }}
),

peaked as (
    select
        *,
        greatest(1.0, max(twr_index) over (
            partition by account_id, chain_id order by day_date rows unbounded preceding
        )) as peak_index
    from indexed
)

select
    account_id,
    day_date,
    chain_id,
    chain_start_date,
    twr_index,
    peak_index,
    coalesce(
        max(day_date) filter (where twr_index = peak_index) over (
            partition by account_id, chain_id order by day_date rows unbounded preceding
        ),
        chain_start_date
    ) as peak_date,
    case when twr_index = peak_index then 0.0 else twr_index / peak_index - 1 end as drawdown
from peaked
