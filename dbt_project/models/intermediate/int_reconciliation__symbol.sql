-- The broker's summaries by instrument against our rows, per account and period: mark-to-market of positions held over
-- (identity 4) and of trades, realised and unrealised PnL by FIFO (5), and a trade's realised PnL against its closed
-- lots and wash sales. All but the last are in base currency. Instruments are matched by conid; currencies are left out.
{% set days_with_lots_miss -%}
  abs(sum(split_trades.lots_realized - split_trades.realized) filter (where split_trades.has_lots))
            > {{ tolerance_of_rows('sum(split_trades.source_rows) filter (where split_trades.has_lots)') }}
{%- endset %}
with

periods as (
    select account_id, period_start, period_end, sections from {{ ref('int_statements__merge_period') }}
),

traded as (
    select
        account_id,
        report_date as day_date,
        conid,
        any_value(symbol) as symbol,
        count(*) as source_rows,
        count(realized_pnl_base) as realized_rows,
        sum(realized_pnl_base) as realized_base,
        count(mtm_pnl) as mtm_rows,
        sum({{ exact_product('mtm_pnl', 'fx_rate_to_base') }}) as mtm_base
    from {{ ref('int_trades__convert') }}
    where conid is not null and asset_class is distinct from 'CASH'
    group by all
),

acted as (
    select
        actions.account_id,
        actions.report_date as day_date,
        actions.conid,
        any_value(actions.symbol) as symbol,
        count(*) as source_rows,
        count(actions.realized_pnl) as realized_rows,
        sum({{ in_base('actions.realized_pnl', 'actions') }}) as realized_base,
        count(actions.mtm_pnl) as mtm_rows,
        sum({{ in_base('actions.mtm_pnl', 'actions') }}) as mtm_base
    from {{ ref('stg_clean__corporate_action') }} as actions
    {{ join_day_rate('actions', 'report_date') }}
    where actions.conid is not null
    group by all
),

marked as (
    select
        marks.account_id,
        marks.mark_date as day_date,
        marks.conid,
        any_value(marks.symbol) as symbol,
        count(*) as source_rows,
        sum({{ in_base('marks.prior_mtm_pnl', 'marks') }}) as mtm_base
    from {{ ref('stg_clean__position_mark') }} as marks
    {{ join_day_rate('marks', 'mark_date') }}
    where marks.conid is not null and marks.prior_mtm_pnl is not null and marks.asset_class is distinct from 'CASH'
    group by all
),

snapshots as (
    select periods.account_id, periods.period_start, periods.period_end, max(positions.report_date) as snapshot_date
    from periods
    inner join {{ ref('stg_clean__position') }} as positions
        on
            periods.account_id = positions.account_id
            and positions.report_date between periods.period_start and periods.period_end
    group by all
),

-- Realised PnL in the trade's own currency, on the days of an instrument that report lots.
lots as (
    select account_id, report_date, conid, count(*) as source_rows, sum(realized_pnl) as realized
    from (
        select account_id, report_date, conid, realized_pnl from {{ ref('stg_clean__closed_lot') }}
        union all
        select account_id, report_date, conid, realized_pnl from {{ ref('stg_clean__wash_sale') }}
    )
    where conid is not null and realized_pnl is not null
    group by all
),

split_trades as (
    select
        trades.account_id,
        trades.report_date as day_date,
        trades.conid,
        any_value(trades.symbol) as symbol,
        count(*) + coalesce(any_value(lots.source_rows), 0) as source_rows,
        sum(trades.realized_pnl) as realized,
        coalesce(any_value(lots.realized), 0) as lots_realized,
        any_value(lots.realized) is not null as has_lots,
        min(trades.document_id) as document_id,
        min(trades.row_ordinal) as row_ordinal
    from {{ ref('int_trades__convert') }} as trades
    left join lots using (account_id, report_date, conid)
    -- In a document with lots, a trade that realised something has some.
    where
        trades.realized_pnl is not null
        and (
            lots.realized is not null
            or (
                trades.realized_pnl <> 0
                and trades.conid is not null
                and trades.document_id in (select document_id from {{ ref('stg_clean__closed_lot') }})
            )
        )
    group by all
),

ours as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        'realized_by_symbol' as check_name,
        booked.conid,
        any_value(booked.symbol) as symbol,
        sum(booked.source_rows) as source_rows,
        sum(booked.realized_base) as amount
    from periods
    inner join (select * from traded union all select * from acted) as booked
        on
            periods.account_id = booked.account_id
            and booked.day_date between periods.period_start and periods.period_end
    where {{ reports('FIFOPerformanceSummaryInBase') }} and {{ reports('Trades') }} and booked.realized_rows > 0
    group by all

    union all

    select
        periods.account_id, periods.period_start, periods.period_end, 'mtm_transactions_by_symbol', booked.conid,
        any_value(booked.symbol), sum(booked.source_rows), sum(booked.mtm_base)
    from periods
    inner join (select * from traded union all select * from acted) as booked
        on
            periods.account_id = booked.account_id
            and booked.day_date between periods.period_start and periods.period_end
    where {{ reports('MTMPerformanceSummaryInBase') }} and {{ reports('Trades') }} and booked.mtm_rows > 0
    group by all

    union all

    select
        periods.account_id, periods.period_start, periods.period_end, 'mtm_prior_by_symbol', marked.conid,
        any_value(marked.symbol), sum(marked.source_rows), sum(marked.mtm_base)
    from periods
    inner join marked
        on
            periods.account_id = marked.account_id
            and marked.day_date between periods.period_start and periods.period_end
    where {{ reports('MTMPerformanceSummaryInBase') }} and {{ reports('PriorPeriodPositions') }}
    group by all

    union all

    select
        periods.account_id, periods.period_start, periods.period_end, 'unrealized_by_symbol', positions.conid,
        any_value(positions.symbol), sum(positions.source_rows),
        sum({{ in_base('positions.unrealized_pnl', 'positions') }})
    from periods
    inner join snapshots using (account_id, period_start, period_end)
    inner join {{ ref('stg_clean__position') }} as positions
        on periods.account_id = positions.account_id and snapshots.snapshot_date = positions.report_date
    {{ join_day_rate('positions', 'report_date') }}
    where
        {{ reports('FIFOPerformanceSummaryInBase') }}
        and {{ reports('OpenPositions') }}
        and positions.conid is not null
        and positions.unrealized_pnl is not null
        and positions.asset_class is distinct from 'CASH'
    group by all
),

summaries as (
    select
        account_id, period_start_date as period_start, period_end_date as period_end,
        'realized_by_symbol' as check_name, conid, symbol, total_realized_pnl as amount,
        document_id, row_ordinal
    from {{ ref('stg_clean__fifo_performance') }}
    where not is_total and total_realized_pnl is not null and asset_class is distinct from 'CASH'

    union all

    select
        account_id, period_start_date, period_end_date, 'unrealized_by_symbol', conid, symbol, total_unrealized_pnl,
        document_id, row_ordinal
    from {{ ref('stg_clean__fifo_performance') }}
    where not is_total and total_unrealized_pnl is not null and asset_class is distinct from 'CASH'

    union all

    select
        account_id, period_start_date, period_end_date, 'mtm_prior_by_symbol', conid, symbol, prior_open_mtm,
        document_id, row_ordinal
    from {{ ref('stg_clean__mtm_performance') }}
    where row_kind = 'instrument' and prior_open_mtm is not null

    union all

    select
        account_id, period_start_date, period_end_date, 'mtm_transactions_by_symbol', conid, symbol,
        {{ sum_of(['transaction_mtm', 'corporate_action_mtm']) }}, document_id, row_ordinal
    from {{ ref('stg_clean__mtm_performance') }}
    where row_kind = 'instrument' and transaction_mtm is not null
),

-- A summary without conids, or without its counterpart in the same statement, is not compared.
broker as (
    select summaries.*
    from summaries
    inner join periods using (account_id, period_start, period_end)
    where summaries.conid is not null and case summaries.check_name
        when 'mtm_prior_by_symbol' then {{ reports('PriorPeriodPositions') }}
        when 'unrealized_by_symbol' then {{ reports('OpenPositions') }}
        else {{ reports('Trades') }}
    end
),

reported as (
    select distinct account_id, period_start, period_end, check_name from broker
),

compared as (
    select
        account_id,
        period_start,
        period_end,
        check_name,
        conid,
        coalesce(broker.symbol, ours.symbol) as symbol,
        coalesce(ours.amount, 0) as ours,
        coalesce(broker.amount, 0) as broker,
        {{ tolerance_of_rows('coalesce(ours.source_rows, 1)') }} as tolerance,
        broker.document_id,
        case
            when check_name like 'mtm_%' then 'MTMPerformanceSummaryInBase' else 'FIFOPerformanceSummaryInBase'
        end as section,
        broker.row_ordinal
    from ours
    full outer join broker using (account_id, period_start, period_end, check_name, conid)
    inner join reported using (account_id, period_start, period_end, check_name)

    union all

    select
        periods.account_id, periods.period_start, periods.period_end, 'lots_by_symbol', split_trades.conid,
        any_value(split_trades.symbol),
        -- Where the days with lots do not tie, they alone are told: a day without must not make up for them.
        case
            when {{ days_with_lots_miss }} then sum(split_trades.lots_realized) filter (where split_trades.has_lots)
            else sum(split_trades.lots_realized)
        end,
        case
            when {{ days_with_lots_miss }} then sum(split_trades.realized) filter (where split_trades.has_lots)
            else sum(split_trades.realized)
        end,
        {{ tolerance_of_rows('sum(split_trades.source_rows)') }},
        arg_min(split_trades.document_id, split_trades.day_date), 'Trades',
        arg_min(split_trades.row_ordinal, split_trades.day_date)
    from periods
    inner join split_trades
        on
            periods.account_id = split_trades.account_id
            and split_trades.day_date between periods.period_start and periods.period_end
    where {{ reports('Trades') }}
    group by all
)

select
    account_id,
    period_start,
    period_end,
    check_name,
    conid,
    symbol,
    cast(ours as {{ exact() }}) as ours,
    cast(broker as {{ exact() }}) as broker,
    tolerance,
    abs(ours - broker) > tolerance as is_broken,
    document_id,
    section,
    row_ordinal
from compared
