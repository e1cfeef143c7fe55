-- One rate per account, currency and day: what the day's position snapshot says, else the conversion rates,
-- else the marks, else the rate on cash rows. Trades are left out: their rate may be the moment's, not the day's.
with

candidates as (
    select account_id, currency, report_date as rate_date, fx_rate_to_base as rate, 1 as preference
    from {{ ref('stg_clean__position') }}

    union all

    select accounts.account_id, rates.from_currency, rates.rate_date, rates.rate, 2
    from {{ ref('stg_clean__fx_rate') }} as rates
    inner join {{ ref('stg_clean__account') }} as accounts
        on accounts.base_currency = rates.to_currency

    union all

    select account_id, currency, mark_date, fx_rate_to_base, 3
    from {{ ref('stg_clean__position_mark') }}

    union all

    select account_id, currency, report_date, fx_rate_to_base, 4
    from {{ ref('stg_clean__cash_transaction') }}

    union all

    select account_id, currency, report_date, fx_rate_to_base, 5
    from {{ ref('stg_clean__statement_of_funds') }}
    where level = 'Currency'

    union all

    select account_id, currency, report_date, fx_rate_to_base, 6
    from {{ ref('stg_clean__dividend_accrual') }}
),

usable as (
    select account_id, currency, rate_date, preference, max(rate) as rate
    from candidates
    where rate > 0 and currency is not null and rate_date is not null
    group by all
)

select
    account_id,
    currency,
    rate_date,
    arg_min(rate, preference) as rate
from usable
group by account_id, currency, rate_date
