-- Rows where our FIFO lots and the broker disagree by more than rounding explains, with every period that holds them.
-- At most a thousand rows per account, period and check are listed; all of them are counted.
with

periods as (
    -- The last snapshot of the period speaks for it: those before it may have been corrected since.
    select
        periods.*,
        (
            select max(positions.report_date) from {{ ref('stg_clean__position') }} as positions
            where
                positions.account_id = periods.account_id
                and positions.report_date between periods.period_start and periods.period_end
        ) as snapshot_date
    from {{ ref('int_statements__merge_period') }} as periods
),

missed as (
    select * from {{ ref('int_lots__compare') }} where abs(ours - broker) > tolerance
)

select
    periods.account_id,
    periods.period_start,
    periods.period_end,
    missed.check_name,
    missed.document_id,
    missed.section,
    missed.row_ordinal,
    missed.report_date,
    missed.symbol,
    missed.currency,
    missed.ours,
    missed.broker,
    missed.tolerance,
    count(*) over (partition by periods.account_id, periods.period_start, periods.period_end, missed.check_name)
        as rows_broken
from periods
inner join missed
    on
        periods.account_id = missed.account_id
        and (
            missed.check_name in ('lots_realized', 'lots_closed') or missed.report_date = periods.snapshot_date
        )
        and missed.report_date between periods.period_start and periods.period_end
qualify row_number() over (
    partition by periods.account_id, periods.period_start, periods.period_end, missed.check_name
    order by missed.document_id, missed.section, missed.row_ordinal, missed.report_date, missed.symbol
) <= 1000
