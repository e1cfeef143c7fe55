-- What each account holds on each day and what it is worth, cash by currency included. The quantity is the broker's
-- snapshot or rolled from it; the value is the broker's on snapshot days, else quantity x price rounded to 2 decimals as the broker does.
with

securities as (
    select
        rolled.account_id,
        rolled.day_date as position_date,
        rolled.instrument_key,
        coalesce(positions.conid, marks.conid, instruments.conid) as conid,
        coalesce(positions.symbol, marks.symbol, instruments.symbol) as symbol,
        coalesce(positions.asset_class, marks.asset_class, instruments.asset_class) as asset_class,
        coalesce(positions.currency, marks.currency, instruments.currency) as currency,
        rolled.quantity,
        rolled.quantity_basis,
        coalesce(positions.mark_price, marks.price) as mark_price,
        coalesce(positions.multiplier, marks.multiplier, instruments.multiplier, 1) as multiplier,
        positions.position_value as reported_value,
        coalesce(nullif(positions.fx_rate_to_base, 0), nullif(marks.fx_rate_to_base, 0)) as row_rate,
        coalesce(
            positions.cost_basis_money, case when lots.quantity = rolled.quantity then lots.cost_basis end
        ) as cost_basis,
        positions.unrealized_pnl,
        positions.document_id,
        positions.section,
        positions.row_ordinal
    from {{ ref('int_positions__roll') }} as rolled
    left join {{ ref('stg_clean__position') }} as positions
        on
            rolled.account_id = positions.account_id
            and rolled.instrument_key = positions.instrument_key
            and rolled.day_date = positions.report_date
    left join {{ ref('stg_clean__position_mark') }} as marks
        on
            rolled.account_id = marks.account_id
            and rolled.instrument_key = marks.instrument_key
            and rolled.day_date = marks.mark_date
    asof left join {{ ref('stg_features__lot_balance') }} as lots
        on
            rolled.account_id = lots.account_id
            and rolled.instrument_key = lots.instrument_key
            and rolled.day_date >= lots.change_date
    left join {{ ref('stg_clean__instrument') }} as instruments
        on rolled.instrument_key = instruments.instrument_key
    where rolled.quantity <> 0
),

valued as (
    select
        *,
        case
            -- Their value is settled in cash every day: the net asset value holds none.
            when asset_class in ('FUT', 'CFD') then null
            when reported_value is not null then reported_value
            else cast(round({{ exact_product(
                exact_product(
                    'quantity', "case when asset_class in ('BOND', 'BILL') then multiplier * 0.01 else multiplier end"
                ),
                'mark_price'
            ) }}, 2) as {{ exact() }})
        end as market_value
    from securities
),

cash as (
    select
        balances.account_id,
        balances.day_date as position_date,
        'CASH:' || balances.currency as instrument_key,
        cast(null as bigint) as conid,
        balances.currency as symbol,
        'CASH' as asset_class,
        case when balances.currency = 'BASE_SUMMARY' then accounts.base_currency else balances.currency end as currency,
        balances.balance as quantity,
        balances.quantity_basis,
        cast(1 as {{ exact() }}) as mark_price,
        cast(1 as {{ exact() }}) as multiplier,
        cast(null as {{ exact() }}) as reported_value,
        cast(case when balances.currency = 'BASE_SUMMARY' then 1 end as {{ exact() }}) as row_rate,
        cast(null as {{ exact() }}) as cost_basis,
        cast(null as {{ exact() }}) as unrealized_pnl,
        cast(null as varchar) as document_id,
        cast(null as varchar) as section,
        cast(null as integer) as row_ordinal,
        balances.balance as market_value
    from {{ ref('int_cash__balance_day') }} as balances
    left join {{ ref('stg_clean__account') }} as accounts
        on balances.account_id = accounts.account_id
    where balances.balance <> 0
),

rated as (
    select
        held.*,
        cast({{ day_rate('held', 'row_rate') }} as {{ exact() }}) as fx_rate_to_base
    from (select * from valued union all by name select * from cash) as held
    {{ join_day_rate('held', 'position_date') }}
)

select
    account_id,
    position_date,
    instrument_key,
    conid,
    symbol,
    asset_class,
    currency,
    quantity,
    quantity_basis,
    mark_price,
    multiplier,
    market_value,
    fx_rate_to_base,
    {{ exact_product('market_value', 'fx_rate_to_base') }} as market_value_base,
    cost_basis,
    coalesce(unrealized_pnl, market_value - cost_basis) as unrealized_pnl,
    {{ exact_product('coalesce(unrealized_pnl, market_value - cost_basis)', 'fx_rate_to_base') }} as unrealized_pnl_base,
    case
        when asset_class in ('FUT', 'CFD') then 'Settled in cash every day: no value of its own in the net asset value.'
        when market_value is null then 'No price of this day in Open Positions or Prior Period Positions.'
        when fx_rate_to_base is null then 'No exchange rate of this day to the base currency.'
    end as withheld_reason,
    document_id,
    section,
    row_ordinal
from rated
