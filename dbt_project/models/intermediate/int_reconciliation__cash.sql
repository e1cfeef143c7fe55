-- Checks of cash per account, period and currency: the cash report adds up (identity 6), and its ending cash is the
-- last balance of the statement of funds (3), in base and in each currency.
with

periods as (
    select * from {{ ref('int_statements__merge_period') }}
),

reports as (
    select
        *,
        coalesce(deposit_withdrawals, coalesce(deposits, 0) + coalesce(withdrawals, 0))
        + {{ sum_of(cash_report_components()) }} as components
    from {{ ref('stg_clean__cash_balance') }}
),

closings as (
    select
        account_id,
        case when level = 'BaseCurrency' then 'BASE_SUMMARY' else currency end as currency,
        report_date,
        arg_max(balance, line_ordinal) as balance,
        arg_max(document_id, line_ordinal) as document_id
    from {{ ref('stg_clean__statement_of_funds') }}
    where balance is not null
    group by all
),

statement_ends as (
    select distinct document_id, account_id, period_end_date as period_end
    from {{ ref('stg_clean__statement') }}
),

levels as (
    select account_id, bool_or(level = 'Currency') as has_currency_lines, bool_or(level = 'BaseCurrency') as has_base_lines
    from {{ ref('stg_clean__statement_of_funds') }}
    group by account_id
),

rows_reported as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        periods.sections,
        reports.currency,
        reports.starting_cash,
        reports.ending_cash,
        reports.components,
        coalesce(levels.has_currency_lines, false) as has_currency_lines,
        coalesce(levels.has_base_lines, false) as has_base_lines
    from periods
    left join reports
        on
            periods.account_id = reports.account_id
            and periods.period_start = reports.period_start_date
            and periods.period_end = reports.period_end_date
    left join levels on periods.account_id = levels.account_id
),

balanced as (
    -- The last line on or before the end of the period; without one nothing moved since the start.
    select
        rows_reported.*,
        case when closings.report_date >= rows_reported.period_start then closings.balance end as funds_balance,
        closings.report_date >= rows_reported.period_start and statement_ends.document_id is null as is_foreign_line
    from rows_reported
    asof left join closings
        on
            rows_reported.account_id = closings.account_id
            and rows_reported.currency = closings.currency
            and rows_reported.period_end >= closings.report_date
    left join statement_ends
        on
            closings.document_id = statement_ends.document_id
            and rows_reported.account_id = statement_ends.account_id
            and rows_reported.period_end = statement_ends.period_end
)

select
    account_id,
    period_start,
    period_end,
    'cash_report_components' as check_name,
    'CashReport' as section,
    currency,
    starting_cash + components as ours,
    ending_cash as broker,
    {{ tolerance() }} as tolerance,
    case
        when not {{ reports('CashReport') }} then {{ section_missing('CashReport') }}
        when currency is null then 'The Cash Report has no rows.'
        when starting_cash is null then {{ field_missing('CashReport', 'Starting Cash') }}
        when ending_cash is null then {{ field_missing('CashReport', 'Ending Cash') }}
    end as missing,
    'Starting cash plus components against the ending cash of the Cash Report.' as meaning
from rows_reported

union all

select
    account_id,
    period_start,
    period_end,
    'cash_statement_of_funds',
    'CashReport',
    currency,
    coalesce(funds_balance, starting_cash),
    ending_cash,
    {{ tolerance() }},
    case
        when not {{ reports('CashReport') }} then {{ section_missing('CashReport') }}
        when not {{ reports('StmtFunds') }} then {{ section_missing('StmtFunds') }}
        when currency is null then 'The Cash Report has no rows.'
        when ending_cash is null then {{ field_missing('CashReport', 'Ending Cash') }}
        when currency = 'BASE_SUMMARY' and not has_base_lines
            then 'The Statement of Funds has no lines in base currency: choose the option Base Currency Summary.'
        when currency <> 'BASE_SUMMARY' and not has_currency_lines
            then 'The Statement of Funds has no lines per currency: choose the option Currency Breakout.'
        when coalesce(funds_balance, starting_cash) is null
            then 'The Statement of Funds has no line for this currency, and the Cash Report no starting cash.'
    end,
    'Last balance of the Statement of Funds against the ending cash of the Cash Report.'
from balanced
-- The running balance in base currency translates the other currencies once, at the end of its own statement: only
-- lines of a statement with this very end say something about it.
where not (
    currency is not distinct from 'BASE_SUMMARY'
    and has_base_lines
    and {{ reports('StmtFunds') }}
    and (funds_balance is null or is_foreign_line)
)
