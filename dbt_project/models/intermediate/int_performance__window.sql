-- One row per account and window: the day whose closing value it starts from, and whether history reaches it.
-- MTD, QTD, YTD start at the last value before the month, quarter, year; 1Y and 3Y at the last value on or before
-- that many years back; SI at the first value known. An account that starts from nothing inside MTD, QTD or YTD is
-- complete: its window starts from nothing. Where every day without a return is a hole that modified Dietz bridges, the
-- chained figures stand beside the reason why there are no daily ones. So do those of accounts without daily values.
with

days as (
    select * from {{ ref('int_returns__series') }}
),

bridges as (
    select account_id, end_date, rate_of_return, external_flow_base, pnl_base
    from {{ ref('int_returns__bridge') }}
    where not is_stated and rate_of_return is not null
),

ends as (
    select
        account_id,
        max(day_date) as as_of_date,
        min(day_date) as first_date,
        arg_max(nav_end_base, day_date) as nav_end_base,
        arg_min(nav_end_base, day_date) as first_nav_base,
        bool_or(is_opening) as is_opening
    from days
    group by account_id
),

boundaries as (
    {{ window_boundaries('ends') }}
),

anchored as (
    select
        boundaries.*,
        days.day_date as anchor_date,
        days.nav_end_base as anchor_nav_base
    from boundaries
    asof left join days
        on boundaries.account_id = days.account_id and boundaries.boundary_date >= days.day_date
),

started as (
    select
        *,
        case
            when anchor_date is not null then anchor_date
            when performance_window in ('1Y', '3Y') then null
            -- From nothing: the window starts at the close before the first day.
            when is_opening then first_date - 1
            when performance_window = 'SI' or first_nav_base = 0 then first_date
        end as start_date,
        case
            when anchor_date is not null then anchor_nav_base
            when performance_window in ('1Y', '3Y') then null
            when is_opening then 0
            when performance_window = 'SI' or first_nav_base = 0 then first_nav_base
        end as nav_start_base
    from anchored
),

measured as (
    select
        started.account_id,
        started.performance_window,
        count(days.day_date) as day_rows,
        count(*) filter (where days.breaks_chain) as broken_days,
        arg_min(days.withheld_reason, days.day_date) filter (where days.breaks_chain) as broken_reason,
        min(days.day_date) filter (where days.breaks_chain) as broken_date,
        sum(days.external_flow_base) as net_contributions_base,
        sum(days.pnl_base) as pnl_base,
        count(bridges.rate_of_return) as bridged_days,
        list_product(list(1 + coalesce(days.twr, bridges.rate_of_return, 0) order by days.day_date)) - 1 as chained_twr,
        sum(coalesce(days.external_flow_base, bridges.external_flow_base)) as chained_contributions_base,
        sum(coalesce(days.pnl_base, bridges.pnl_base)) as chained_pnl_base
    from started
    left join days
        on
            started.account_id = days.account_id
            and days.day_date > started.start_date
            and days.day_date <= started.as_of_date
    left join bridges
        on days.account_id = bridges.account_id and days.day_date = bridges.end_date and days.breaks_chain
    group by all
)

select
    started.account_id,
    started.performance_window,
    started.as_of_date,
    started.start_date,
    started.as_of_date - started.start_date as calendar_days,
    started.nav_start_base,
    started.nav_end_base,
    false as is_stated,
    measured.day_rows,
    measured.net_contributions_base,
    measured.pnl_base,
    {% for figure in ['twr', 'contributions_base', 'pnl_base'] %}
    case when measured.broken_days > 0 and measured.broken_days = measured.bridged_days
        then measured.chained_{{ figure }}
    end as chained_{{ figure }},
    {% endfor %}
    case
        when started.start_date is null
            then 'History starts on ' || strftime(started.first_date, '%Y-%m-%d') || ', after '
                || strftime(started.boundary_date, '%Y-%m-%d') || ' where this window begins.'
        when measured.day_rows = 0 then 'There is no day after ' || strftime(started.start_date, '%Y-%m-%d') || ' to measure yet.'
        when measured.broken_days > 0
            then measured.broken_days || ' day(s) of this window have no return; first '
                || strftime(measured.broken_date, '%Y-%m-%d') || ': ' || measured.broken_reason
    end as withheld_reason
from started
inner join measured using (account_id, performance_window)

union all

select
    account_id,
    performance_window,
    as_of_date,
    start_date,
    calendar_days,
    nav_start_base,
    nav_end_base,
    true,
    0,
    null,
    null,
    twr,
    contributions_base,
    pnl_base,
    withheld_reason
from {{ ref('int_performance__stated') }}
