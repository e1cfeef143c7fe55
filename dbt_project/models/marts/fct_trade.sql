-- Every trade once, with its realised PnL in base currency. A cancelled trade keeps all its rows; they net. An execution
-- of a trade confirmation stands in, marked as provisional, until a statement whose Trades cover its day is there; so does
-- a fill that TWS told alone. A fill has no trade date: that is the statement's to say.
with

confirmed as (
    select * from {{ ref('stg_clean__trade_confirmation') }} where level = 'EXECUTION'
),

statements as (
    select account_id, period_start_date, period_end_date, when_generated_at
    from {{ ref('stg_clean__statement_section') }}
    where section = 'Trades'
),

booked as (
    select trades.account_id, trades.exec_id, trades.trade_id
    from (select distinct account_id from confirmed) as concerned
    inner join {{ ref('int_trades__convert') }} as trades on concerned.account_id = trades.account_id
),

awaited as (
    select confirmed.*
    from confirmed
    where
        not exists (
            select 1
            from statements
            where
                statements.account_id = confirmed.account_id
                and coalesce(confirmed.trade_date, confirmed.report_date)
                between statements.period_start_date and statements.period_end_date
                and coalesce(statements.when_generated_at > confirmed.trade_at, true)
        )
        and (confirmed.account_id, confirmed.exec_id) not in (
            select (account_id, exec_id) from booked where exec_id is not null
        )
        and (confirmed.account_id, confirmed.trade_id) not in (
            select (account_id, trade_id) from booked where trade_id is not null
        )
)

select
    account_id,
    trade_key,
    trade_id,
    transaction_id,
    conid,
    instrument_key,
    symbol,
    description,
    asset_class,
    trade_at,
    trade_at_text,
    trade_date,
    report_date,
    settle_date,
    side,
    open_close,
    quantity,
    price,
    multiplier,
    currency,
    trade_money,
    proceeds,
    commission,
    commission_currency,
    taxes,
    net_cash,
    accrued_interest,
    cost,
    realized_pnl,
    realized_pnl_base,
    mtm_pnl,
    close_price,
    fx_rate_to_base,
    is_cancel,
    transaction_type,
    notes,
    exchange,
    order_type,
    order_id,
    exec_id,
    orig_transaction_id,
    level,
    false as is_provisional,
    document_id,
    section,
    row_ordinal
from {{ ref('int_trades__convert') }}

union all

select
    awaited.account_id,
    'confirmation:' || awaited.confirmation_key as trade_key,
    awaited.trade_id,
    awaited.transaction_id,
    awaited.conid,
    awaited.instrument_key,
    awaited.symbol,
    awaited.description,
    awaited.asset_class,
    awaited.trade_at,
    awaited.trade_at_text,
    awaited.trade_date,
    awaited.report_date,
    awaited.settle_date,
    awaited.side,
    null as open_close,
    awaited.quantity,
    awaited.price,
    awaited.multiplier,
    awaited.currency,
    awaited.trade_money,
    awaited.proceeds,
    awaited.commission,
    awaited.commission_currency,
    awaited.taxes,
    awaited.net_cash,
    awaited.accrued_interest,
    null as cost,
    null as realized_pnl,
    null as realized_pnl_base,
    null as mtm_pnl,
    null as close_price,
    cast({{ day_rate('awaited') }} as {{ exact() }}) as fx_rate_to_base,
    awaited.is_cancel,
    awaited.transaction_type,
    awaited.notes,
    awaited.exchange,
    awaited.order_type,
    awaited.order_id,
    awaited.exec_id,
    null as orig_transaction_id,
    awaited.level,
    true as is_provisional,
    awaited.document_id,
    awaited.section,
    awaited.row_ordinal
from awaited
{{ join_day_rate('awaited', 'report_date') }}

union all

select
    fills.account_id,
    'execution:' || fills.execution_key as trade_key,
    null as trade_id,
    null as transaction_id,
    fills.conid,
    fills.instrument_key,
    fills.symbol,
    null as description,
    fills.asset_class,
    fills.executed_at as trade_at,
    null as trade_at_text,
    null as trade_date,
    null as report_date,
    null as settle_date,
    fills.side,
    null as open_close,
    fills.quantity,
    fills.price,
    fills.multiplier,
    fills.currency,
    fills.trade_money,
    -fills.trade_money as proceeds,
    fills.commission,
    fills.commission_currency,
    null as taxes,
    null as net_cash,
    null as accrued_interest,
    null as cost,
    null as realized_pnl,
    null as realized_pnl_base,
    null as mtm_pnl,
    null as close_price,
    null as fx_rate_to_base,
    false as is_cancel,
    null as transaction_type,
    null as notes,
    fills.exchange,
    null as order_type,
    fills.perm_id as order_id,
    fills.exec_id,
    null as orig_transaction_id,
    'EXECUTION' as level,
    true as is_provisional,
    fills.document_id,
    fills.section,
    fills.row_ordinal
from {{ ref('int_trades__match_execution') }} as fills
where fills.status = 'awaited'
