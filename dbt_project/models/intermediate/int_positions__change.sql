-- What changed each instrument's quantity, summed per account, instrument and booking day: trades, corporate actions,
-- transfers. Currencies are no instruments here: their balances come from int_cash__balance_day.
with

changes as (
    select account_id, instrument_key, report_date, sum(quantity) as quantity
    from {{ ref('int_trades__convert') }}
    where coalesce(asset_class, '') <> 'CASH'
    group by all

    union all

    select account_id, instrument_key, report_date, quantity
    from {{ ref('stg_clean__corporate_action') }}
    where coalesce(asset_class, '') <> 'CASH'

    union all

    select account_id, instrument_key, report_date, quantity
    from {{ ref('stg_clean__transfer') }}
    where coalesce(asset_class, '') <> 'CASH'
),

daily as (
    select account_id, instrument_key, report_date as change_date, sum(quantity) as quantity
    from changes
    where instrument_key is not null and report_date is not null and quantity <> 0
    group by all
)

select
    account_id,
    instrument_key,
    change_date,
    quantity,
    sum(quantity) over (partition by account_id, instrument_key order by change_date rows unbounded preceding)
        as running_quantity
from daily
