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
    {{ exact_product(
        'cash.amount',
        rate_to_base('cash.fx_rate_to_base', 'cash.currency', 'accounts.base_currency', 'rates.rate')
    ) }} as amount_base,
    cast({{ rate_to_base('cash.fx_rate_to_base', 'cash.currency', 'accounts.base_currency', 'rates.rate') }}
        as {{ exact() }}) as fx_rate_to_base,
    cash.category = 'deposit_withdrawal' as is_external_flow,
    cash.code,
    cash.level,
    cash.document_id,
    cash.section,
    cash.row_ordinal
from {{ ref('stg_clean__cash_transaction') }} as cash
left join {{ ref('stg_clean__account') }} as accounts
    on cash.account_id = accounts.account_id
left join {{ ref('int_fx__resolve_daily') }} as rates
    on
        cash.account_id = rates.account_id
        and cash.currency = rates.currency
        and cash.report_date = rates.rate_date
