-- One row per account and day that has a net asset value or a snapshot of positions: what is known of the day,
-- and whether it follows the day before it without a hole. Returns and rolled positions both stand on this.
with

nav_days as (
    select
        account_id,
        report_date as day_date,
        previous_report_date,
        lag(report_date) over (partition by account_id order by report_date) as prior_nav_date,
        total
    from {{ ref('stg_clean__nav_daily') }}
    where total is not null
),

snapshot_days as (
    select distinct account_id, report_date as day_date
    from {{ ref('stg_clean__position') }}

    union

    -- A section that stood there empty says: nothing is held.
    select distinct sections.account_id, coalesce(nav.day_date, sections.period_end_date)
    from {{ ref('stg_clean__statement_section') }} as sections
    asof left join nav_days as nav
        on sections.account_id = nav.account_id and sections.period_end_date >= nav.day_date
    where
        sections.section = 'OpenPositions'
        and sections.rows = 0
        and sections.period_end_date is not null
        and sections.account_id is not null
        and (nav.day_date is null or nav.day_date >= sections.period_start_date)
),

days as (
    select
        coalesce(nav_days.account_id, snapshot_days.account_id) as account_id,
        coalesce(nav_days.day_date, snapshot_days.day_date) as day_date,
        nav_days.day_date is not null as is_nav_day,
        snapshot_days.day_date is not null as is_snapshot_day,
        nav_days.previous_report_date,
        nav_days.prior_nav_date,
        nav_days.total
    from nav_days
    full join snapshot_days
        on nav_days.account_id = snapshot_days.account_id and nav_days.day_date = snapshot_days.day_date
),

neighbours as (
    select
        *,
        lag(day_date) over (partition by account_id order by day_date) as previous_day_date,
        coalesce(
            case when is_nav_day then prior_nav_date end, lag(day_date) over (partition by account_id order by day_date)
        ) as compared_date,
        is_nav_day and prior_nav_date is null as is_first_nav_day
    from days
),

periods as (
    select
        account_id,
        period_start,
        period_end,
        contains(sections, ',Trades,') as has_trades,
        contains(sections, ',CashTransactions,') as has_cash_transactions,
        contains(sections, ',Transfers,') as has_transfers,
        contains(sections, ',StmtFunds,') as has_funds
    from {{ ref('int_statements__merge_period') }}
),

flow_free as (
    -- The broker's own words that nothing came in or went out during a period.
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        starting_value,
        {{ is_flow_free() }} as is_flow_free
    from {{ ref('stg_clean__change_in_nav') }}
),

covered as (
    select
        neighbours.account_id,
        neighbours.day_date,
        bool_or(periods.has_trades) as covers_trades,
        bool_or(periods.has_cash_transactions or coalesce(flow_free.is_flow_free, false)) as covers_cash_transactions,
        bool_or(periods.has_transfers or coalesce(flow_free.is_flow_free, false)) as covers_transfers,
        bool_or(periods.has_funds) as covers_funds,
        bool_or(flow_free.starting_value = 0) as starts_from_nothing,
        -- The period reaches back to the day before, but for a weekend: no business day lies between.
        bool_or(
            periods.period_start <= neighbours.compared_date
            + case isodow(neighbours.compared_date) when 5 then 3 when 6 then 2 else 1 end
        ) as is_adjacent
    from neighbours
    inner join periods
        on
            neighbours.account_id = periods.account_id
            and neighbours.day_date between periods.period_start and periods.period_end
    left join flow_free
        on
            periods.account_id = flow_free.account_id
            and periods.period_start = flow_free.period_start
            and periods.period_end = flow_free.period_end
    group by all
),

judged as (
    select
        neighbours.*,
        coalesce(covered.covers_trades, false) as covers_trades,
        coalesce(covered.covers_cash_transactions, false) as covers_cash_transactions,
        coalesce(covered.covers_transfers, false) as covers_transfers,
        coalesce(covered.covers_funds, false) as covers_funds,
        neighbours.is_first_nav_day and neighbours.previous_report_date is null
        and coalesce(covered.starts_from_nothing, false) as is_opening,
        case
            when neighbours.previous_day_date is null then false
            when neighbours.is_nav_day and neighbours.prior_nav_date is not null
                then
                    (neighbours.previous_report_date is null or neighbours.previous_report_date > neighbours.prior_nav_date)
                    and not coalesce(covered.is_adjacent, false)
            else not coalesce(covered.is_adjacent, false)
        end as is_gap
    from neighbours
    left join covered
        on neighbours.account_id = covered.account_id and neighbours.day_date = covered.day_date
)

select
    account_id,
    day_date,
    previous_day_date,
    prior_nav_date,
    is_nav_day,
    is_snapshot_day,
    is_first_nav_day,
    is_opening,
    is_gap,
    covers_trades,
    covers_cash_transactions,
    covers_transfers,
    covers_funds,
    total as nav_base,
    -- Days that follow one another with all trades known: within one such run quantities can be rolled.
    count(*) filter (where is_gap or (previous_day_date is not null and not covers_trades))
        over (partition by account_id order by day_date) as run_id,
    -- The same for cash: days that follow one another with the statement of funds known.
    count(*) filter (where is_gap or (previous_day_date is not null and not covers_funds))
        over (partition by account_id order by day_date) as cash_run_id
from judged
