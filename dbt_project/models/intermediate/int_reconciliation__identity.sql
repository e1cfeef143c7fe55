-- Rows held against themselves and their neighbours: a day's net asset value and its components, money and price of
-- positions and trades, a line of the Statement of Funds and the one before it, the days, rates and instruments that
-- two sections tell. One row per account, day and check: how many rows were compared, and those that miss by more than
-- rounding explains.
with

trades as (
    select * from {{ ref('int_trades__convert') }}
    where level in ('EXECUTION', 'ORDER') and quantity <> 0
),

lines as (
    -- A line follows the one before it only where both are of one document: a newer one may stand for days between.
    select
        *,
        lag(balance) over running as balance_before,
        lag(document_id) over running as document_before
    from {{ ref('stg_clean__statement_of_funds') }}
    window running as (partition by account_id, level, currency order by report_date, line_ordinal)
),

booking_days as (
    select account_id, transaction_id, max(report_date) as report_date
    from (
        select account_id, transaction_id, report_date from {{ ref('int_trades__convert') }}
        union all
        select account_id, transaction_id, report_date from {{ ref('stg_clean__cash_transaction') }}
    )
    where transaction_id is not null
    group by all
    having count(*) = 1
),

{% set instruments_of = [
    ('trade', ref('int_trades__convert'), 'report_date'),
    ('lot', ref('stg_clean__closed_lot'), 'report_date'),
    ('position', ref('stg_clean__position'), 'report_date'),
    ('mark', ref('stg_clean__position_mark'), 'mark_date'),
    ('corporate_action', ref('stg_clean__corporate_action'), 'report_date'),
] %}
{% set rates_of = instruments_of + [
    ('cash_transaction', ref('stg_clean__cash_transaction'), 'report_date'),
    ('accrual_change', ref('stg_clean__dividend_accrual_change'), 'report_date'),
] %}
rated as (
    {% for name, model, day in rates_of %}
    select account_id, {{ day }} as report_date, '{{ name }}_rate' as check_name, symbol, currency, fx_rate_to_base as rate,
        document_id, section, row_ordinal
    from {{ model }}
    where fx_rate_to_base > 0
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- What most rows of a day say of a currency. Trades are held against it and do not make it: where their report date is
-- not told, the day of their clock stands for it, and the rate is another day's.
day_rates as (
    select account_id, report_date, currency, arg_max(rate, (times, rate)) as rate
    from (
        select account_id, report_date, currency, rate, count(*) as times
        from (
            select account_id, report_date, currency, rate from rated
            where check_name not in ('trade_rate', 'lot_rate')
            union all
            select accounts.account_id, rates.rate_date, rates.from_currency, rates.rate
            from {{ ref('stg_clean__fx_rate') }} as rates
            inner join {{ ref('stg_clean__account') }} as accounts on accounts.base_currency = rates.to_currency
            where rates.rate > 0
        )
        group by all
    )
    group by all
),

traded as (
    -- As a lot may tell it, which leaves out the side or the time in some documents. By equality alone: a day of an
    -- instrument can have thousands of trades, and thousands of lots.
    select distinct *
    from (
        select account_id, report_date, instrument_key, currency, trade_date, side, trade_at
        from trades
        group by grouping sets (
            (account_id, report_date, instrument_key, currency, trade_date, side, trade_at),
            (account_id, report_date, instrument_key, currency, trade_date, side),
            (account_id, report_date, instrument_key, currency, trade_date, trade_at),
            (account_id, report_date, instrument_key, currency, trade_date)
        )
    )
),

days_traded as (
    select distinct account_id, report_date, instrument_key from trades
),

compared as (
    select
        account_id,
        report_date,
        'nav_day_components' as check_name,
        cast(null as varchar) as symbol,
        cast(null as varchar) as currency,
        cast({{ sum_of(nav_components()) }} as {{ exact() }}) as ours,
        total as broker,
        {{ tolerance() }} as tolerance,
        document_id,
        section,
        row_ordinal
    from {{ ref('stg_clean__nav_daily') }}
    where total is not null and (cash is not null or stock is not null)

    union all

    select
        account_id, report_date, 'position_value', symbol, currency,
        cast({{ price_times_quantity('quantity', 'mark_price') }} as {{ exact() }}), position_value,
        cast({{ half_a_cent() }} * source_rows + {{ price_rounding('quantity') }} as {{ exact() }}),
        document_id, section, row_ordinal
    from {{ ref('stg_clean__position') }}
    where quantity is not null and mark_price is not null and multiplier is not null and position_value is not null

    union all

    -- The sign of the money is held by the cash that it moves.
    select
        account_id, report_date, 'trade_proceeds', symbol, currency,
        cast(abs({{ price_times_quantity('quantity', 'price') }}) as {{ exact() }}), abs(proceeds),
        cast(2 * {{ half_a_cent() }} + {{ price_rounding('quantity') }} as {{ exact() }}),
        document_id, section, row_ordinal
    from trades
    where price is not null and multiplier is not null and proceeds is not null

    union all

    select
        account_id, report_date, 'trade_money', symbol, currency,
        abs(proceeds), abs(trade_money), {{ tolerance() }}, document_id, section, row_ordinal
    from trades
    where proceeds is not null and trade_money is not null

    union all

    -- Not of currency trades, whose closing price is not reported; a zero says that nothing was marked.
    select
        account_id, report_date, 'trade_mtm', symbol, currency,
        cast(cast(proceeds as double) + {{ price_times_quantity('quantity', 'close_price') }} as {{ exact() }}), mtm_pnl,
        cast(2 * {{ half_a_cent() }} + {{ price_rounding('quantity') }} as {{ exact() }}),
        document_id, section, row_ordinal
    from trades
    where
        close_price is not null and multiplier is not null and proceeds is not null and mtm_pnl <> 0
        and asset_class is distinct from 'CASH'

    union all

    select
        account_id, report_date, 'trade_side', symbol, currency,
        cast(sign(quantity) as {{ exact() }}), cast(case side when 'BUY' then 1 else -1 end as {{ exact() }}),
        cast(0 as {{ exact() }}), document_id, section, row_ordinal
    from trades
    where not is_cancel and side is not null

    union all

    -- A lot has the side, the currency and the day and time of a trade that closed it.
    select
        lots.account_id, lots.report_date, 'lot_trade', lots.symbol, lots.currency,
        cast(case when traded.account_id is null then 0 else 1 end as {{ exact() }}), cast(1 as {{ exact() }}),
        cast(0 as {{ exact() }}), lots.document_id, lots.section, lots.row_ordinal
    from {{ ref('stg_clean__closed_lot') }} as lots
    semi join days_traded
        on
            lots.account_id = days_traded.account_id
            and lots.report_date = days_traded.report_date
            and lots.instrument_key = days_traded.instrument_key
    left join traded
        on
            lots.account_id = traded.account_id
            and lots.report_date = traded.report_date
            and lots.instrument_key = traded.instrument_key
            and lots.currency = traded.currency
            and lots.trade_date = traded.trade_date
            and lots.side is not distinct from traded.side
            and lots.close_at is not distinct from traded.trade_at
    where lots.currency is not null and lots.trade_date is not null

    union all

    select
        account_id, report_date, 'funds_balance', symbol, currency,
        balance_before + amount, balance, {{ tolerance() }}, document_id, section, row_ordinal
    from lines
    where document_before = document_id and balance_before is not null and amount is not null and balance is not null

    union all

    select
        lines.account_id, lines.report_date, 'funds_day', lines.symbol, lines.currency,
        cast(booking_days.report_date - lines.report_date as {{ exact() }}), cast(0 as {{ exact() }}),
        cast(0 as {{ exact() }}), lines.document_id, lines.section, lines.row_ordinal
    from lines
    inner join booking_days
        on lines.account_id = booking_days.account_id and lines.transaction_id = booking_days.transaction_id

    {% for name, model in [
        ('accrual_net', ref('stg_clean__dividend_accrual')),
        ('accrual_change_net', ref('stg_clean__dividend_accrual_change')),
    ] %}
    union all

    select
        account_id, report_date, '{{ name }}', symbol, currency,
        gross_amount - tax - fee, net_amount, {{ tolerance() }}, document_id, section, row_ordinal
    from {{ model }}
    where gross_amount is not null and tax is not null and fee is not null and net_amount is not null
    {% endfor %}

    {% for name, model, day in instruments_of %}
    union all

    select
        told.account_id, told.{{ day }}, '{{ name }}_instrument', told.symbol, told.currency,
        cast(case when told.asset_class = instruments.asset_class then 1 else 0 end as {{ exact() }}),
        cast(1 as {{ exact() }}), cast(0 as {{ exact() }}), told.document_id, told.section, told.row_ordinal
    from {{ model }} as told
    inner join {{ ref('stg_clean__instrument') }} as instruments on told.instrument_key = instruments.instrument_key
    where told.conid is not null and told.asset_class is not null and instruments.asset_class is not null
    {% endfor %}

    union all

    select
        rated.account_id, rated.report_date, rated.check_name, rated.symbol, rated.currency, rated.rate, day_rates.rate,
        cast(0.000001 as {{ exact() }}), rated.document_id, rated.section, rated.row_ordinal
    from rated
    inner join day_rates
        on
            rated.account_id = day_rates.account_id
            and rated.report_date = day_rates.report_date
            and rated.currency = day_rates.currency
)

select
    account_id,
    report_date,
    check_name,
    count(*) as rows_compared,
    count(*) filter (where abs(ours - broker) > tolerance) as rows_broken,
    list({
        'symbol': symbol, 'currency': currency, 'ours': ours, 'broker': broker, 'tolerance': tolerance,
        'document_id': document_id, 'section': section, 'row_ordinal': row_ordinal
    }) filter (where abs(ours - broker) > tolerance) as missed
from compared
group by account_id, report_date, check_name
