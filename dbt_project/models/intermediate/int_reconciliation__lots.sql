-- Our FIFO lots against the broker's, per account and period: realised PnL summed in base currency, and how many of
-- the compared closings, and of the positions in the last snapshot, agree. The rows that do not are in int_reconciliation__lot_row.
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

daily as (
    select
        account_id,
        report_date,
        check_name,
        count(*) as rows_concerned,
        count(*) filter (where ours is not null and broker is not null) as rows_compared,
        count(*) filter (where abs(ours - broker) > tolerance) as rows_broken,
        sum(ours_base) filter (where broker_base is not null) as ours_base,
        sum(broker_base) filter (where ours_base is not null) as broker_base
    from {{ ref('int_lots__compare') }}
    group by all
),

names (check_name, section, meaning) as (
    values
    ('lots_realized', 'Trades', 'Realised PnL of our own FIFO lots, by closing trade, against the broker''s; '),
    ('lots_closed', 'Trades', 'Closings whose lots have the broker''s quantity and cost, of all with Closed Lot rows; '),
    ('lots_quantity', 'OpenPositions', 'Positions whose quantity our lots add up to, of those in the last snapshot; '),
    ('lots_cost_basis', 'OpenPositions', 'Positions whose cost basis our lots add up to, of those in the last snapshot; ')
),

summed as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        periods.sections,
        names.check_name,
        names.section,
        names.meaning,
        coalesce(sum(daily.rows_concerned), 0) as rows_concerned,
        coalesce(sum(daily.rows_compared), 0) as rows_compared,
        coalesce(sum(daily.rows_broken), 0) as rows_broken,
        coalesce(sum(daily.ours_base), 0) as ours_base,
        coalesce(sum(daily.broker_base), 0) as broker_base
    from periods
    cross join names
    left join daily
        on
            periods.account_id = daily.account_id
            and names.check_name = daily.check_name
            and (
                (names.section = 'Trades' and daily.report_date between periods.period_start and periods.period_end)
                or (names.section = 'OpenPositions' and daily.report_date = periods.snapshot_date)
            )
    group by all
)

select
    account_id,
    period_start,
    period_end,
    check_name,
    section,
    cast(null as varchar) as currency,
    cast(
        case when check_name = 'lots_realized' then ours_base else rows_compared - rows_broken end as {{ exact() }}
    ) as ours,
    cast(case when check_name = 'lots_realized' then broker_base else rows_compared end as {{ exact() }}) as broker,
    case
        when check_name = 'lots_realized' then {{ tolerance_of_rows('rows_compared') }}
        else cast(0 as {{ exact() }})
    end as tolerance,
    case
        when section = 'Trades' and not {{ reports('Trades') }} then {{ section_missing('Trades') }}
        when section = 'OpenPositions' and not {{ reports('OpenPositions') }} then {{ section_missing('OpenPositions') }}
        when not {{ reports('Trades') }} then {{ section_missing('Trades') }}
        when rows_concerned > 0 and rows_compared = 0
            then 'Nothing of ' || rows_concerned || ' can be compared: our basis is not known (see data_health), or '
                || 'the broker''s figure is not in this statement.'
    end as missing,
    meaning || rows_broken || ' of ' || rows_compared || ' are not equal.' as meaning
from summed
