-- Rows that miss an identity of their own by more than half a cent: positions (5) and trades (7), with every period
-- that holds them. At most a thousand rows per account, period and check are listed; all of them are counted.
with

periods as (
    select account_id, period_start, period_end from {{ ref('int_statements__merge_period') }}
),

broken as (
    select
        account_id,
        report_date,
        'position_unrealized' as check_name,
        symbol,
        currency,
        {{ unrealized_expected() }} as ours,
        unrealized_pnl as broker,
        {{ half_a_cent() }} * cast(source_rows as decimal(18, 0)) as tolerance,
        document_id,
        section,
        row_ordinal
    from {{ ref('stg_clean__position') }}
    where {{ unrealized_applies() }}

    union all

    select
        account_id, report_date, 'trade_net_cash', symbol, currency,
        {{ net_cash_expected() }}, net_cash, {{ half_a_cent() }}, document_id, section, row_ordinal
    from {{ ref('int_trades__convert') }}
    where {{ net_cash_applies() }}

    union all

    select
        account_id, report_date, 'trade_realized', symbol, currency,
        {{ realized_expected() }}, realized_pnl, {{ half_a_cent() }}, document_id, section, row_ordinal
    from {{ ref('int_trades__convert') }}
    where {{ realized_applies() }}

    union all

    select
        account_id, report_date, check_name, missed.symbol, missed.currency, missed.ours, missed.broker, missed.tolerance,
        missed.document_id, missed.section, missed.row_ordinal
    from (
        select account_id, report_date, check_name, unnest(missed) as missed
        from {{ ref('int_reconciliation__identity') }}
    )
),

missed as (
    select * from broken where abs(ours - broker) > tolerance
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
    on periods.account_id = missed.account_id and missed.report_date between periods.period_start and periods.period_end
qualify row_number() over (
    partition by periods.account_id, periods.period_start, periods.period_end, missed.check_name
    order by missed.document_id, missed.section, missed.row_ordinal
) <= 1000
