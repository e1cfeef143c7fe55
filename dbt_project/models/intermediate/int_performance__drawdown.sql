-- The deepest fall of each complete window from its running peak, the starting value included: depth, peak,
-- trough, and the first day back at the peak.
with

points as (
    select
        windows.account_id,
        windows.performance_window,
        windows.start_date,
        returns.day_date,
        product(1 + coalesce(returns.twr, 0)) {{ so_far('windows.account_id, windows.performance_window') }} as twr_index
    from {{ ref('int_performance__window') }} as windows
    inner join {{ ref('int_returns__series') }} as returns
        on
            windows.account_id = returns.account_id
            and returns.day_date > windows.start_date
            and returns.day_date <= windows.as_of_date
    where windows.withheld_reason is null
),

peaked as (
    select
        *,
        {{ peak_so_far('account_id, performance_window') }} as peak_index
    from points
),

dated as (
    select
        *,
        {{ peak_date_so_far('account_id, performance_window', 'start_date') }} as peak_date,
        {{ fall_from_peak() }} as drawdown
    from peaked
),

deepest as (
    select
        account_id,
        performance_window,
        min(drawdown) as max_drawdown,
        arg_min(day_date, (drawdown, day_date)) as trough_date,
        arg_min(peak_date, (drawdown, day_date)) as peak_date,
        arg_min(peak_index, (drawdown, day_date)) as peak_index
    from dated
    group by all
)

select
    deepest.account_id,
    deepest.performance_window,
    deepest.max_drawdown,
    case when deepest.max_drawdown < 0 then deepest.peak_date end as peak_date,
    case when deepest.max_drawdown < 0 then deepest.trough_date end as trough_date,
    min(dated.day_date) filter (where deepest.max_drawdown < 0) as recovery_date
from deepest
left join dated
    on
        deepest.account_id = dated.account_id
        and deepest.performance_window = dated.performance_window
        and dated.day_date > deepest.trough_date
        and dated.twr_index >= deepest.peak_index
group by all
