-- The rows behind broken checks: rows that miss an identity of their own by more than half a cent, lots that differ from
-- the broker's by more than rounding explains; and for a broken sum
-- the row with the broker's total and the rows that our side adds up, in the currency of the check; for a summary by
-- instrument the broker's rows of the instruments that differ.
with

broken as (
    select account_id, check_name, period_start, period_end, section, currency, broker, tolerance
    from {{ ref('reconciliation') }}
    where
        status = 'broken'
        and check_name not in ('position_unrealized', 'trade_net_cash', 'trade_realized')
        and not starts_with(check_name, 'lots_')
        and not ends_with(check_name, '_by_symbol')
),

rows_of_sections as (
    -- The broker's own totals.
    select account_id, period_start_date as first_date, period_end_date as last_date, 'ChangeInNAV' as section,
        cast(null as varchar) as currency, document_id, row_ordinal
    from {{ ref('stg_clean__change_in_nav') }}

    union all

    select account_id, period_start_date, period_end_date, 'CashReport', currency, document_id, row_ordinal
    from {{ ref('stg_clean__cash_balance') }}

    union all

    select account_id, period_start_date, period_end_date, 'FIFOPerformanceSummaryInBase', null, document_id, row_ordinal
    from {{ ref('stg_clean__fifo_performance') }}
    where is_total and description ilike '%All Assets%'
),

totals as (
    select broken.*, found.document_id, found.row_ordinal, broken.period_end as report_date
    from broken
    inner join rows_of_sections as found
        on
            broken.account_id = found.account_id
            and broken.period_start = found.first_date
            and broken.period_end = found.last_date
            and broken.section = found.section
            and coalesce(broken.currency, 'BASE_SUMMARY') = coalesce(found.currency, 'BASE_SUMMARY')
),

last_values as (
    select broken.account_id, broken.check_name, broken.period_start, broken.period_end, max(nav.report_date) as nav_date
    from broken
    inner join {{ ref('stg_clean__nav_daily') }} as nav
        on broken.account_id = nav.account_id and nav.report_date between broken.period_start and broken.period_end
    group by all
),

snapshots as (
    select broken.account_id, broken.check_name, broken.period_start, broken.period_end, max(held.report_date) as held_date
    from broken
    inner join {{ ref('stg_clean__position') }} as held
        on broken.account_id = held.account_id and held.report_date between broken.period_start and broken.period_end
    where broken.check_name = 'unrealized_total' or broken.check_name like 'nav_%'
    group by all
),

parts as (
    -- The net asset value of the last day, or of each day that a return links, with the day before.
    select broken.*, nav.document_id, nav.section as row_section, nav.row_ordinal, nav.report_date,
        cast(null as varchar) as symbol,
        case when broken.check_name = 'nav_cash' then nav.cash else nav.total end as ours
    from broken
    inner join last_values using (account_id, check_name, period_start, period_end)
    inner join {{ ref('stg_clean__nav_daily') }} as nav
        on
            broken.account_id = nav.account_id
            and (
                nav.report_date = last_values.nav_date
                or (broken.check_name = 'twr' and nav.report_date between broken.period_start and broken.period_end)
                or (
                    broken.check_name in ('twr', 'nav_start')
                    and nav.report_date < broken.period_start
                    and nav.report_date >= broken.period_start - 7
                )
            )
    where broken.check_name in ('twr', 'nav_start', 'nav_end', 'nav_components', 'nav_cash')

    union all

    select broken.*, held.document_id, held.section, held.row_ordinal, held.report_date, held.symbol,
        case when broken.check_name = 'unrealized_total'
            then {{ in_base('held.unrealized_pnl', 'held') }}
            else {{ in_base('held.position_value', 'held') }}
        end
    from broken
    inner join snapshots using (account_id, check_name, period_start, period_end)
    inner join {{ ref('stg_clean__position') }} as held
        on broken.account_id = held.account_id and snapshots.held_date = held.report_date
    {{ join_day_rate('held', 'report_date') }}
    where
        broken.check_name = 'unrealized_total'
        or broken.check_name = case held.asset_class
            when 'STK' then 'nav_stock'
            when 'FUND' then 'nav_funds'
            when 'CRYPTO' then 'nav_crypto'
            when 'CMDTY' then 'nav_commodities'
            else case
                when held.asset_class in ('OPT', 'FOP', 'WAR', 'IOPT') then 'nav_options'
                when held.asset_class in ('BOND', 'BILL') then 'nav_bonds'
            end
        end

    union all

    select broken.*, accruals.document_id, accruals.section, accruals.row_ordinal, accruals.report_date, accruals.symbol,
        {{ in_base('accruals.net_amount', 'accruals') }}
    from broken
    inner join {{ ref('stg_clean__dividend_accrual') }} as accruals
        on broken.account_id = accruals.account_id and broken.period_end = accruals.report_date
    {{ join_day_rate('accruals', 'report_date') }}
    where broken.check_name = 'nav_dividend_accruals'

    union all

    select broken.*, funds.document_id, funds.section, funds.row_ordinal, funds.report_date, funds.symbol, funds.amount
    from broken
    inner join {{ ref('stg_clean__statement_of_funds') }} as funds
        on
            broken.account_id = funds.account_id
            and funds.report_date between broken.period_start and broken.period_end
            and case when funds.level = 'BaseCurrency' then 'BASE_SUMMARY' else funds.currency end = broken.currency
    where broken.check_name = 'cash_statement_of_funds'

    union all

    select broken.*, flows.document_id, flows.section, flows.row_ordinal, flows.flow_date, flows.description,
        flows.amount_base
    from broken
    inner join {{ ref('int_flows__collect') }} as flows
        on
            broken.account_id = flows.account_id
            and flows.flow_date between broken.period_start and broken.period_end
    where broken.check_name = 'external_flows'

    union all

    select broken.*, trades.document_id, trades.section, trades.row_ordinal, trades.report_date, trades.symbol,
        trades.realized_pnl_base
    from broken
    inner join {{ ref('int_trades__convert') }} as trades
        on
            broken.account_id = trades.account_id
            and trades.report_date between broken.period_start and broken.period_end
    where broken.check_name = 'realized_total' and trades.realized_pnl <> 0

    union all

    select broken.*, actions.document_id, actions.section, actions.row_ordinal, actions.report_date, actions.symbol,
        {{ in_base('actions.realized_pnl', 'actions') }}
    from broken
    inner join {{ ref('stg_clean__corporate_action') }} as actions
        on
            broken.account_id = actions.account_id
            and actions.report_date between broken.period_start and broken.period_end
    {{ join_day_rate('actions', 'report_date') }}
    where broken.check_name = 'realized_total' and actions.realized_pnl <> 0
),

listed as (
    select
        *,
        row_number() over (
            partition by account_id, period_start, period_end, check_name, currency
            order by document_id, row_section, row_ordinal
        ) as place
    from parts
)

select
    account_id,
    check_name,
    period_start,
    period_end,
    document_id,
    section,
    row_ordinal,
    report_date,
    symbol,
    currency,
    ours,
    broker,
    ours - broker as difference,
    tolerance
from (
    select * from {{ ref('int_reconciliation__row') }}
    union all
    -- A lot may differ from a snapshot that was corrected later: then the check is restated, not broken.
    select lots.*
    from {{ ref('int_reconciliation__lot_row') }} as lots
    semi join (select * from {{ ref('reconciliation') }} where status = 'broken') as broken_checks
        using (account_id, check_name, period_start, period_end)
)

union all

select
    account_id, check_name, period_start, period_end, document_id, section, row_ordinal, report_date, null, currency,
    null, broker, null, tolerance
from totals

union all

select
    account_id, check_name, period_start, period_end, document_id, row_section, row_ordinal, report_date, symbol, currency,
    ours, null, null, tolerance
from listed
where place <= 1000

union all

select
    symbols.account_id,
    symbols.check_name,
    symbols.period_start,
    symbols.period_end,
    coalesce(symbols.document_id, periods.document_id) as document_id,
    symbols.section,
    symbols.row_ordinal,
    symbols.period_end as report_date,
    symbols.symbol,
    cast(null as varchar) as currency,
    symbols.ours,
    symbols.broker,
    symbols.ours - symbols.broker as difference,
    symbols.tolerance
from {{ ref('int_reconciliation__symbol') }} as symbols
inner join {{ ref('int_statements__merge_period') }} as periods using (account_id, period_start, period_end)
where symbols.is_broken
qualify row_number() over (
    partition by symbols.account_id, symbols.period_start, symbols.period_end, symbols.check_name
    order by abs(symbols.ours - symbols.broker) desc, symbols.conid
) <= 1000

union all

select
    account_id, check_name, period_start, period_end, document_id, section, row_ordinal, report_date, symbol, currency,
    ours, broker, ours - broker, tolerance
from {{ ref('int_reconciliation__source_day') }}
