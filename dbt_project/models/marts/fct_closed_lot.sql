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
    {{ exact_product(
        'lots.realized_pnl',
        rate_to_base('lots.fx_rate_to_base', 'lots.currency', 'accounts.base_currency', 'rates.rate')
    ) }} as realized_pnl_base,
    cast({{ rate_to_base('lots.fx_rate_to_base', 'lots.currency', 'accounts.base_currency', 'rates.rate') }}
        as {{ exact() }}) as fx_rate_to_base,
    lots.notes,
    lots.document_id,
    lots.section,
    lots.row_ordinal
from {{ ref('stg_clean__closed_lot') }} as lots
left join {{ ref('stg_clean__account') }} as accounts
    on lots.account_id = accounts.account_id
left join {{ ref('int_fx__resolve_daily') }} as rates
    on
        lots.account_id = rates.account_id
        and lots.currency = rates.currency
        and lots.report_date = rates.rate_date
