-- The rate from each account's base currency to the reporting currency on every day on which any account has a net
-- asset value: the conversion rates, else the rate an account in that currency uses, else one of these the other way
-- round, else two rates into a third currency. Never a rate of another day.
with

accounts as (
    select distinct accounts.account_id, accounts.base_currency
    from {{ ref('stg_clean__account') }} as accounts
    inner join {{ ref('int_calendar__day') }} as days
        on accounts.account_id = days.account_id
    where days.is_nav_day and accounts.base_currency is not null
),

reporting as (
    -- Where all accounts share one base currency, the first account's is that one.
    select coalesce(
        nullif('{{ var("reporting_currency") }}', ''), (select arg_min(base_currency, account_id) from accounts)
    ) as reporting_currency
),

wanted as (
    select distinct accounts.base_currency, reporting.reporting_currency, days.day_date
    from {{ ref('int_calendar__day') }} as days
    cross join (select distinct base_currency from accounts) as accounts
    cross join reporting
    where days.is_nav_day
),

known as (
    select rate_date, from_currency, to_currency, rate, 1 as preference
    from {{ ref('stg_clean__fx_rate') }}

    union all

    select rates.rate_date, rates.currency, accounts.base_currency, arg_min(rates.rate, rates.account_id), 2
    from {{ ref('int_fx__resolve_daily') }} as rates
    inner join accounts on rates.account_id = accounts.account_id
    group by all
),

candidates as (
    select base_currency, day_date, cast(1 as {{ exact() }}) as rate, 0 as preference
    from wanted
    where base_currency = reporting_currency

    union all

    select wanted.base_currency, wanted.day_date, known.rate, known.preference
    from wanted
    inner join known
        on
            wanted.day_date = known.rate_date
            and wanted.base_currency = known.from_currency
            and wanted.reporting_currency = known.to_currency

    union all

    select wanted.base_currency, wanted.day_date, cast(1 / known.rate as {{ exact() }}), 2 + known.preference
    from wanted
    inner join known
        on
            wanted.day_date = known.rate_date
            and wanted.base_currency = known.to_currency
            and wanted.reporting_currency = known.from_currency
    where known.rate > 0

    union all

    select
        wanted.base_currency,
        wanted.day_date,
        arg_min(cast(from_base.rate / into_reporting.rate as {{ exact() }}), from_base.to_currency),
        5
    from wanted
    inner join known as from_base
        on wanted.day_date = from_base.rate_date and wanted.base_currency = from_base.from_currency
    inner join known as into_reporting
        on
            wanted.day_date = into_reporting.rate_date
            and wanted.reporting_currency = into_reporting.from_currency
            and from_base.to_currency = into_reporting.to_currency
            and from_base.preference = into_reporting.preference
    where into_reporting.rate > 0
    group by all
)

select
    wanted.base_currency,
    wanted.reporting_currency,
    wanted.day_date as rate_date,
    arg_min(candidates.rate, candidates.preference) filter (where candidates.rate > 0) as rate
from wanted
left join candidates
    on wanted.base_currency = candidates.base_currency and wanted.day_date = candidates.day_date
group by all
