-- The money-weighted return of each complete window: the rate at which the starting value, the flows and the ending
-- value balance (XIRR, days / 365; for windows under a year the rate of the window itself, not annualised).
-- The sign of the net present value is counted over a grid of log growth from 0.0001 to 10000; exactly one change
-- is closed in by bisection; none or several are withheld.
with recursive

windows as (
    select
        account_id,
        performance_window,
        start_date,
        as_of_date,
        calendar_days,
        least(calendar_days, 365) as basis_days,
        nav_start_base,
        nav_end_base
    from {{ ref('int_performance__window') }}
    where withheld_reason is null and calendar_days > 0
),

bookings as (
    select account_id, performance_window, start_date as booked_date, -nav_start_base as amount
    from windows

    union all

    select account_id, performance_window, as_of_date, nav_end_base
    from windows

    union all

    select windows.account_id, windows.performance_window, greatest(flows.flow_date, windows.start_date), -flows.amount_base
    from windows
    inner join {{ ref('int_flows__collect') }} as flows
        on
            windows.account_id = flows.account_id
            and flows.nav_date > windows.start_date
            and flows.nav_date <= windows.as_of_date

    union all

    -- Flows of all accounts as one, in the reporting currency, on the day they count to.
    select windows.account_id, windows.performance_window, days.day_date, -days.external_flow_base
    from windows
    inner join {{ ref('int_returns__series') }} as days
        on
            windows.account_id = days.account_id
            and days.day_date > windows.start_date
            and days.day_date <= windows.as_of_date
    where windows.account_id = 'ALL'
),

netted as (
    select account_id, performance_window, booked_date, cast(sum(amount) as double) as amount
    from bookings
    group by all
    having sum(amount) <> 0
),

series as (
    select
        windows.account_id,
        windows.performance_window,
        list(netted.amount order by netted.booked_date) as amounts,
        list((netted.booked_date - windows.start_date) / windows.basis_days order by netted.booked_date) as years
    from windows
    inner join netted using (account_id, performance_window)
    group by all
),

grid as (
    select
        series.*,
        steps.step,
        {{ net_present_value('amounts', 'years', grid_growth('steps.step')) }} >= 0 as is_above
    from series
    cross join (select unnest(range({{ growth_grid_steps() }} + 1)) as step) as steps
),

crossed as (
    select
        *,
        is_above <> lag(is_above) over (partition by account_id, performance_window order by step) as has_crossed
    from grid
),

counted as (
    select
        account_id,
        performance_window,
        count(*) filter (where has_crossed) as roots,
        min(step) filter (where has_crossed) as upper_step,
        any_value(amounts) as amounts,
        any_value(years) as years
    from crossed
    group by account_id, performance_window
),

bisection as (
    select
        account_id,
        performance_window,
        amounts,
        years,
        {{ grid_growth('upper_step - 1') }} as low,
        {{ grid_growth('upper_step') }} as high,
        {{ net_present_value('amounts', 'years', grid_growth('upper_step - 1')) }} >= 0 as is_low_above,
        0 as iteration
    from counted
    where roots = 1

    union all

    select
        account_id,
        performance_window,
        amounts,
        years,
        case when is_middle_above = is_low_above then middle else low end,
        case when is_middle_above = is_low_above then high else middle end,
        is_low_above,
        iteration + 1
    from (
        select
            *,
            (low + high) / 2 as middle,
            {{ net_present_value('amounts', 'years', '(low + high) / 2') }} >= 0 as is_middle_above
        from bisection
        where iteration < 60
    )
),

solved as (
    select account_id, performance_window, exp((low + high) / 2) - 1 as mwr
    from bisection
    where iteration = 60
)

select
    windows.account_id,
    windows.performance_window,
    windows.calendar_days >= 365 as is_annual,
    counted.roots,
    solved.mwr,
    case
        when coalesce(counted.roots, 0) = 0 then 'No rate balances the flows of this window.'
        when counted.roots > 1 then counted.roots || ' rates balance the flows of this window; none is the one.'
    end as withheld_reason
from windows
left join counted using (account_id, performance_window)
left join solved using (account_id, performance_window)
