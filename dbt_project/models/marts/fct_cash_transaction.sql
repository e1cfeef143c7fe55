-- Every cash transaction once, booked on the report date, with its amount in base currency.
select
    cash.account_id,
    cash.cash_key,
    cash.transaction_id,
    cash.trade_id,
    cash.action_id,
    cash.report_date,
    cash.settle_date,
    cash.ex_date,
    cash.paid_at,
    cash.category,
    cash.type,
    cash.conid,
    cash.instrument_key,
    cash.symbol,
    cash.description,
    cash.currency,
    cash.amount,
    {{ in_base('cash.amount', 'cash') }} as amount_base,
    cast({{ day_rate('cash') }} as {{ exact() }}) as fx_rate_to_base,
    cash.category = 'deposit_withdrawal' as is_external_flow,
    cash.code,
    cash.level,
    cash.document_id,
    cash.section,
    cash.row_ordinal
from {{ ref('stg_clean__cash_transaction') }} as cash
{{ join_day_rate('cash', 'report_date') }}
