-- The rows behind broken row-level checks: each misses an identity of its own by more than half a cent; and the rows of
-- the broker's summaries whose instrument differs from our books.
select
    account_id,
    check_name,
    period_start,
    period_end,
    document_id,
    section,
    row_ordinal,
    report_date,
    symbol,
    currency,
    ours,
    broker,
    ours - broker as difference,
    tolerance
from {{ ref('int_reconciliation__row') }}

union all

select
    symbols.account_id,
    symbols.check_name,
    symbols.period_start,
    symbols.period_end,
    coalesce(symbols.document_id, periods.document_id) as document_id,
    symbols.section,
    symbols.row_ordinal,
    symbols.period_end as report_date,
    symbols.symbol,
    cast(null as varchar) as currency,
    symbols.ours,
    symbols.broker,
    symbols.ours - symbols.broker as difference,
    symbols.tolerance
from {{ ref('int_reconciliation__symbol') }} as symbols
inner join {{ ref('int_statements__merge_period') }} as periods using (account_id, period_start, period_end)
where symbols.is_broken
qualify row_number() over (
    partition by symbols.account_id, symbols.period_start, symbols.period_end, symbols.check_name
    order by abs(symbols.ours - symbols.broker) desc, symbols.conid
) <= 1000
