-- The cash of each currency on each day: the closing balance of the statement of funds, carried over days without
-- a line (and back to the start of the run by the first line's opening balance); else the cash report at the ends
-- of its period. Where no currency is known on a day: all cash in base currency as the net asset value has it,
-- under the currency BASE_SUMMARY.
with

days as (
    select * from {{ ref('int_calendar__day') }}
),

lines as (
    select
        account_id,
        currency,
        report_date,
        arg_max(balance, line_ordinal) as closing,
        arg_min(
            case when activity_description ilike 'Starting Balance%' then balance else balance - coalesce(amount, 0) end,
            line_ordinal
        ) as opening
    from {{ ref('stg_clean__statement_of_funds') }}
    where level = 'Currency' and balance is not null
    group by all
),

day_lines as (
    -- A line booked on a day that is not in the calendar counts to the next day that is.
    select
        lines.account_id,
        lines.currency,
        days.cash_run_id,
        days.day_date,
        arg_max(lines.closing, lines.report_date) as closing,
        arg_min(lines.opening, lines.report_date) as opening,
        max(lines.report_date) as line_date
    from lines
    asof inner join days
        on lines.account_id = days.account_id and lines.report_date <= days.day_date
    group by all
),

reports as (
    select
        reports.account_id,
        reports.currency,
        days.day_date,
        true as is_ending,
        reports.period_start_date,
        reports.ending_cash as balance
    from {{ ref('stg_clean__cash_balance') }} as reports
    asof inner join days
        on reports.account_id = days.account_id and reports.period_end_date >= days.day_date
    where days.day_date >= reports.period_start_date

    union all

    select reports.account_id, reports.currency, days.day_date, false, reports.period_start_date, reports.starting_cash
    from {{ ref('stg_clean__cash_balance') }} as reports
    asof inner join days
        on reports.account_id = days.account_id and reports.period_start_date > days.day_date
    where days.day_date >= reports.period_start_date - 4
),

day_reports as (
    select
        reports.account_id,
        reports.currency,
        days.cash_run_id,
        reports.day_date,
        arg_max(reports.balance, (reports.is_ending, reports.period_start_date)) as balance
    from reports
    inner join days using (account_id, day_date)
    where reports.currency <> 'BASE_SUMMARY' and reports.balance is not null
    group by all
),

runs_with_lines as (
    select account_id, cash_run_id from day_lines group by all
),

first_lines as (
    select account_id, currency, cash_run_id, arg_min(opening, day_date) as opening
    from day_lines
    group by all
),

-- A currency without a line in a run whose other currencies have lines did not move: the report holds all along it.
still as (
    select day_reports.account_id, day_reports.currency, day_reports.cash_run_id,
        arg_min(day_reports.balance, day_reports.day_date) as first_balance
    from day_reports
    semi join runs_with_lines using (account_id, cash_run_id)
    anti join first_lines using (account_id, currency, cash_run_id)
    group by all
),

balances as (
    select
        days.account_id,
        days.day_date,
        first_lines.currency,
        coalesce(day_lines.closing, first_lines.opening) as balance,
        case
            when day_lines.day_date is null then 'rolled_back'
            when day_lines.day_date = days.day_date then 'reported'
            else 'rolled_forward'
        end as quantity_basis
    from days
    inner join first_lines using (account_id, cash_run_id)
    asof left join day_lines
        on
            first_lines.account_id = day_lines.account_id
            and first_lines.cash_run_id = day_lines.cash_run_id
            and first_lines.currency = day_lines.currency
            and days.day_date >= day_lines.day_date

    union all

    select
        days.account_id,
        days.day_date,
        still.currency,
        coalesce(day_reports.balance, still.first_balance),
        case
            when day_reports.day_date is null then 'rolled_back'
            when day_reports.day_date = days.day_date then 'reported'
            else 'rolled_forward'
        end
    from days
    inner join still using (account_id, cash_run_id)
    asof left join day_reports
        on
            still.account_id = day_reports.account_id
            and still.cash_run_id = day_reports.cash_run_id
            and still.currency = day_reports.currency
            and days.day_date >= day_reports.day_date

    union all

    select day_reports.account_id, day_reports.day_date, day_reports.currency, day_reports.balance, 'reported'
    from day_reports
    anti join runs_with_lines using (account_id, cash_run_id)
)

select account_id, day_date, currency, balance, quantity_basis
from balances

union all

select nav.account_id, nav.report_date, 'BASE_SUMMARY', nav.cash, 'reported'
from {{ ref('stg_clean__nav_daily') }} as nav
anti join balances
    on nav.account_id = balances.account_id and nav.report_date = balances.day_date
where nav.cash is not null
