-- How the closing trades of each window came out, and what they and the corporate actions realised in base currency.
-- A cancelled trade and its cancel are no closing trades. A day that no statement with trades covers withholds it.
with

windows as (
    select * from {{ ref('int_performance__window') }}
    where start_date is not null
),

uncovered as (
    select windows.account_id, windows.performance_window, count(*) as days, min(days.day_date) as first_date
    from windows
    inner join {{ ref('int_calendar__day') }} as days
        on
            windows.account_id = days.account_id
            and days.day_date > windows.start_date
            and days.day_date <= windows.as_of_date
    where not days.covers_trades or days.is_gap
    group by all
),

outcomes as (
    select
        windows.account_id,
        windows.performance_window,
        sum(trades.wins) as wins,
        sum(trades.losses) as losses,
        sum(trades.gain_base) as gain_base,
        sum(trades.loss_base) as loss_base,
        sum(trades.realized_base) as realized_base,
        sum(trades.realized_without_rate) as realized_without_rate
    from windows
    inner join {{ ref('int_trades__summarize_day') }} as trades
        on
            windows.account_id = trades.account_id
            and trades.report_date > windows.start_date
            and trades.report_date <= windows.as_of_date
    group by all
),

actions as (
    select
        windows.account_id,
        windows.performance_window,
        sum({{ in_base('actions.realized_pnl', 'actions') }}) as realized_base
    from windows
    inner join {{ ref('stg_clean__corporate_action') }} as actions
        on
            windows.account_id = actions.account_id
            and actions.report_date > windows.start_date
            and actions.report_date <= windows.as_of_date
    {{ join_day_rate('actions', 'report_date') }}
    where actions.realized_pnl <> 0
    group by all
)

select
    windows.account_id,
    windows.performance_window,
    coalesce(outcomes.wins, 0) as wins,
    coalesce(outcomes.losses, 0) as losses,
    coalesce(outcomes.gain_base, 0) as gain_base,
    coalesce(outcomes.loss_base, 0) as loss_base,
    coalesce(outcomes.realized_base, 0) + coalesce(actions.realized_base, 0) as realized_base,
    case
        when uncovered.days > 0
            then uncovered.days || ' day(s) of this window are in no statement with the section Trades; first '
                || strftime(uncovered.first_date, '%Y-%m-%d') || '.'
        when outcomes.realized_without_rate > 0
            then outcomes.realized_without_rate || ' trade(s) have no exchange rate to the base currency.'
    end as withheld_reason
from windows
left join uncovered using (account_id, performance_window)
left join outcomes using (account_id, performance_window)
left join actions using (account_id, performance_window)
