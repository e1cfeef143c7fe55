-- Return statistics of the complete windows: growth, dispersion, best and worst day. Volatility and the ratios are
-- of simple daily returns, ddof = 1, 252 days a year; the downside counts all days of the window. The days are put in
-- order first, so that the last digit of a sum of doubles is the same in every build.
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
    inner join {{ ref('int_returns__series') }} as returns
        on
            windows.account_id = returns.account_id
            and returns.day_date > windows.start_date
            and returns.day_date <= windows.as_of_date
    cross join daily_rates
    where returns.twr is not null
),

series as (
    select
        account_id,
        performance_window,
        count(*) as return_days,
        list(twr order by day_date) as returns,
        list(excess order by day_date) as excesses,
        list(over_acceptable order by day_date) as overs,
        arg_max(day_date, (twr, -epoch(day_date))) as best_day_date,
        arg_min(day_date, (twr, epoch(day_date))) as worst_day_date
    from days
    group by account_id, performance_window
),

moments as (
    select
        *,
        list_avg(excesses) as mean_excess,
        case when return_days > 1 then list_stddev_samp(excesses) end as excess_deviation,
        list_avg(overs) as mean_over,
        sqrt(list_avg(list_transform(overs, lambda over: pow(least(over, 0), 2)))) as downside
    from series
)

select
    account_id,
    performance_window,
    return_days,
    list_product(list_transform(returns, lambda twr: 1 + twr)) - 1 as twr,
    case when return_days > 1 then list_stddev_samp(returns) * sqrt(252) end as volatility,
    case when excess_deviation > 1e-15 then mean_excess / excess_deviation * sqrt(252) end as sharpe,
    case when downside > 0 then mean_over / downside * sqrt(252) end as sortino,
    list_max(returns) as best_day,
    best_day_date,
    list_min(returns) as worst_day,
    worst_day_date,
    len(list_filter(returns, lambda twr: twr > 0)) as days_up,
    len(list_filter(returns, lambda twr: twr <> 0)) as days_moved
from moments
