-- Income and costs by month of booking, month of the original action, payer and kind. A reversal stands in the month
-- it is booked in, beside the month of the action that it corrects.
with

cash as (
    select
        account_id,
        report_date,
        coalesce(cast(paid_at as date), settle_date, report_date) as action_date,
        currency,
        instrument_key,
        conid,
        symbol,
        case category
            when 'withholding_tax' then 'withholding'
            when 'broker_interest' then 'interest'
            when 'bond_interest' then 'interest'
            when 'commission_adjustment' then 'commission'
            else category
        end as kind,
        amount,
        amount_base
    from {{ ref('fct_cash_transaction') }}
    where
        category in (
            'dividend', 'payment_in_lieu', 'withholding_tax', 'broker_interest', 'bond_interest', 'fee',
            'commission_adjustment'
        )
        and report_date is not null
),

trades as (
    {% for column, kind in [('trade_commissions', 'commission'), ('taxes', 'tax')] %}
    select
        flows.account_id,
        flows.report_date,
        flows.report_date as action_date,
        flows.currency,
        case when flows.instrument_key not like 'CASH:%' then flows.instrument_key end as instrument_key,
        instruments.conid,
        instruments.symbol,
        '{{ kind }}' as kind,
        flows.{{ column }} as amount,
        {{ exact_product(
            'flows.' ~ column, 'case when flows.currency = accounts.base_currency then 1 else rates.rate end'
        ) }} as amount_base
    from {{ ref('int_pnl__collect_flow') }} as flows
    left join {{ ref('stg_clean__account') }} as accounts
        on flows.account_id = accounts.account_id
    left join {{ ref('int_fx__resolve_daily') }} as rates
        on
            flows.account_id = rates.account_id
            and flows.currency = rates.currency
            and flows.report_date = rates.rate_date
    left join {{ ref('dim_instrument') }} as instruments
        on flows.instrument_key = instruments.instrument_key
    where flows.{{ column }} <> 0
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

booked as (
    select
        *,
        cast(date_trunc('month', report_date) as date) as booked_month_date,
        cast(date_trunc('month', action_date) as date) as action_month_date
    from (select * from cash union all select * from trades)
)

select
    account_id,
    booked_month_date,
    action_month_date,
    currency,
    instrument_key,
    max(conid) as conid,
    coalesce(max(symbol), 'broker') as payer,
    kind,
    cast(count(*) as integer) as rows_booked,
    sum(case when kind in ('dividend', 'payment_in_lieu', 'interest') then amount else 0 end) as gross,
    sum(amount) as net,
    case when count(*) = count(amount_base)
        then sum(case when kind in ('dividend', 'payment_in_lieu', 'interest') then amount_base else 0 end)
    end as gross_base,
    case when count(*) = count(amount_base) then sum(amount_base) end as net_base,
    case when count(*) <> count(amount_base)
        then (count(*) - count(amount_base)) || ' row(s) have no exchange rate to the base currency.'
    end as withheld_reason
from booked
group by account_id, booked_month_date, action_month_date, currency, instrument_key, kind
