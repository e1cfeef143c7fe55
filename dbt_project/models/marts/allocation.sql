-- What each account's net asset value is made of on its latest day and at each month's end, by asset class, currency,
-- sector and country. Dividends and interest accrued are a bucket of their own, so the weights add up to the whole.
with

days as (
    select account_id, nav_date, nav_base, currency, dividend_accruals_base, interest_accruals_base
    from {{ ref('fct_nav_daily') }}
    qualify nav_date = max(nav_date) over (partition by account_id, date_trunc('month', nav_date))
),

countries as (
    select
        instruments.instrument_key,
        -- Without a country of the issuer: that of the ISIN, then the underlying's. XS and EU are no country.
        coalesce(
            instruments.issuer_country,
            case when left(instruments.isin, 2) not in ('XS', 'EU') then left(instruments.isin, 2) end,
            underlyings.issuer_country
        ) as country
    from {{ ref('dim_instrument') }} as instruments
    left join {{ ref('dim_instrument') }} as underlyings
        on cast(instruments.underlying_conid as varchar) = underlyings.instrument_key
),

parts as (
    select
        days.account_id,
        days.nav_date,
        days.nav_base,
        coalesce(positions.asset_class, 'unknown') as asset_class,
        coalesce(positions.currency, 'unknown') as currency,
        case when positions.asset_class = 'CASH' then 'cash' else coalesce(sectors.sector, 'unknown') end as sector,
        case when positions.asset_class = 'CASH' then 'cash' else coalesce(countries.country, 'unknown') end as country,
        positions.market_value_base as value_base,
        positions.asset_class not in ('FUT', 'CFD') and positions.market_value_base is null as is_unvalued
    from days
    inner join {{ ref('fct_position_daily') }} as positions
        on days.account_id = positions.account_id and days.nav_date = positions.position_date
    left join countries
        on positions.instrument_key = countries.instrument_key
    left join {{ ref('int_instruments__sector') }} as sectors
        on positions.instrument_key = sectors.instrument_key

    union all

    select
        account_id, nav_date, nav_base, 'accrual', coalesce(currency, 'unknown'), 'accrual', 'accrual',
        coalesce(dividend_accruals_base, 0) + coalesce(interest_accruals_base, 0), false
    from days
    where coalesce(dividend_accruals_base, 0) + coalesce(interest_accruals_base, 0) <> 0
),

listed as (
    {% for dimension in ['asset_class', 'currency', 'sector', 'country'] %}
    select account_id, nav_date, nav_base, '{{ dimension }}' as dimension, {{ dimension }} as bucket, value_base, is_unvalued
    from parts
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

summed as (
    select
        account_id,
        nav_date,
        dimension,
        bucket,
        any_value(nav_base) as nav_base,
        coalesce(sum(value_base) filter (where value_base > 0), 0) as long_base,
        coalesce(sum(value_base) filter (where value_base < 0), 0) as short_base,
        coalesce(sum(value_base), 0) as net_base,
        count(*) filter (where is_unvalued) as unvalued
    from listed
    group by account_id, nav_date, dimension, bucket
)

select
    account_id,
    nav_date as as_of_date,
    nav_date = max(nav_date) over (partition by account_id) as is_latest,
    dimension,
    bucket,
    case when unvalued = 0 then long_base end as long_base,
    case when unvalued = 0 then short_base end as short_base,
    case when unvalued = 0 then net_base end as net_base,
    case when unvalued = 0 and nav_base > 0 then cast(net_base as double) / cast(nav_base as double) end as weight,
    case
        when unvalued > 0 then unvalued || ' position(s) of this bucket have no value in base currency on this day.'
        when nav_base <= 0 then 'The net asset value is not above zero: there is no weight.'
    end as withheld_reason
from summed
