-- Every row of a corporate action once, with its realised PnL in base currency. The rows of one action share action_id.
select
    actions.account_id,
    actions.action_key,
    actions.action_id,
    actions.transaction_id,
    actions.type,
    actions.conid,
    actions.instrument_key,
    actions.symbol,
    actions.asset_class,
    actions.action_description,
    actions.effective_at,
    actions.report_date,
    actions.quantity,
    actions.currency,
    actions.proceeds,
    actions.value,
    actions.realized_pnl,
    {{ exact_product(
        'actions.realized_pnl',
        rate_to_base('actions.fx_rate_to_base', 'actions.currency', 'accounts.base_currency', 'rates.rate')
    ) }} as realized_pnl_base,
    actions.mtm_pnl,
    cast({{ rate_to_base('actions.fx_rate_to_base', 'actions.currency', 'accounts.base_currency', 'rates.rate') }}
        as {{ exact() }}) as fx_rate_to_base,
    actions.code,
    actions.document_id,
    actions.section,
    actions.row_ordinal
from {{ ref('stg_clean__corporate_action') }} as actions
left join {{ ref('stg_clean__account') }} as accounts
    on actions.account_id = accounts.account_id
left join {{ ref('int_fx__resolve_daily') }} as rates
    on
        actions.account_id = rates.account_id
        and actions.currency = rates.currency
        and actions.report_date = rates.rate_date
