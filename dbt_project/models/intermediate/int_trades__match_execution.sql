-- The fills that TWS told and no statement has booked, and what is known of them. Identity is the execution id without
-- its last part, which counts corrections; a row without an id is the fill of that quantity in that second. The sum of a
-- combination is left out: statements book its legs, which TWS tells too.
{% set root = "regexp_replace(exec_id, '\\.\\d+$', '')" %}
with

executions as (
    select * from {{ ref('stg_clean__execution_intraday') }} where asset_class is distinct from 'BAG'
),

concerned as (
    select distinct account_id from executions
),

trades as (
    select
        trades.account_id,
        {{ root }} as execution_key,
        trades.conid,
        trades.symbol,
        trades.quantity,
        trades.trade_at,
        coalesce(trades.trade_date, trades.report_date) as trade_date
    from concerned
    inner join {{ ref('int_trades__convert') }} as trades on concerned.account_id = trades.account_id
),

confirmations as (
    select
        confirmations.account_id,
        {{ root }} as execution_key,
        confirmations.conid,
        confirmations.symbol,
        confirmations.quantity,
        confirmations.trade_at
    from concerned
    inner join {{ ref('stg_clean__trade_confirmation') }} as confirmations
        on concerned.account_id = confirmations.account_id
    where confirmations.level = 'EXECUTION'
),

{% for name in ['trades', 'confirmations'] %}
in_{{ name }} as (
    select account_id, execution_key from {{ name }} where execution_key is not null
    union
    select executions.account_id, executions.execution_key
    from executions
    inner join {{ name }} as rows_of
        on
            executions.account_id = rows_of.account_id
            and executions.quantity = rows_of.quantity
            and date_trunc('second', executions.executed_at) = date_trunc('second', rows_of.trade_at)
            and coalesce(executions.conid = rows_of.conid, executions.symbol = rows_of.symbol)
    where rows_of.execution_key is null
),
{% endfor %}

unbooked as (
    select executions.*
    from executions
    anti join in_trades
        on executions.account_id = in_trades.account_id and executions.execution_key = in_trades.execution_key
),

possible as (
    select
        *,
        cast(unnest(generate_series(first_trade_date, last_trade_date, interval 1 day)) as date) as trade_date
    from unbooked
),

days as (
    select * from possible where isodow(trade_date) < 6
),

days_covered as (
    -- By a statement that was made after the fill.
    select distinct days.account_id, days.execution_key, days.trade_date
    from days
    inner join {{ ref('stg_clean__statement_section') }} as statements
        on
            days.account_id = statements.account_id
            and days.trade_date between statements.period_start_date and statements.period_end_date
            and coalesce(statements.when_generated_at > days.executed_at, true)
    where statements.section = 'Trades'
),

covered as (
    select days.account_id, days.execution_key
    from days
    left join days_covered using (account_id, execution_key, trade_date)
    group by days.account_id, days.execution_key
    having count(*) = count(days_covered.trade_date)
),

told_without_id as (
    select distinct days.account_id, days.execution_key
    from days
    inner join trades
        on
            days.account_id = trades.account_id
            and days.trade_date = trades.trade_date
            and coalesce(days.conid = trades.conid, days.symbol = trades.symbol)
    where trades.execution_key is null
)

select
    unbooked.account_id,
    unbooked.execution_key,
    unbooked.exec_id,
    case
        when covered.execution_key is not null
            then case when told_without_id.execution_key is null then 'missing' else 'covered' end
        when in_confirmations.execution_key is not null then 'confirmed'
        else 'awaited'
    end as status,
    unbooked.executed_at,
    unbooked.first_trade_date,
    unbooked.last_trade_date,
    unbooked.instrument_key,
    unbooked.conid,
    unbooked.symbol,
    unbooked.asset_class,
    unbooked.currency,
    unbooked.multiplier,
    unbooked.exchange,
    unbooked.side,
    unbooked.quantity,
    unbooked.price,
    case
        when unbooked.asset_class in ('STK', 'CASH', 'CFD', 'CRYPTO')
            then {{ exact_product(exact_product('unbooked.quantity', 'unbooked.price'), 'coalesce(unbooked.multiplier, 1)') }}
        when unbooked.asset_class in ('OPT', 'FOP', 'FUT', 'WAR', 'IOPT')
            then {{ exact_product(exact_product('unbooked.quantity', 'unbooked.price'), 'unbooked.multiplier') }}
    end as trade_money,
    unbooked.commission,
    unbooked.commission_currency,
    unbooked.perm_id,
    unbooked.document_id,
    unbooked.section,
    unbooked.row_ordinal
from unbooked
left join covered
    on unbooked.account_id = covered.account_id and unbooked.execution_key = covered.execution_key
left join told_without_id
    on unbooked.account_id = told_without_id.account_id and unbooked.execution_key = told_without_id.execution_key
left join in_confirmations
    on unbooked.account_id = in_confirmations.account_id and unbooked.execution_key = in_confirmations.execution_key
