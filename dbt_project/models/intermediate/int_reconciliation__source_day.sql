-- The days behind a source_agreement that does not tie, each with the first row that the coarser document (else a finer
-- one) has of it.
select
    days.account_id,
    'source_agreement' as check_name,
    days.period_start_date as period_start,
    days.period_end_date as period_end,
    days.document_id,
    days.section,
    days.row_ordinal,
    days.report_date,
    cast(null as varchar) as symbol,
    days.currency,
    coalesce(days.finer_amount, 0) as ours,
    coalesce(days.coarser_amount, 0) as broker,
    {{ tolerance_of_rows('days.coarser_rows') }} as tolerance
from {{ ref('stg_clean__source_agreement') }} as days
inner join {{ ref('int_reconciliation__source') }} as totals
    on
        days.account_id = totals.account_id
        and days.period_start_date = totals.period_start
        and days.period_end_date = totals.period_end
        and days.section = totals.section
        and days.currency is not distinct from totals.currency
where
    totals.missing is null
    and abs(totals.ours - totals.broker) > totals.tolerance
    and abs(coalesce(days.finer_amount, 0) - coalesce(days.coarser_amount, 0)) > {{ tolerance_of_rows('days.coarser_rows') }}
