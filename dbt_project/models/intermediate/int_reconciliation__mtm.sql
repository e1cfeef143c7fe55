-- Checks of the mark-to-market summary and of the change in position values, per account and period (identity 4).
-- Part of int_reconciliation__summary.
{{ config(materialized='view') }}

with

periods as (
    select * from {{ ref('int_statements__merge_period') }}
),

changes as (
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        mtm,
        coalesce(mtm, 0) = 0 and (coalesce(realized, 0) <> 0 or coalesce(change_in_unrealized, 0) <> 0) as is_fifo_view
    from {{ ref('stg_clean__change_in_nav') }}
),

marked as (
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        count(*) filter (where row_kind <> 'total') as source_rows,
        sum(total) filter (where row_kind <> 'total') as total,
        max(total) filter (where row_kind = 'total' and description ilike 'Total P/L%') as grand_total,
        sum({{ sum_of(['prior_open_mtm', 'transaction_mtm', 'corporate_action_mtm']) }})
            filter (where row_kind in ('instrument', 'currency')) as mtm
    from {{ ref('stg_clean__mtm_performance') }}
    group by all
),

valued as (
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        count(*) as source_rows,
        count(*) filter (
            where abs(
                coalesce(prior_period_value, 0) + {{ sum_of(position_value_parts()) }} - coalesce(end_of_period_value, 0)
            ) > {{ tolerance() }}
        ) as rows_broken,
        count(*) filter (where currency = 'BASE_SUMMARY') as base_rows,
        sum({{ sum_of(['mtm_prior_period_positions', 'mtm_transactions']) }})
            filter (where currency = 'BASE_SUMMARY') as mtm
    from {{ ref('stg_clean__position_value_change') }}
    group by all
),

joined as (
    select
        periods.*,
        changes.mtm as nav_mtm,
        coalesce(changes.is_fifo_view, false) as is_fifo_view,
        coalesce(marked.source_rows, 0) as marked_rows,
        marked.total as marked_total,
        marked.grand_total,
        marked.mtm as marked_mtm,
        coalesce(valued.source_rows, 0) as valued_rows,
        coalesce(valued.base_rows, 0) as valued_base_rows,
        valued.rows_broken as values_broken,
        valued.mtm as valued_mtm
    from periods
    left join changes using (account_id, period_start, period_end)
    left join marked using (account_id, period_start, period_end)
    left join valued using (account_id, period_start, period_end)
)

select
    account_id,
    period_start,
    period_end,
    'mtm_total' as check_name,
    'MTMPerformanceSummaryInBase' as section,
    cast(null as varchar) as currency,
    marked_total as ours,
    grand_total as broker,
    {{ tolerance_of_rows('marked_rows') }} as tolerance,
    case
        when not {{ reports('MTMPerformanceSummaryInBase') }} then {{ section_missing('MTMPerformanceSummaryInBase') }}
        when grand_total is null then 'The mark-to-market summary has no row Total P/L.'
        when marked_total is null then {{ field_missing('MTMPerformanceSummaryInBase', 'Total') }}
    end as missing,
    'Sum of the rows of the mark-to-market summary against its total.' as meaning
from joined

union all

select
    account_id, period_start, period_end, 'mtm_change_in_nav', 'MTMPerformanceSummaryInBase', null,
    coalesce(marked_mtm, 0), nav_mtm, {{ tolerance_of_rows('marked_rows') }},
    case
        when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
        when is_fifo_view
            then 'Change in NAV splits the result into realised and unrealised PnL in place of mark-to-market.'
        when nav_mtm is null then {{ field_missing('ChangeInNAV', 'MTM') }}
    end,
    'Mark-to-market of positions and trades by instrument, without commissions, against Change in NAV.'
from joined
where {{ reports('MTMPerformanceSummaryInBase') }}

union all

select
    account_id, period_start, period_end, 'position_value_mtm', 'ChangeInPositionValues', null,
    valued_mtm, nav_mtm, {{ tolerance_of_rows('valued_rows') }},
    case
        when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
        when valued_base_rows = 0 then 'The change in position values has no rows in base currency (BASE_SUMMARY).'
        when is_fifo_view
            then 'Change in NAV splits the result into realised and unrealised PnL in place of mark-to-market.'
        when nav_mtm is null then {{ field_missing('ChangeInNAV', 'MTM') }}
    end,
    'Mark-to-market in the change of position values against Change in NAV.'
from joined
where {{ reports('ChangeInPositionValues') }}

union all

select
    account_id, period_start, period_end, 'position_value_components', 'ChangeInPositionValues', null,
    cast(valued_rows - values_broken as {{ exact() }}), cast(valued_rows as {{ exact() }}),
    cast(0 as {{ exact() }}),
    case when valued_rows = 0 then 'The change in position values has no rows.' end,
    'Asset classes whose value before the period plus what moved it is the value at its end; '
    || coalesce(values_broken, 0) || ' are not.'
from joined
where {{ reports('ChangeInPositionValues') }}
