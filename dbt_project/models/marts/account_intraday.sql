-- Each account as TWS told it last. Nothing of it is booked, and no figure of the books is made of it.
with

newest as (
    {{ newest_snapshot() }}
),

figures as (
    -- A total stands in the account's base currency, which is that of its net liquidation value.
    select
        told.*,
        max(told.currency) filter (where told.tag = 'NetLiquidation' and told.currency <> 'BASE')
            over (partition by told.account_id) as base_currency
    from newest
    inner join {{ ref('stg_clean__account_snapshot') }} as told
        on newest.account_id = told.account_id and newest.snapshot_at = told.snapshot_at
),

totals as (
    select
        account_id,
        any_value(base_currency) as base_currency,
        max(amount) filter (where tag = 'NetLiquidation') as net_liquidation_base,
        max(amount) filter (where tag = 'TotalCashValue') as cash_base,
        max(amount) filter (where tag = 'GrossPositionValue') as gross_position_value_base,
        max(amount) filter (where tag = 'BuyingPower') as buying_power_base,
        max(amount) filter (where tag = 'AvailableFunds') as available_funds_base,
        max(amount) filter (where tag = 'ExcessLiquidity') as excess_liquidity_base,
        max(amount) filter (where tag = 'InitMarginReq') as initial_margin_base,
        max(amount) filter (where tag = 'MaintMarginReq') as maintenance_margin_base
    from figures
    where currency in ('BASE', base_currency)
    group by account_id
),

held as (
    select newest.account_id, count(*) as position_count
    from newest
    inner join {{ ref('stg_clean__position_snapshot') }} as positions
        on newest.account_id = positions.account_id and newest.snapshot_at = positions.snapshot_at
    where positions.quantity <> 0
    group by newest.account_id
)

select
    newest.account_id,
    newest.snapshot_at,
    totals.base_currency,
    totals.net_liquidation_base,
    totals.cash_base,
    totals.gross_position_value_base,
    totals.buying_power_base,
    totals.available_funds_base,
    totals.excess_liquidity_base,
    totals.initial_margin_base,
    totals.maintenance_margin_base,
    pnl.daily_pnl as daily_pnl_base,
    pnl.unrealized_pnl as unrealized_pnl_base,
    pnl.realized_pnl as realized_pnl_base,
    cast(coalesce(held.position_count, 0) as integer) as position_count
from newest
left join totals on newest.account_id = totals.account_id
left join held on newest.account_id = held.account_id
left join {{ ref('stg_clean__pnl_snapshot') }} as pnl
    on newest.account_id = pnl.account_id and newest.snapshot_at = pnl.snapshot_at and pnl.conid is null
