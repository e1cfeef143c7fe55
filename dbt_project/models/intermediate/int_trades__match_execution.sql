-- Every fill that TWS told, and whether a statement has booked it. Identity is the execution id without its last part,
-- which counts corrections. The sum of a combination is left out: statements book its legs, which TWS tells too.
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
        coalesce(trades.trade_date, trades.report_date) as trade_date
    from concerned
    inner join {{ ref('int_trades__convert') }} as trades on concerned.account_id = trades.account_id
),

confirmed as (
    select distinct confirmations.account_id, {{ root }} as execution_key
    from concerned
    inner join {{ ref('stg_clean__trade_confirmation') }} as confirmations
        on concerned.account_id = confirmations.account_id
    where confirmations.level = 'EXECUTION' and confirmations.exec_id is not null
),

statements as (
    select sections.account_id, sections.period_start_date, sections.period_end_date, sections.when_generated_at
    from concerned
    inner join {{ ref('stg_clean__statement_section') }} as sections on concerned.account_id = sections.account_id
    where sections.section = 'Trades'
),

judged as (
    select
        *,
        (account_id, execution_key) in (
            select (account_id, execution_key) from trades where execution_key is not null
        ) as is_booked,
        (account_id, execution_key) in (select (account_id, execution_key) from confirmed) as is_confirmed,
        {% for day in ['first_trade_date', 'last_trade_date'] %}
        exists (
            select 1
            from statements
            where
                statements.account_id = executions.account_id
                and executions.{{ day }} between statements.period_start_date and statements.period_end_date
                and coalesce(statements.when_generated_at > executions.executed_at, true)
        ) {{ 'and' if not loop.last }}
        {% endfor %}
        as is_covered,
        exists (
            select 1
            from trades
            where
                trades.execution_key is null
                and trades.account_id = executions.account_id
                and trades.trade_date between executions.first_trade_date and executions.last_trade_date
                and coalesce(trades.conid = executions.conid, trades.symbol = executions.symbol)
        ) as may_be_booked_without_id
    from executions
)

select
    account_id,
    execution_key,
    exec_id,
    case
        when is_booked then 'booked'
        when is_covered and may_be_booked_without_id then 'covered'
        when is_covered then 'missing'
        when is_confirmed then 'confirmed'
        else 'awaited'
    end as status,
    executed_at,
    first_trade_date,
    last_trade_date,
    instrument_key,
    conid,
    symbol,
    asset_class,
    currency,
    multiplier,
    exchange,
    side,
    quantity,
    price,
    case
        when asset_class in ('STK', 'CASH', 'CFD', 'CRYPTO')
            then {{ exact_product(exact_product('quantity', 'price'), 'coalesce(multiplier, 1)') }}
        when asset_class in ('OPT', 'FOP', 'FUT', 'WAR', 'IOPT')
            then {{ exact_product(exact_product('quantity', 'price'), 'multiplier') }}
    end as trade_money,
    commission,
    commission_currency,
    perm_id,
    document_id,
    section,
    row_ordinal
from judged
