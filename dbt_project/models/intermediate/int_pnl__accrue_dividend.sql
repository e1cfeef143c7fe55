-- Dividends accrued and not yet paid in a foreign currency after each day: the broker's list of open accruals, rolled
-- with the postings and reversals since the list before, or back from the list after.
with

nav_days as (
    select account_id, day_date
    from {{ ref('int_calendar__day') }}
    where is_nav_day
),

changes as (
    select
        account_id,
        instrument_key,
        currency,
        report_date,
        sum(sum(net_amount)) over (
            partition by account_id, instrument_key, currency order by report_date rows unbounded preceding
        ) as running_amount
    from {{ ref('stg_clean__dividend_accrual_change') }}
    where report_date is not null and net_amount is not null
    group by account_id, instrument_key, currency, report_date
),

lists as (
    select distinct account_id, period_end_date as list_date
    from {{ ref('stg_clean__statement_section') }}
    where section = 'OpenDividendAccruals' and account_id is not null and period_end_date is not null
),

listed as (
    select account_id, instrument_key, currency, report_date, sum(net_amount) as amount
    from {{ ref('stg_clean__dividend_accrual') }}
    group by all
),

keys as (
    select seen.account_id, seen.instrument_key, seen.currency
    from (
        select account_id, instrument_key, currency from changes
        union
        select account_id, instrument_key, currency from listed
    ) as seen
    inner join {{ ref('stg_clean__account') }} as accounts
        on seen.account_id = accounts.account_id and seen.currency <> accounts.base_currency
),

days as (
    select
        nav_days.account_id,
        nav_days.day_date,
        coalesce(before_.list_date, after_.list_date) as list_date
    from nav_days
    asof left join lists as before_
        on nav_days.account_id = before_.account_id and nav_days.day_date >= before_.list_date
    asof left join lists as after_
        on nav_days.account_id = after_.account_id and nav_days.day_date < after_.list_date
),

counted as (
    select
        keys.account_id,
        keys.instrument_key,
        keys.currency,
        days.day_date,
        days.list_date,
        coalesce(now.running_amount, 0) - coalesce(then_.running_amount, 0) as changed
    from keys
    inner join days
        on keys.account_id = days.account_id and days.list_date is not null
    asof left join changes as now
        on
            keys.account_id = now.account_id
            and keys.instrument_key = now.instrument_key
            and keys.currency = now.currency
            and days.day_date >= now.report_date
    asof left join changes as then_
        on
            keys.account_id = then_.account_id
            and keys.instrument_key = then_.instrument_key
            and keys.currency = then_.currency
            and days.list_date >= then_.report_date
)

select
    counted.account_id,
    counted.instrument_key,
    counted.currency,
    counted.day_date,
    coalesce(listed.amount, 0) + counted.changed as open_amount
from counted
left join listed
    on
        counted.account_id = listed.account_id
        and counted.instrument_key = listed.instrument_key
        and counted.currency = listed.currency
        and counted.list_date = listed.report_date
where coalesce(listed.amount, 0) + counted.changed <> 0
