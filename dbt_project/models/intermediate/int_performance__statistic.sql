-- Return statistics of the complete windows: growth, dispersion, best and worst day. Volatility and the ratios are
-- of simple daily returns, ddof = 1, 252 days a year; the downside counts all days of the window.
with

windows as (
    select * from {{ ref('int_performance__window') }}
    where withheld_reason is null
),

daily_rates as (
    select
        pow(1 + {{ var('risk_free_rate_annual') }}, 1 / 252.0) - 1 as risk_free,
        pow(1 + {{ var('minimum_acceptable_return_annual') }}, 1 / 252.0) - 1 as acceptable
),

days as (
    select
        windows.account_id,
        windows.performance_window,
        returns.day_date,
        returns.twr,
        returns.twr - daily_rates.risk_free as excess,
        returns.twr - daily_rates.acceptable as over_acceptable
    from windows
    inner join {{ ref('int_returns__link') }} as returns
        on
            windows.account_id = returns.account_id
            and returns.day_date > windows.start_date
            and returns.day_date <= windows.as_of_date
    cross join daily_rates
    where returns.twr is not null
)

select
    account_id,
    performance_window,
    count(*) as return_days,
    product(1 + twr) - 1 as twr,
    case when count(*) > 1 then stddev_samp(twr) * sqrt(252) end as volatility,
    case when count(*) > 1 and stddev_samp(excess) > 1e-15 then avg(excess) / stddev_samp(excess) * sqrt(252) end as sharpe,
    case when count(*) filter (where over_acceptable < 0) > 0
        then avg(over_acceptable) / sqrt(avg(pow(least(over_acceptable, 0), 2))) * sqrt(252)
    end as sortino,
    max(twr) as best_day,
    min(day_date) filter (where twr = best_twr) as best_day_date,
    min(twr) as worst_day,
    min(day_date) filter (where twr = worst_twr) as worst_day_date,
    count(*) filter (where twr > 0) as days_up,
    count(*) filter (where twr <> 0) as days_moved
from (
    select
        *,
        max(twr) over (partition by account_id, performance_window) as best_twr,
        min(twr) over (partition by account_id, performance_window) as worst_twr
    from days
)
group by account_id, performance_window
