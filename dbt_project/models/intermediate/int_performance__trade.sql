-- How the closing trades of each window came out, and what they and the corporate actions realised in base currency.
-- A cancelled trade and its cancel are no closing trades. A day that no statement with trades covers withholds it.
-- 'ALL' is the trades of all accounts, at the day's rate to the reporting currency.
with

windows as (
    select * from {{ ref('int_performance__window') }}
    where start_date is not null and is_stated is not true
),

covered_days as (
    select account_id, day_date, covers_trades, is_gap
    from {{ ref('int_calendar__day') }}

    union all

    select 'ALL', day_date, covers_trades, is_gap
    from {{ ref('int_calendar__day') }}
),

trade_days as (
    select account_id, report_date, wins, losses, gain_base, loss_base, realized_base, realized_without_rate
    from {{ ref('int_trades__summarize_day') }}

    union all

    select
        'ALL',
        trades.report_date,
        trades.wins,
        trades.losses,
        {{ exact_product('trades.gain_base', 'rates.rate') }},
        {{ exact_product('trades.loss_base', 'rates.rate') }},
        {{ exact_product('trades.realized_base', 'rates.rate') }},
        trades.realized_without_rate
        + case when rates.rate is null and trades.gain_base + trades.loss_base <> 0 then trades.wins + trades.losses else 0 end
    from {{ ref('int_trades__summarize_day') }} as trades
    left join {{ ref('stg_clean__account') }} as accounts
        on trades.account_id = accounts.account_id
    left join {{ ref('int_fx__reporting') }} as rates
        on accounts.base_currency = rates.base_currency and trades.report_date = rates.rate_date
),

uncovered as (
    select windows.account_id, windows.performance_window, count(distinct days.day_date) as days, min(days.day_date) as first_date
    from windows
    inner join covered_days as days
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
    inner join trade_days as trades
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
            then outcomes.realized_without_rate || ' trade(s) have no exchange rate to the '
                || case windows.account_id when 'ALL' then 'reporting' else 'base' end || ' currency.'
    end as withheld_reason
from windows
left join uncovered using (account_id, performance_window)
left join outcomes using (account_id, performance_window)
left join actions using (account_id, performance_window)
