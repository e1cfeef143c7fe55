-- Checks of the broker's summaries per account and period, of all subjects in one table.
with

checks as (
    select * from {{ ref('int_reconciliation__mtm') }}
    union all
    select * from {{ ref('int_reconciliation__by_symbol') }}
    union all
    select * from {{ ref('int_reconciliation__interest') }}
    union all
    select * from {{ ref('int_reconciliation__tax') }}
    union all
    select * from {{ ref('int_reconciliation__cash_rebuilt') }}
)

select
    account_id,
    period_start,
    period_end,
    check_name,
    section,
    currency,
    cast(ours as {{ exact() }}) as ours,
    cast(broker as {{ exact() }}) as broker,
    cast(tolerance as {{ exact() }}) as tolerance,
    missing,
    meaning
from checks
