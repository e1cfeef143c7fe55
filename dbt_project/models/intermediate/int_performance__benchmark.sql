-- Each complete window against the benchmark that the setting names: regression on its excess returns, the differences,
-- and what was kept of its rising and falling days. No row where no series is there. The benchmark's return of a day runs
-- between the same two days as the account's; a day without a close takes the last one, at most seven days old.
with

closes as (
    select price_date, cast(close as double) as close
    from {{ ref('int_benchmark__select') }}
),

days as (
    select
        account_id,
        day_date,
        twr,
        coalesce(lag(day_date) over (partition by account_id order by day_date), day_date - 1) as prior_date
    from {{ ref('int_returns__series') }}
    where exists (select 1 from closes)
),

paired as (
    select
        days.account_id,
        days.day_date,
        days.twr,
        case
            when days.prior_date - before.price_date <= 7 and days.day_date - after.price_date <= 7
                then after.close / before.close - 1
        end as benchmark
    from days
    asof left join closes as before on days.prior_date >= before.price_date
    asof left join closes as after on days.day_date >= after.price_date
    where days.twr is not null
),

windows as (
    select account_id, performance_window, start_date, as_of_date, calendar_days
    from {{ ref('int_performance__window') }}
    where withheld_reason is null
),

rate as (
    select pow(1 + {{ var('risk_free_rate_annual') }}, 1 / 252.0) - 1 as risk_free
),

series as (
    select
        windows.account_id,
        windows.performance_window,
        windows.calendar_days,
        count(*) as return_days,
        min(paired.day_date) filter (where paired.benchmark is null) as missing_date,
        any_value(rate.risk_free) as risk_free,
        list(paired.twr order by paired.day_date) as returns,
        list(paired.benchmark order by paired.day_date) as benchmarks,
        list(paired.twr - paired.benchmark order by paired.day_date) as differences,
        list(1 + paired.twr order by paired.day_date) filter (where paired.benchmark > 0) as up_returns,
        list(1 + paired.benchmark order by paired.day_date) filter (where paired.benchmark > 0) as up_benchmarks,
        list(1 + paired.twr order by paired.day_date) filter (where paired.benchmark < 0) as down_returns,
        list(1 + paired.benchmark order by paired.day_date) filter (where paired.benchmark < 0) as down_benchmarks
    from windows
    inner join paired
        on
            windows.account_id = paired.account_id
            and paired.day_date > windows.start_date
            and paired.day_date <= windows.as_of_date
    cross join rate
    group by all
),

usable as (
    select
        *,
        case
            when missing_date is not null
                then 'The benchmark has no close on or shortly before ' || strftime(missing_date, '%Y-%m-%d')
                    || ' or the day before it.'
            when return_days < 3 then 'Fewer than three daily returns beside the benchmark''s.'
        end as withheld_reason
    from series
),

moments as (
    select
        *,
        list_avg(returns) as mean_return,
        list_avg(benchmarks) as mean_benchmark
    from usable
    where withheld_reason is null
),

regressed as (
    select
        *,
        list_sum(list_transform(benchmarks, lambda other, i: (other - mean_benchmark) * (returns[i] - mean_return)))
        / nullif(list_sum(list_transform(benchmarks, lambda other: pow(other - mean_benchmark, 2))), 0) as beta,
        list_stddev_samp(differences) as deviation
    from moments
)

select
    usable.account_id,
    usable.performance_window,
    regressed.beta,
    (regressed.mean_return - regressed.risk_free - regressed.beta * (regressed.mean_benchmark - regressed.risk_free))
    * case when regressed.calendar_days >= 365 then 252 else regressed.return_days end as alpha,
    regressed.deviation * sqrt(252) as tracking_error,
    case when regressed.deviation > 1e-15
        then list_avg(regressed.differences) / regressed.deviation * sqrt(252)
    end as information_ratio,
    (pow(list_product(regressed.up_returns), 1.0 / len(regressed.up_returns)) - 1)
    / nullif(pow(list_product(regressed.up_benchmarks), 1.0 / len(regressed.up_benchmarks)) - 1, 0) as up_capture,
    (pow(list_product(regressed.down_returns), 1.0 / len(regressed.down_returns)) - 1)
    / nullif(pow(list_product(regressed.down_benchmarks), 1.0 / len(regressed.down_benchmarks)) - 1, 0) as down_capture,
    usable.withheld_reason
from usable
left join regressed using (account_id, performance_window)
