-- Every wash-sale row once, beside the FIFO lot whose loss it disallows. It is never netted with the lot's own PnL.
with

parts as (
    -- The first lot of that age that this closing took a part of.
    select account_id, instrument_key, open_at, close_at, min(lot_id) as lot_id
    from {{ ref('stg_features__tax_lot') }}
    where method = 'fifo' and not is_open
    group by account_id, instrument_key, open_at, close_at
)

select
    wash.account_id,
    wash.wash_sale_key,
    wash.transaction_id,
    wash.trade_id,
    wash.instrument_key,
    wash.conid,
    wash.symbol,
    wash.asset_class,
    wash.currency,
    wash.open_at,
    wash.close_at,
    wash.reopened_at,
    wash.trade_date,
    wash.report_date,
    wash.side,
    wash.quantity,
    wash.cost,
    wash.realized_pnl as disallowed_loss,
    {{ in_base('wash.realized_pnl', 'wash') }} as disallowed_loss_base,
    parts.lot_id,
    wash.notes,
    wash.document_id,
    wash.section,
    wash.row_ordinal
from {{ ref('stg_clean__wash_sale') }} as wash
left join parts
    on
        wash.account_id = parts.account_id
        and wash.instrument_key = parts.instrument_key
        and wash.open_at = parts.open_at
        and wash.close_at = parts.close_at
{{ join_day_rate('wash', 'report_date') }}
