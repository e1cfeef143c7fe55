-- External flows, one row per booking: deposits and withdrawals, and what transfers bring or take. Seen from the
-- account: a transfer between two of one's own accounts is a flow of each.
with

nav_days as (
    select account_id, day_date
    from {{ ref('int_calendar__day') }}
    where is_nav_day
),

cash as (
    select
        cash.account_id,
        cash.report_date as flow_date,
        'cash' as kind,
        cash.description,
        cast(null as varchar) as counter_account,
        cash.currency,
        cash.amount,
        {{ day_rate('cash') }} as rate,
        null::{{ exact() }} as position_amount_base,
        'CASH:' || cash.currency as instrument_key,
        null::{{ exact() }} as position_amount,
        cash.document_id,
        cash.section,
        cash.row_ordinal
    from {{ ref('stg_clean__cash_transaction') }} as cash
    {{ join_day_rate('cash', 'report_date') }}
    where cash.category = 'deposit_withdrawal'
),

transfers as (
    select
        moved.account_id,
        moved.report_date as flow_date,
        'transfer' as kind,
        concat_ws(' ', moved.type, moved.direction, moved.symbol) as description,
        moved.counter_account,
        moved.currency,
        -- A transfer of cash may show its amount as a position too: it is one flow.
        coalesce(moved.cash_transfer, 0) as amount,
        {{ day_rate('moved') }} as rate,
        case
            when moved.asset_class = 'CASH' and coalesce(moved.cash_transfer, 0) <> 0 then 0
            when moved.position_amount_base is not null then moved.position_amount_base
            when coalesce(moved.position_amount, 0) = 0 then 0
            else {{ in_base('moved.position_amount', 'moved') }}
        end as position_amount_base,
        case when moved.asset_class = 'CASH' then 'CASH:' || moved.currency else moved.instrument_key end as instrument_key,
        moved.position_amount,
        moved.document_id,
        moved.section,
        moved.row_ordinal
    from {{ ref('stg_clean__transfer') }} as moved
    {{ join_day_rate('moved', 'report_date') }}
),

flows as (
    select
        *,
        case
            when kind = 'cash' then {{ exact_product('amount', 'rate') }}
            when amount = 0 then position_amount_base
            else position_amount_base + {{ exact_product('amount', 'rate') }}
        end as amount_base
    from (select * from cash union all select * from transfers)
)

select
    flows.account_id,
    flows.flow_date,
    -- A flow booked on a day without a net asset value counts to the next day that has one.
    days.day_date as nav_date,
    flows.kind,
    flows.description,
    flows.counter_account,
    flows.currency,
    flows.amount,
    flows.amount_base,
    flows.instrument_key,
    flows.position_amount,
    flows.position_amount_base,
    flows.document_id,
    flows.section,
    flows.row_ordinal
from flows
asof left join nav_days as days
    on flows.account_id = days.account_id and flows.flow_date <= days.day_date
where flows.amount_base is null or flows.amount_base <> 0
