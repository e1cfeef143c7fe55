-- A coarser document's totals against those of the finer documents that stand in our books: one row per account, period
-- of the coarser document, section and currency that both tell.
select
    account_id,
    period_start_date as period_start,
    period_end_date as period_end,
    'source_agreement' as check_name,
    section,
    currency,
    sum(coalesce(finer_amount, 0)) as ours,
    sum(coalesce(coarser_amount, 0)) as broker,
    {{ tolerance_of_rows('sum(coarser_rows)') }} as tolerance,
    case
        when not bool_and(is_covered)
            then 'Finer documents cover a part of this period only: what the ' || any_value({{ kind_label('kind') }})
                || ' tells of the other days stands in our books.'
    end as missing,
    'Total of ' || any_value(measure) || ' in the finer documents, which our books follow, against the same total in the '
    || any_value({{ kind_label('kind') }}) || '.' as meaning
from {{ ref('stg_clean__source_agreement') }}
group by account_id, period_start_date, period_end_date, section, currency
