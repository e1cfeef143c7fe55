-- Cash rebuilt from the rows that move it, per account, period and currency, against the Cash Report (identity 6).
-- Part of int_reconciliation__summary.
{{ config(materialized='view') }}

with

periods as (
    select * from {{ ref('int_statements__merge_period') }}
),

moves as (
    select
        account_id, report_date, currency, 'trade' as kind,
        case when asset_class in ('FUT', 'CFD') then 0 else coalesce(proceeds, 0) end + coalesce(taxes, 0) as amount
    from {{ ref('int_trades__convert') }}

    union all

    select
        account_id, report_date, coalesce(commission_currency, currency),
        case when asset_class = 'CASH' then 'currency_commission' else 'commission' end, commission
    from {{ ref('int_trades__convert') }}

    union all

    select account_id, report_date, split_part(symbol, '.', 1), 'trade', quantity
    from {{ ref('int_trades__convert') }}
    where asset_class = 'CASH'

    {% for model, amount in [
        ('cash_transaction', 'amount'), ('corporate_action', 'proceeds'), ('transfer', 'cash_transfer'),
        ('sales_tax', 'sales_tax'), ('cfd_charge', 'amount'),
    ] %}
    union all

    select account_id, report_date, currency, '{{ model }}', {{ amount }}
    from {{ ref('stg_clean__' ~ model) }}
    {% endfor %}
),

moved as (
    select
        account_id,
        report_date,
        currency,
        sum(amount) as amount,
        sum(amount) filter (where kind like '%commission') as commissions,
        bool_or(kind = 'currency_commission') as has_currency_commissions
    from moves
    where amount <> 0
    group by all
),

funded as (
    select account_id, report_date, currency, sum(amount) as amount
    from {{ ref('stg_clean__statement_of_funds') }}
    where level = 'Currency'
    group by all
),

cash as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        periods.sections,
        balances.currency,
        balances.starting_cash,
        balances.ending_cash,
        balances.commissions,
        {{ sum_of(cash_report_components_without_rows(), 'balances.') }}
        + case when {{ reports('SalesTaxes') }} then 0 else coalesce(balances.sales_tax, 0) end
        + case when {{ reports('CFDCharges') }} then 0 else coalesce(balances.cfd_charges, 0) end as without_rows
    from periods
    inner join {{ ref('stg_clean__cash_balance') }} as balances
        on
            periods.account_id = balances.account_id
            and periods.period_start = balances.period_start_date
            and periods.period_end = balances.period_end_date
            and balances.currency <> 'BASE_SUMMARY'
),

cash_sums as (
    select
        cash.account_id,
        cash.period_start,
        cash.period_end,
        cash.currency,
        any_value(cash.sections) as sections,
        any_value(cash.starting_cash) as starting_cash,
        any_value(cash.ending_cash) as ending_cash,
        any_value(cash.starting_cash) + any_value(cash.without_rows) + coalesce(sum(moved.amount), 0) as by_rows,
        any_value(cash.commissions) - coalesce(sum(moved.commissions), 0) as commissions_apart,
        bool_or(moved.has_currency_commissions) as has_currency_commissions
    from cash
    left join moved
        on
            cash.account_id = moved.account_id
            and cash.currency = moved.currency
            and moved.report_date between cash.period_start and cash.period_end
    group by all
),

fund_sums as (
    select cash.account_id, cash.period_start, cash.period_end, cash.currency, sum(funded.amount) as amount
    from cash
    inner join funded
        on
            cash.account_id = funded.account_id
            and cash.currency = funded.currency
            and funded.report_date between cash.period_start and cash.period_end
    group by all
),

cash_tried as (
    select
        cash_sums.*,
        {{ reports('Trades') }} and {{ reports('CashTransactions') }} as has_rows,
        abs(by_rows - ending_cash) <= {{ tolerance() }} as is_tied,
        abs(by_rows + commissions_apart - ending_cash) <= {{ tolerance() }}
        and bool_or(has_currency_commissions) over period
        and min(commissions_apart) over period < 0
        and max(commissions_apart) over period > 0 as is_tied_with_commissions,
        case when {{ reports('StmtFunds') }} then starting_cash + fund_sums.amount end as by_funds
    from cash_sums
    left join fund_sums using (account_id, period_start, period_end, currency)
    window period as (partition by account_id, period_start, period_end)
),

cash_rebuilt as (
    select
        *,
        case
            when has_rows and is_tied then 'rows'
            when has_rows and is_tied_with_commissions then 'rows and commissions'
            when by_funds is not null then 'funds'
            when has_rows then 'rows'
        end as way
    from cash_tried
)

select
    account_id,
    period_start,
    period_end,
    'cash_rebuilt' as check_name,
    'CashReport' as section,
    currency,
    case way when 'rows' then by_rows when 'funds' then by_funds else by_rows + commissions_apart end as ours,
    ending_cash as broker,
    {{ tolerance() }} as tolerance,
    case
        when ending_cash is null then {{ field_missing('CashReport', 'Ending Cash') }}
        when starting_cash is null then {{ field_missing('CashReport', 'Starting Cash') }}
        when way is null and not {{ reports('Trades') }} then {{ section_missing('Trades') }}
        when way is null then {{ section_missing('CashTransactions') }}
    end as missing,
    case way
        when 'funds'
            then 'Starting cash plus the lines of the Statement of Funds against the ending cash of the Cash Report'
                || case when has_rows
                    then '; trades and cash transactions give ' || {{ money_text('by_rows') }} else ''
                end || '.'
        else 'Starting cash plus trades, cash transactions and other rows that move cash against the ending cash '
            || 'of the Cash Report'
            || case when way = 'rows and commissions'
                then '; with the commissions of the report, because the rows of currency trades put '
                    || {{ money_text('-commissions_apart') }} || ' more in this currency'
                else ''
            end || '.'
    end as meaning
from cash_rebuilt
