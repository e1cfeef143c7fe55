-- Our FIFO lots beside the broker's own figures, a row each: realised PnL by trade, the lots that a closing closed,
-- quantity and cost basis of each position on snapshot days. Cancelled trades never happened here, so they and their
-- cancels are left out. ours or broker NULL: not to be compared.
with

undone as (
    select account_id, orig_transaction_id as transaction_id
    from {{ ref('int_trades__convert') }}
    where is_cancel and orig_transaction_id is not null
),

trades as (
    select trades.*
    from {{ ref('int_trades__convert') }} as trades
    anti join undone
        on trades.account_id = undone.account_id and trades.transaction_id = undone.transaction_id
    where
        not trades.is_cancel
        and coalesce(trades.asset_class, '') <> 'CASH'
        and trades.quantity <> 0
        and trades.instrument_key is not null
        and coalesce(trades.commission_currency, trades.currency) is not distinct from trades.currency
),

by_trade as (
    select
        account_id,
        closed_by,
        any_value(instrument_key) as instrument_key,
        any_value(close_at) as close_at,
        sum(abs(quantity)) as quantity,
        -- Of a position that was held before the first statement only the whole cost is known where no row lists its
        -- lots: what one closing takes of it is an average, and no figure to compare.
        bool_or(origin = 'opening' and open_date is null) or count(*) > count(cost) as is_unknown,
        case when not is_unknown then sum(abs(cost)) end as cost,
        case when not is_unknown and count(*) = count(realized_pnl) then sum(realized_pnl) end as realized_pnl
    from {{ ref('stg_features__tax_lot') }}
    where method = 'fifo' and starts_with(closed_by, 'trade:')
    group by account_id, closed_by
),

realized as (
    select
        trades.account_id,
        trades.report_date,
        'lots_realized' as check_name,
        trades.symbol,
        trades.currency,
        case when by_trade.closed_by is null then 0 else by_trade.realized_pnl end as ours,
        -- A row without a cost and with a PnL of zero does not state its PnL.
        case when trades.cost is not null or trades.realized_pnl <> 0 then trades.realized_pnl end as broker,
        {{ half_a_cent() }} as tolerance,
        {{ exact_product(
            'case when by_trade.closed_by is null then 0 else by_trade.realized_pnl end', 'trades.fx_rate_to_base'
        ) }} as ours_base,
        case when trades.cost is not null or trades.realized_pnl <> 0 then trades.realized_pnl_base end as broker_base,
        trades.document_id,
        trades.section,
        trades.row_ordinal
    from trades
    left join by_trade
        on trades.account_id = by_trade.account_id and 'trade:' || trades.trade_key = by_trade.closed_by
    where by_trade.closed_by is not null or trades.realized_pnl <> 0
),

reported_lots as (
    select
        lots.account_id,
        lots.instrument_key,
        lots.close_at,
        any_value(lots.symbol) as symbol,
        any_value(lots.currency) as currency,
        any_value(lots.report_date) as report_date,
        sum(abs(lots.quantity)) as quantity,
        case when count(*) = count(lots.cost) then sum(abs(lots.cost)) end as cost,
        count(*) as parts,
        min(lots.document_id) as document_id,
        any_value(lots.section) as section,
        min(lots.row_ordinal) as row_ordinal
    from {{ ref('stg_clean__closed_lot') }} as lots
    semi join trades
        on
            lots.account_id = trades.account_id
            and lots.instrument_key = trades.instrument_key
            and lots.close_at = trades.trade_at
    group by lots.account_id, lots.instrument_key, lots.close_at
),

our_lots as (
    select
        account_id,
        instrument_key,
        close_at,
        sum(quantity) as quantity,
        case when count(*) = count(cost) then sum(cost) end as cost
    from by_trade
    group by account_id, instrument_key, close_at
),

closed as (
    select
        reported.account_id,
        reported.report_date,
        'lots_closed' as check_name,
        reported.symbol,
        reported.currency,
        -- A different quantity is a break of its own: then the quantities stand for the costs.
        case when coalesce(ours.quantity, 0) <> reported.quantity then coalesce(ours.quantity, 0) else ours.cost end as ours,
        case when coalesce(ours.quantity, 0) <> reported.quantity then reported.quantity else reported.cost end as broker,
        {{ half_a_cent() }} * cast(reported.parts as decimal(18, 0)) as tolerance,
        cast(null as {{ exact() }}) as ours_base,
        cast(null as {{ exact() }}) as broker_base,
        reported.document_id,
        reported.section,
        reported.row_ordinal
    from reported_lots as reported
    left join our_lots as ours
        on
            reported.account_id = ours.account_id
            and reported.instrument_key = ours.instrument_key
            and reported.close_at = ours.close_at
),

snapshot_days as (
    select distinct account_id, report_date from {{ ref('stg_clean__position') }}
),

held_by_us as (
    select
        days.account_id,
        days.report_date,
        instruments.instrument_key,
        balances.quantity,
        balances.cost_basis
    from snapshot_days as days
    inner join (select distinct account_id, instrument_key from {{ ref('stg_features__lot_balance') }}) as instruments
        on days.account_id = instruments.account_id
    asof inner join {{ ref('stg_features__lot_balance') }} as balances
        on
            instruments.account_id = balances.account_id
            and instruments.instrument_key = balances.instrument_key
            and days.report_date >= balances.change_date
    where balances.quantity <> 0
),

positions as (
    select * from {{ ref('stg_clean__position') }} where coalesce(asset_class, '') <> 'CASH'
),

beside as (
    select
        coalesce(positions.account_id, ours.account_id) as account_id,
        coalesce(positions.report_date, ours.report_date) as report_date,
        coalesce(positions.symbol, instruments.symbol, ours.instrument_key) as symbol,
        coalesce(positions.currency, instruments.currency) as currency,
        coalesce(ours.quantity, 0) as our_quantity,
        coalesce(positions.quantity, 0) as their_quantity,
        ours.cost_basis as our_cost,
        positions.cost_basis_money as their_cost,
        positions.document_id,
        positions.section,
        positions.row_ordinal
    from positions
    full join held_by_us as ours
        on
            positions.account_id = ours.account_id
            and positions.report_date = ours.report_date
            and positions.instrument_key = ours.instrument_key
    left join {{ ref('stg_clean__instrument') }} as instruments
        on ours.instrument_key = instruments.instrument_key
),

quantities as (
    select
        account_id, report_date, 'lots_quantity' as check_name, symbol, currency,
        our_quantity as ours, their_quantity as broker, cast(0 as {{ exact() }}) as tolerance,
        cast(null as {{ exact() }}) as ours_base, cast(null as {{ exact() }}) as broker_base,
        document_id, section, row_ordinal
    from beside
),

costs as (
    select
        account_id, report_date, 'lots_cost_basis' as check_name, symbol, currency,
        our_cost as ours, their_cost as broker, {{ half_a_cent() }} as tolerance,
        cast(null as {{ exact() }}) as ours_base, cast(null as {{ exact() }}) as broker_base,
        document_id, section, row_ordinal
    from beside
    where our_quantity = their_quantity
)

select * from realized
union all
select * from closed
union all
select * from quantities
union all
select * from costs
