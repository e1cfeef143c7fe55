-- Our own tax lots: a row for each part of a lot that was closed, and a row for what is still open, by method.
select
    lots.account_id,
    lots.method,
    lots.lot_id,
    lots.part,
    lots.instrument_key,
    instruments.conid,
    instruments.symbol,
    instruments.asset_class,
    lots.currency,
    lots.side,
    lots.is_open,
    lots.open_at,
    lots.open_date,
    lots.close_at,
    lots.close_date,
    lots.close_report_date,
    lots.quantity,
    lots.cost,
    lots.proceeds,
    lots.realized_pnl,
    {{ in_base('lots.realized_pnl', 'lots') }} as realized_pnl_base,
    cast(case when not lots.is_open then {{ day_rate('lots') }} end as {{ exact() }}) as fx_rate_to_base,
    lots.term,
    lots.origin,
    lots.closed_as,
    lots.opened_by,
    lots.closed_by,
    lots.reason,
    lots.document_id,
    lots.section,
    lots.row_ordinal
from {{ ref('stg_features__tax_lot') }} as lots
left join {{ ref('stg_clean__instrument') }} as instruments
    on lots.instrument_key = instruments.instrument_key
{{ join_day_rate('lots', 'close_report_date') }}
