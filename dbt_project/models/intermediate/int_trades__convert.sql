-- Every trade with its realised PnL in base currency: the one pass over the clean trades that all later models read.
select
    trades.account_id,
    trades.trade_key,
    trades.trade_id,
    trades.transaction_id,
    trades.conid,
    trades.instrument_key,
    trades.symbol,
    trades.description,
    trades.asset_class,
    trades.trade_at,
    trades.trade_at_text,
    trades.trade_date,
    trades.report_date,
    trades.settle_date,
    trades.side,
    trades.open_close,
    trades.quantity,
    trades.price,
    trades.multiplier,
    trades.currency,
    trades.trade_money,
    trades.proceeds,
    trades.commission,
    trades.commission_currency,
    trades.taxes,
    trades.net_cash,
    trades.accrued_interest,
    trades.cost,
    trades.realized_pnl,
    {{ exact_product(
        'trades.realized_pnl',
        rate_to_base('trades.fx_rate_to_base', 'trades.currency', 'accounts.base_currency', 'rates.rate')
    ) }} as realized_pnl_base,
    trades.mtm_pnl,
    trades.close_price,
    cast({{ rate_to_base('trades.fx_rate_to_base', 'trades.currency', 'accounts.base_currency', 'rates.rate') }}
        as {{ exact() }}) as fx_rate_to_base,
    trades.is_cancel,
    trades.transaction_type,
    trades.notes,
    trades.exchange,
    trades.order_type,
    trades.order_id,
    trades.exec_id,
    trades.orig_transaction_id,
    trades.level,
    trades.document_id,
    trades.section,
    trades.row_ordinal
from {{ ref('stg_clean__trade') }} as trades
left join {{ ref('stg_clean__account') }} as accounts
    on trades.account_id = accounts.account_id
left join {{ ref('int_fx__resolve_daily') }} as rates
    on
        trades.account_id = rates.account_id
        and trades.currency = rates.currency
        and trades.report_date = rates.rate_date
