-- The positions of each account on the last day that is known, cash included, with their weight.
with

latest as (
    -- The last day of the calendar: an account that has sold everything has no current position.
    select account_id, max(day_date) as as_of_date
    from {{ ref('int_calendar__day') }}
    group by account_id
)

select
    positions.account_id,
    positions.conid,
    positions.instrument_key,
    positions.symbol,
    coalesce(instruments.description, case when positions.asset_class = 'CASH' then 'Cash' end) as description,
    positions.asset_class,
    positions.currency,
    positions.quantity,
    positions.mark_price,
    positions.multiplier,
    positions.market_value,
    positions.market_value_base,
    positions.cost_basis as cost_basis_money,
    positions.unrealized_pnl,
    positions.unrealized_pnl_base,
    case when nav.nav_base > 0
        then cast(positions.market_value_base as double) / cast(nav.nav_base as double)
    end as weight,
    positions.position_date as as_of_date,
    positions.quantity_basis,
    positions.fx_rate_to_base,
    positions.withheld_reason,
    positions.document_id,
    positions.section,
    positions.row_ordinal
from {{ ref('fct_position_daily') }} as positions
inner join latest
    on positions.account_id = latest.account_id and positions.position_date = latest.as_of_date
left join {{ ref('fct_nav_daily') }} as nav
    on positions.account_id = nav.account_id and positions.position_date = nav.nav_date
left join {{ ref('dim_instrument') }} as instruments
    on positions.instrument_key = instruments.instrument_key
