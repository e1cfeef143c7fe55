-- The months that PortfolioAnalyst prints a return for, each with our return of the same days: one row per account and
-- month, or the part of a month that an analysis holds. Of two analyses that print it, the one received last counts.
with

months as (
    select
        analyses.account_id,
        analyses.document_id,
        analyses.performance_measure,
        greatest(printed.month_date, analyses.period_start_date) as month_start,
        least(last_day(printed.month_date), analyses.period_end_date) as month_end,
        printed.return_percent
    from {{ ref('int_analyst__sum_books') }} as analyses
    inner join {{ ref('stg_clean__portfolio_analyst_performance') }} as printed
        on analyses.document_id = printed.document_id and printed.is_account and printed.period_kind = 'month'
    where
        analyses.incomparable_reason is null
        and printed.month_date between date_trunc('month', analyses.period_start_date) and analyses.period_end_date
    qualify row_number() over (
        partition by analyses.account_id, month_start, month_end
        order by analyses.received_at desc, analyses.document_id desc, printed.section, printed.row_ordinal
    ) = 1
),

month_returns as (
    select
        months.account_id,
        months.month_start,
        months.month_end,
        list_product(list(1 + returns.twr order by returns.day_date) filter (where returns.twr is not null)) - 1 as twr,
        coalesce(
            arg_min(returns.withheld_reason, returns.day_date) filter (where returns.breaks_chain),
            case when bool_or(returns.return_status = 'base') then 'Our books begin inside of this month.' end
        ) as broken_reason
    from months
    inner join {{ ref('int_returns__link') }} as returns
        on months.account_id = returns.account_id and returns.day_date between months.month_start and months.month_end
    group by all
)

select
    months.account_id,
    months.month_start,
    months.month_end,
    months.document_id,
    months.performance_measure,
    months.return_percent,
    month_returns.twr,
    month_returns.broken_reason
from months
left join month_returns
    on
        months.account_id = month_returns.account_id
        and months.month_start = month_returns.month_start
        and months.month_end = month_returns.month_end
