-- The windows of accounts that no document reports daily values of: what the periods of Change in NAV, linked backwards
-- from the last one, say of them. Of several periods with one end the longest with a return counts; the next must end
-- where it starts, at the same value, with nothing but a weekend between. A window starts where one of the linked periods
-- does, at most a week before its boundary.
with recursive

periods as (
    select account_id, start_date, end_date, nav_start_base, nav_end_base, external_flow_base, pnl_base, rate_of_return,
        withheld_reason
    from {{ ref('int_returns__bridge') }} as bridges
    anti join {{ ref('int_returns__link') }} as days
        on bridges.account_id = days.account_id
    where bridges.is_stated
    qualify row_number() over (
        partition by bridges.account_id, end_date order by rate_of_return is null, start_date
    ) = 1
),

counted as (
    select account_id, count(*) as periods, max(end_date) as as_of_date, arg_max(nav_end_base, end_date) as nav_end_base
    from periods
    group by account_id
),

before as (
    select
        later.account_id,
        later.end_date as later_date,
        max(earlier.end_date) as end_date
    from periods as later
    inner join periods as earlier
        on
            later.account_id = earlier.account_id
            and earlier.end_date <= later.start_date
            and later.start_date - earlier.end_date <= greatest(isodow(later.start_date) - 5, 0)
            and abs(later.nav_start_base - earlier.nav_end_base) <= {{ tolerance() }}
    group by all
),

linked as (
    select periods.*
    from periods
    inner join counted
        on periods.account_id = counted.account_id and periods.end_date = counted.as_of_date

    union all

    select periods.*
    from linked
    inner join before
        on linked.account_id = before.account_id and linked.end_date = before.later_date
    inner join periods
        on before.account_id = periods.account_id and before.end_date = periods.end_date
),

boundaries as (
    {{ window_boundaries('counted') }}
),

spans as (
    select
        boundaries.account_id,
        boundaries.performance_window,
        min(linked.start_date) as first_date,
        max(case
            when linked.start_date between boundaries.boundary_date - 7 and boundaries.boundary_date then linked.start_date
        end) as anchor_date
    from boundaries
    inner join linked
        on boundaries.account_id = linked.account_id
    group by boundaries.account_id, boundaries.performance_window
),

started as (
    select
        boundaries.*,
        case when boundaries.performance_window = 'SI' then spans.first_date else spans.anchor_date end as start_date
    from boundaries
    inner join spans using (account_id, performance_window)
),

measured as (
    select
        started.account_id,
        started.performance_window,
        arg_min(linked.nav_start_base, linked.start_date) as nav_start_base,
        count(*) = count(linked.rate_of_return) as is_known,
        list_product(list(1 + linked.rate_of_return order by linked.end_date)) - 1 as twr,
        sum(linked.external_flow_base) as contributions_base,
        sum(linked.pnl_base) as pnl_base,
        arg_max(linked.withheld_reason, linked.end_date) filter (where linked.withheld_reason is not null) as missing
    from started
    inner join linked
        on started.account_id = linked.account_id and started.start_date <= linked.start_date
    group by all
)

select
    started.account_id,
    started.performance_window,
    started.as_of_date,
    started.start_date,
    started.as_of_date - started.start_date as calendar_days,
    measured.nav_start_base,
    started.nav_end_base,
    case when measured.is_known then measured.twr end as twr,
    case when measured.is_known then measured.contributions_base end as contributions_base,
    case when measured.is_known then measured.pnl_base end as pnl_base,
    'No document reports daily net asset values of this account, only ' || started.periods || ' period(s) of Change in NAV'
    || case
        when started.start_date is null
            then ', none of which starts where this window does (' || strftime(started.boundary_date, '%Y-%m-%d') || ').'
        when not measured.is_known then ': ' || measured.missing
        else '.'
    end as withheld_reason
from started
left join measured using (account_id, performance_window)
