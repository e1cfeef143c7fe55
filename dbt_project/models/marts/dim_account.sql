-- Every account any statement names, with the days its net asset value is known for.
with

valued as (
    select account_id, min(report_date) as first_date, max(report_date) as last_date, count(*) as nav_days
    from {{ ref('stg_clean__nav_daily') }}
    where total is not null
    group by account_id
),

stated as (
    select
        account_id,
        min(period_start_date) as first_period_start_date,
        max(period_end_date) as last_period_end_date,
        max(when_generated_at) as last_generated_at,
        count(distinct document_id) as documents_loaded
    from {{ ref('stg_clean__statement') }}
    where account_id is not null
    group by account_id
)

select
    accounts.account_id,
    accounts.alias,
    accounts.base_currency,
    accounts.base_currency_source,
    accounts.account_type,
    accounts.customer_type,
    accounts.ib_entity,
    valued.first_date,
    valued.last_date,
    cast(coalesce(valued.nav_days, 0) as integer) as nav_days,
    accounts.opened_date,
    accounts.funded_date,
    accounts.closed_date,
    stated.first_period_start_date,
    stated.last_period_end_date,
    stated.last_generated_at,
    cast(coalesce(stated.documents_loaded, 0) as integer) as documents_loaded
from {{ ref('stg_clean__account') }} as accounts
left join valued on accounts.account_id = valued.account_id
left join stated on accounts.account_id = stated.account_id
