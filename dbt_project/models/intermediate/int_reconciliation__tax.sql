-- Checks of taxes per account and period, against Change in NAV (identity 4).
-- Part of int_reconciliation__summary.
{{ config(materialized='view') }}

with

periods as (
    select * from {{ ref('int_statements__merge_period') }}
),

changes as (
    select account_id, period_start_date as period_start, period_end_date as period_end, transaction_tax, sales_tax
    from {{ ref('stg_clean__change_in_nav') }}
),

taxes as (
    select
        taxes.account_id, taxes.report_date, 'transaction_taxes' as check_name,
        count(*) as source_rows, sum({{ in_base('taxes.tax_amount', 'taxes') }}) as amount_base
    from {{ ref('stg_clean__transaction_tax') }} as taxes
    {{ join_day_rate('taxes', 'report_date') }}
    group by all

    union all

    select
        account_id, report_date, 'taxes_of_trades',
        count(*), sum({{ exact_product('taxes', 'fx_rate_to_base') }})
    from {{ ref('int_trades__convert') }}
    where taxes <> 0
    group by all

    union all

    select
        taxes.account_id, taxes.report_date, 'sales_taxes',
        count(*), sum({{ in_base('taxes.sales_tax', 'taxes') }})
    from {{ ref('stg_clean__sales_tax') }} as taxes
    {{ join_day_rate('taxes', 'report_date') }}
    group by all
),

taxed as (
    select
        periods.account_id, periods.period_start, periods.period_end, taxes.check_name,
        sum(taxes.source_rows) as source_rows, sum(taxes.amount_base) as amount_base
    from periods
    inner join taxes
        on periods.account_id = taxes.account_id and taxes.report_date between periods.period_start and periods.period_end
    group by all
)

{% for check, section, column, otherwise, words in [
    ('transaction_taxes', 'TransactionTaxes', 'transaction_tax', 'taxes_of_trades',
     'Taxes on trades (the trades\' own where the section Transaction Taxes has no rows)'),
    ('sales_taxes', 'SalesTaxes', 'sales_tax', '', 'Sales taxes'),
] %}
{{ 'union all' if not loop.first }}

select
    periods.account_id,
    periods.period_start,
    periods.period_end,
    '{{ check }}' as check_name,
    '{{ section }}' as section,
    cast(null as varchar) as currency,
    coalesce(taxed.amount_base, otherwise.amount_base, 0) as ours,
    changes.{{ column }} as broker,
    {{ tolerance_of_rows('coalesce(taxed.source_rows, otherwise.source_rows, 1)') }} as tolerance,
    case
        when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
        when not {{ reports(section) }} and otherwise.source_rows is null then {{ section_missing(section) }}
        when changes.{{ column }} is null
            then 'The field for this tax is not in Change in NAV (ChangeInNAV): add it to the Flex query.'
    end as missing,
    '{{ words | replace("'", "''") }}, in base currency, against Change in NAV.' as meaning
from periods
left join changes using (account_id, period_start, period_end)
left join taxed
    on
        periods.account_id = taxed.account_id
        and periods.period_start = taxed.period_start
        and periods.period_end = taxed.period_end
        and taxed.check_name = '{{ check }}'
left join taxed as otherwise
    on
        periods.account_id = otherwise.account_id
        and periods.period_start = otherwise.period_start
        and periods.period_end = otherwise.period_end
        and otherwise.check_name = '{{ otherwise }}'
-- Nothing to compare where neither side says anything.
where taxed.source_rows > 0 or coalesce(changes.{{ column }}, 0) <> 0
{% endfor %}
