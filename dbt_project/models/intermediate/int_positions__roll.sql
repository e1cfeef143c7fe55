-- The quantity of each instrument on each day: what the broker's snapshot says, else the last snapshot of the same
-- run of days rolled forward with the changes since, else the next one rolled back. Between runs (days that no
-- statement with trades covers) nothing is carried. On snapshot days rolled_quantity is what rolling would have said.
with

days as (
    select
        account_id,
        day_date,
        run_id,
        is_snapshot_day,
        min(day_date) over run as run_start,
        min(case when is_snapshot_day then day_date end) over run as run_first_snapshot,
        bool_or(is_opening or (is_first_nav_day and nav_base = 0)) over run as starts_from_nothing,
        max(case when is_snapshot_day then day_date end) over (run order by day_date) as last_snapshot,
        min(case when is_snapshot_day then day_date end)
            over (run order by day_date rows between current row and unbounded following) as next_snapshot
    from {{ ref('int_calendar__day') }}
    window run as (partition by account_id, run_id)
),

seen as (
    select account_id, instrument_key, min(seen_date) as first_seen, max(seen_date) as last_seen
    from (
        select account_id, instrument_key, change_date as seen_date from {{ ref('int_positions__change') }}
        union all
        select account_id, instrument_key, report_date from {{ ref('stg_clean__position') }}
    )
    group by all
),

started as (
    -- Held before the first mention where no snapshot of that run lies before it.
    select
        seen.account_id,
        seen.instrument_key,
        seen.last_seen,
        case
            when days.run_first_snapshot is null or days.day_date <= days.run_first_snapshot then days.run_start
            else days.day_date
        end as first_day
    from seen
    asof inner join days
        on seen.account_id = days.account_id and seen.first_seen <= days.day_date
),

spans as (
    -- The first snapshot after the last mention does not list it: from there on it is gone.
    select started.*, snapshots.day_date as last_day
    from started
    asof left join (select account_id, day_date from days where is_snapshot_day) as snapshots
        on started.account_id = snapshots.account_id and started.last_seen < snapshots.day_date
),

held as (
    select
        spans.account_id,
        spans.instrument_key,
        days.day_date,
        days.run_id,
        days.is_snapshot_day,
        days.starts_from_nothing,
        -- A snapshot of the run before the first mention did not list it: it said nothing is held.
        coalesce(days.starts_from_nothing or days.run_first_snapshot < spans.first_day, false) as counts_from_zero,
        days.last_snapshot,
        coalesce(days.last_snapshot, days.next_snapshot) as anchor_date
    from spans
    inner join days
        on
            spans.account_id = days.account_id
            and days.day_date >= spans.first_day
            and (spans.last_day is null or days.day_date <= spans.last_day)
    where days.last_snapshot is not null or days.next_snapshot is not null or days.starts_from_nothing
),

counted as (
    select
        held.*,
        coalesce(now.running_quantity, 0) as running_quantity,
        coalesce(then_.running_quantity, 0) as anchor_running_quantity,
        coalesce(anchors.quantity, 0) as anchor_quantity
    from held
    asof left join {{ ref('int_positions__change') }} as now
        on
            held.account_id = now.account_id
            and held.instrument_key = now.instrument_key
            and held.day_date >= now.change_date
    asof left join {{ ref('int_positions__change') }} as then_
        on
            held.account_id = then_.account_id
            and held.instrument_key = then_.instrument_key
            and held.anchor_date >= then_.change_date
    left join {{ ref('stg_clean__position') }} as anchors
        on
            held.account_id = anchors.account_id
            and held.instrument_key = anchors.instrument_key
            and held.anchor_date = anchors.report_date
),

rolled as (
    select
        account_id,
        instrument_key,
        day_date,
        is_snapshot_day,
        anchor_date,
        case
            when is_snapshot_day then 'reported'
            when last_snapshot is null and anchor_date is not null then 'rolled_back'
            else 'rolled_forward'
        end as quantity_basis,
        case
            when anchor_date is null then running_quantity
            else anchor_quantity + running_quantity - anchor_running_quantity
        end as quantity,
        case when is_snapshot_day then
            running_quantity + coalesce(
                lag(anchor_quantity - running_quantity) over (
                    partition by account_id, instrument_key, run_id, is_snapshot_day order by day_date
                ),
                case when counts_from_zero then 0 end
            )
        end as rolled_quantity
    from counted
)

select * from rolled
where quantity <> 0 or (is_snapshot_day and rolled_quantity <> quantity)
