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
    {{ in_base('actions.realized_pnl', 'actions') }} as realized_pnl_base,
    actions.mtm_pnl,
    cast({{ day_rate('actions') }} as {{ exact() }}) as fx_rate_to_base,
    actions.code,
    actions.document_id,
    actions.section,
    actions.row_ordinal
from {{ ref('stg_clean__corporate_action') }} as actions
{{ join_day_rate('actions', 'report_date') }}
