-- Checks of the broker's summaries by instrument, per account and period (identities 4, 5): how many instruments tie.
-- Part of int_reconciliation__summary.
{{ config(materialized='view') }}

with

periods as (
    select * from {{ ref('int_statements__merge_period') }}
),

symbols as (
    select
        account_id, period_start, period_end, check_name,
        count(*) as compared,
        count(*) filter (where is_broken) as broken
    from {{ ref('int_reconciliation__symbol') }}
    group by all
)

-- Lots are an option of the section Trades: a statement without them has nothing to compare.
select
    account_id,
    period_start,
    period_end,
    check_name,
    'Trades' as section,
    cast(null as varchar) as currency,
    cast(compared - broken as {{ exact() }}) as ours,
    cast(compared as {{ exact() }}) as broker,
    cast(0 as {{ exact() }}) as tolerance,
    cast(null as varchar) as missing,
    'Instruments whose realised PnL of closed lots and wash sales is that of their trades; ' || broken
    || ' of ' || compared || ' are not (reconciliation_row lists them).' as meaning
from symbols
where check_name = 'lots_by_symbol'

{% for check, section, rows_section, words in [
    ('mtm_prior_by_symbol', 'MTMPerformanceSummaryInBase', 'PriorPeriodPositions',
     'mark-to-market of positions held over is that of the daily marks'),
    ('mtm_transactions_by_symbol', 'MTMPerformanceSummaryInBase', 'Trades',
     'mark-to-market of trades is that of trades and corporate actions'),
    ('realized_by_symbol', 'FIFOPerformanceSummaryInBase', 'Trades',
     'realised PnL by FIFO is that of trades and corporate actions'),
    ('unrealized_by_symbol', 'FIFOPerformanceSummaryInBase', 'OpenPositions',
     'unrealised PnL by FIFO is that of the open positions'),
] %}
union all

select
    periods.account_id, periods.period_start, periods.period_end, '{{ check }}', '{{ section }}', null,
    cast(symbols.compared - symbols.broken as {{ exact() }}), cast(symbols.compared as {{ exact() }}),
    cast(0 as {{ exact() }}),
    case
        when not {{ reports(rows_section) }} then {{ section_missing(rows_section) }}
        when symbols.compared is null
            then 'No row of the summary names an instrument by its Conid, or the amount is not selected.'
    end,
    'Instruments whose {{ words }}; ' || coalesce(symbols.broken, 0) || ' of ' || coalesce(symbols.compared, 0)
    || ' are not (reconciliation_row lists them).'
from periods
left join symbols
    on
        periods.account_id = symbols.account_id
        and periods.period_start = symbols.period_start
        and periods.period_end = symbols.period_end
        and symbols.check_name = '{{ check }}'
where {{ reports(section) }}
{% endfor %}
