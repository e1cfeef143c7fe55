-- Every closed lot once, with its realised PnL in base currency.
select
    lots.account_id,
    lots.lot_key,
    lots.transaction_id,
    lots.trade_id,
    lots.conid,
    lots.instrument_key,
    lots.symbol,
    lots.asset_class,
    lots.open_at,
    lots.close_at,
    lots.trade_date,
    lots.report_date,
    lots.side,
    lots.quantity,
    lots.price,
    lots.currency,
    lots.cost,
    lots.proceeds,
    lots.realized_pnl,
    {{ in_base('lots.realized_pnl', 'lots') }} as realized_pnl_base,
    cast({{ day_rate('lots') }} as {{ exact() }}) as fx_rate_to_base,
    lots.notes,
    lots.document_id,
    lots.section,
    lots.row_ordinal
from {{ ref('stg_clean__closed_lot') }} as lots
{{ join_day_rate('lots', 'report_date') }}
