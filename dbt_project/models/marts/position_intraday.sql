-- What each account holds as TWS told it last, with the PnL that TWS sees. Nothing of it is booked.
with

newest as (
    {{ newest_snapshot() }}
)

select
    positions.account_id,
    positions.conid,
    positions.instrument_key,
    positions.symbol,
    positions.asset_class,
    positions.currency,
    positions.primary_exchange,
    positions.multiplier,
    positions.quantity,
    positions.average_cost,
    pnl.market_value,
    pnl.daily_pnl,
    pnl.unrealized_pnl,
    pnl.realized_pnl,
    positions.snapshot_at,
    positions.document_id,
    positions.section,
    positions.row_ordinal
from newest
inner join {{ ref('stg_clean__position_snapshot') }} as positions
    on newest.account_id = positions.account_id and newest.snapshot_at = positions.snapshot_at
left join {{ ref('stg_clean__pnl_snapshot') }} as pnl
    on
        positions.account_id = pnl.account_id
        and positions.snapshot_at = pnl.snapshot_at
        and positions.conid = pnl.conid
