-- The rows behind broken row-level checks: each misses an identity of its own by more than half a cent.
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
    account_id, check_name, period_start, period_end, document_id, section, row_ordinal, report_date, symbol, currency,
    ours, broker, ours - broker, tolerance
from {{ ref('int_reconciliation__source_day') }}
