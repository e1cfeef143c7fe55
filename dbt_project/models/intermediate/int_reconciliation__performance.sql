-- Checks of flows, returns and PnL per account and period: our external flows and time-weighted return against
-- Change in NAV (identity 8), realised and unrealised against the FIFO summary (5), and the identities that each
-- position and trade row keeps by itself (5, 7), summed up to one row a period.
with

periods as (
    select * from {{ ref('int_statements__merge_period') }}
),

changes as (
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        twr_percent,
        asset_transfers,
        case when coalesce(deposits_withdrawals, asset_transfers, internal_cash_transfers) is not null
            then {{ sum_of(['deposits_withdrawals', 'asset_transfers', 'internal_cash_transfers', 'paxos_transfers']) }}
        end as flows_base
    from {{ ref('stg_clean__change_in_nav') }}
),

flows as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        sum(flows.amount_base) as flows_base,
        count(*) filter (where flows.amount_base is null) as without_rate
    from periods
    inner join {{ ref('int_flows__collect') }} as flows
        on periods.account_id = flows.account_id and flows.flow_date between periods.period_start and periods.period_end
    group by all
),

returns as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        count(*) as days,
        count(*) filter (where returns.return_status = 'computed') as computed_days,
        list_product(list(1 + returns.twr order by returns.day_date) filter (where returns.twr is not null)) - 1 as twr,
        arg_min(returns.withheld_reason, returns.day_date) filter (where returns.breaks_chain) as broken_reason,
        bool_or(returns.return_status = 'base') as starts_without_base
    from periods
    inner join {{ ref('int_returns__link') }} as returns
        on periods.account_id = returns.account_id and returns.day_date between periods.period_start and periods.period_end
    group by all
),

trades as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        sum(trades.trade_rows) as trade_rows,
        sum(trades.realized_rows) as realized_rows,
        sum(trades.realized_without_rate) as realized_without_rate,
        sum(trades.realized_base) as realized_base,
        sum(trades.wins + trades.losses) as closing_rows,
        sum(trades.net_cash_concerned) as net_cash_concerned,
        sum(trades.net_cash_checked) as net_cash_checked,
        sum(trades.realized_concerned) as realized_concerned,
        sum(trades.realized_checked) as realized_checked
    from periods
    inner join {{ ref('int_trades__summarize_day') }} as trades
        on periods.account_id = trades.account_id and trades.report_date between periods.period_start and periods.period_end
    group by all
),

actions as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        count(*) as action_rows,
        sum({{ in_base('actions.realized_pnl', 'actions') }}) as realized_base
    from periods
    inner join {{ ref('stg_clean__corporate_action') }} as actions
        on
            periods.account_id = actions.account_id
            and actions.report_date between periods.period_start and periods.period_end
    {{ join_day_rate('actions', 'report_date') }}
    where actions.realized_pnl <> 0
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

positions as (
    select
        snapshots.account_id,
        snapshots.period_start,
        snapshots.period_end,
        sum(positions.source_rows) as source_rows,
        count(positions.unrealized_pnl) as unrealized_rows,
        sum({{ in_base('positions.unrealized_pnl', 'positions') }}) as unrealized_base
    from snapshots
    inner join {{ ref('stg_clean__position') }} as positions
        on snapshots.account_id = positions.account_id and snapshots.snapshot_date = positions.report_date
    {{ join_day_rate('positions', 'report_date') }}
    group by all
),

position_rows as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        count(*) as rows_reported,
        count(*) filter (where {{ unrealized_applies() }}) as unrealized_checked
    from periods
    inner join {{ ref('stg_clean__position') }} as positions
        on
            periods.account_id = positions.account_id
            and positions.report_date between periods.period_start and periods.period_end
    group by all
),

fifo as (
    -- The broker's own grand total where it stands, else the sum over the instruments.
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        coalesce(
            max(total_realized_pnl) filter (where is_total and description ilike '%All Assets%'),
            sum(total_realized_pnl) filter (where not is_total)
        ) as realized_base,
        coalesce(
            max(total_unrealized_pnl) filter (where is_total and description ilike '%All Assets%'),
            sum(total_unrealized_pnl) filter (where not is_total)
        ) as unrealized_base
    from {{ ref('stg_clean__fifo_performance') }}
    group by all
),

broken as (
    select account_id, period_start, period_end, check_name, max(rows_broken) as rows_broken
    from {{ ref('int_reconciliation__row') }}
    group by all
),

broken_rows as (
    select
        account_id,
        period_start,
        period_end,
        coalesce(max(rows_broken) filter (where check_name = 'position_unrealized'), 0) as positions_broken,
        coalesce(max(rows_broken) filter (where check_name = 'trade_net_cash'), 0) as net_cash_broken,
        coalesce(max(rows_broken) filter (where check_name = 'trade_realized'), 0) as realized_broken
    from broken
    group by all
),

joined as (
    select
        periods.*,
        changes.twr_percent,
        changes.asset_transfers,
        changes.flows_base as broker_flows_base,
        coalesce(flows.flows_base, 0) as flows_base,
        coalesce(flows.without_rate, 0) as flows_without_rate,
        returns.days,
        returns.computed_days,
        returns.twr,
        returns.broken_reason,
        returns.starts_without_base,
        coalesce(trades.trade_rows, 0) as trade_rows,
        coalesce(trades.realized_rows, 0) as realized_rows,
        coalesce(trades.realized_without_rate, 0) as realized_without_rate,
        coalesce(trades.realized_base, 0) + coalesce(actions.realized_base, 0) as realized_base,
        coalesce(trades.closing_rows, 0) + coalesce(actions.action_rows, 0) as closing_rows,
        coalesce(trades.net_cash_concerned, 0) as net_cash_concerned,
        coalesce(trades.net_cash_checked, 0) as net_cash_checked,
        coalesce(trades.realized_concerned, 0) as realized_concerned,
        coalesce(trades.realized_checked, 0) as realized_checked,
        coalesce(positions.source_rows, 0) as source_rows,
        coalesce(position_rows.rows_reported, 0) as rows_reported,
        coalesce(position_rows.unrealized_checked, 0) as unrealized_checked,
        coalesce(positions.unrealized_rows, 0) as unrealized_rows,
        coalesce(positions.unrealized_base, 0) as unrealized_base,
        fifo.realized_base as fifo_realized_base,
        fifo.unrealized_base as fifo_unrealized_base,
        coalesce(broken_rows.positions_broken, 0) as positions_broken,
        coalesce(broken_rows.net_cash_broken, 0) as net_cash_broken,
        coalesce(broken_rows.realized_broken, 0) as realized_broken
    from periods
    left join changes using (account_id, period_start, period_end)
    left join flows using (account_id, period_start, period_end)
    left join returns using (account_id, period_start, period_end)
    left join trades using (account_id, period_start, period_end)
    left join actions using (account_id, period_start, period_end)
    left join positions using (account_id, period_start, period_end)
    left join position_rows using (account_id, period_start, period_end)
    left join fifo using (account_id, period_start, period_end)
    left join broken_rows using (account_id, period_start, period_end)
),

checks as (
    select
        account_id,
        period_start,
        period_end,
        'external_flows' as check_name,
        'ChangeInNAV' as section,
        flows_base as ours,
        broker_flows_base as broker,
        {{ tolerance() }} as tolerance,
        case
            when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
            when broker_flows_base is null then {{ field_missing('ChangeInNAV', 'Deposits & Withdrawals') }}
            when not {{ reports('CashTransactions') }} then {{ section_missing('CashTransactions') }}
            when coalesce(asset_transfers, 0) <> 0 and not {{ reports('Transfers') }} then {{ section_missing('Transfers') }}
            when flows_without_rate > 0 then flows_without_rate || ' flow(s) have no exchange rate to the base currency.'
        end as missing,
        'Deposits, withdrawals and transfers against Change in NAV.' as meaning
    from joined

    union all

    select
        account_id, period_start, period_end, 'twr', 'ChangeInNAV',
        cast(twr as {{ exact() }}),
        cast(twr_percent / 100 as {{ exact() }}),
        cast(0.000001 as {{ exact() }}),
        case
            when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
            when twr_percent is null then {{ field_missing('ChangeInNAV', 'TWR') }}
            when not {{ reports('EquitySummaryInBase') }} then {{ section_missing('EquitySummaryInBase') }}
            when days is null then 'No net asset value of this period is in any statement.'
            when broken_reason is not null then 'Our return of this period is withheld: ' || broken_reason
            when starts_without_base then 'The net asset value of the day before the period is in no statement.'
            when computed_days = 0 then 'The account held nothing in this period.'
        end,
        'Our linked daily returns against the time-weighted return of Change in NAV (as a fraction).'
    from joined

    union all

    select
        account_id, period_start, period_end, 'realized_total', 'FIFOPerformanceSummaryInBase',
        realized_base,
        fifo_realized_base,
        {{ tolerance_of_rows('closing_rows') }},
        case
            when not {{ reports('FIFOPerformanceSummaryInBase') }} then {{ section_missing('FIFOPerformanceSummaryInBase') }}
            when not {{ reports('Trades') }} then {{ section_missing('Trades') }}
            when fifo_realized_base is null
                then {{ field_missing('FIFOPerformanceSummaryInBase', 'Total Realized P/L') }}
            when trade_rows > 0 and realized_rows = 0 then {{ field_missing('Trades', 'Realized P/L') }}
            when realized_without_rate > 0
                then realized_without_rate || ' trade(s) have no exchange rate to the base currency.'
        end,
        'Realised PnL of trades and corporate actions in base currency against the FIFO summary.'
    from joined

    union all

    select
        account_id, period_start, period_end, 'unrealized_total', 'FIFOPerformanceSummaryInBase',
        unrealized_base,
        fifo_unrealized_base,
        {{ tolerance_of_rows('source_rows') }},
        case
            when not {{ reports('FIFOPerformanceSummaryInBase') }} then {{ section_missing('FIFOPerformanceSummaryInBase') }}
            when not {{ reports('OpenPositions') }} then {{ section_missing('OpenPositions') }}
            when fifo_unrealized_base is null
                then {{ field_missing('FIFOPerformanceSummaryInBase', 'Total Unrealized P/L') }}
            when source_rows > 0 and unrealized_rows = 0 then {{ field_missing('OpenPositions', 'FIFO PNL Unrealized') }}
        end,
        'Unrealised PnL of the open positions in base currency against the FIFO summary.'
    from joined

    union all

    select
        account_id, period_start, period_end, 'position_unrealized', 'OpenPositions',
        cast(unrealized_checked - positions_broken as {{ exact() }}),
        cast(unrealized_checked as {{ exact() }}),
        cast(0 as {{ exact() }}),
        case
            when not {{ reports('OpenPositions') }} then {{ section_missing('OpenPositions') }}
            when rows_reported > 0 and unrealized_checked = 0
                then 'Position Value, Cost Basis Money and FIFO PNL Unrealized are not all in the section '
                    || 'Open Positions (OpenPositions): add them to the Flex query.'
        end,
        'Rows whose value less cost basis is their unrealised PnL, of all rows of Open Positions; '
        || positions_broken || ' are not.'
    from joined

    union all

    select
        account_id, period_start, period_end, 'trade_net_cash', 'Trades',
        cast(net_cash_checked - net_cash_broken as {{ exact() }}),
        cast(net_cash_checked as {{ exact() }}),
        cast(0 as {{ exact() }}),
        case
            when not {{ reports('Trades') }} then {{ section_missing('Trades') }}
            when net_cash_concerned > 0 and net_cash_checked = 0
                then 'Net Cash, Proceeds and IB Commission are not all in the section Trades (Trades): '
                    || 'add them to the Flex query.'
        end,
        'Rows whose net cash is proceeds plus commission plus taxes, of the trades in securities; '
        || net_cash_broken || ' are not.'
    from joined

    union all

    select
        account_id, period_start, period_end, 'trade_realized', 'Trades',
        cast(realized_checked - realized_broken as {{ exact() }}),
        cast(realized_checked as {{ exact() }}),
        cast(0 as {{ exact() }}),
        case
            when not {{ reports('Trades') }} then {{ section_missing('Trades') }}
            when realized_concerned > 0 and realized_checked = 0
                then 'Realized P/L, Proceeds, IB Commission and Cost Basis are not all in the section Trades (Trades): '
                    || 'add them to the Flex query.'
        end,
        'Rows whose realised PnL is proceeds plus commission plus taxes plus cost, of the trades; '
        || realized_broken || ' are not.'
    from joined
)

select
    account_id,
    period_start,
    period_end,
    check_name,
    section,
    cast(null as varchar) as currency,
    ours,
    broker,
    tolerance,
    missing,
    meaning
from checks
