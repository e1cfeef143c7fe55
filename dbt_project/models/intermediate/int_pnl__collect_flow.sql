-- What trades, cash transactions, corporate actions, transfers and dividend accruals did to each instrument on each
-- booking day, by currency and in the row's own money; signs as money. The one pass over trades that PnL needs.
with

nav_days as (
    select account_id, day_date
    from {{ ref('int_calendar__day') }}
    where is_nav_day
),

trades as (
    select
        account_id,
        report_date,
        instrument_key,
        asset_class,
        currency,
        multiplier,
        coalesce(commission_currency, currency) as commission_currency,
        any_value(symbol) as symbol,
        count(*) as trade_rows,
        sum(quantity) as quantity,
        sum(proceeds) as proceeds,
        count(*) filter (where proceeds is null) as without_proceeds,
        sum(commission) as commission,
        sum(taxes) as taxes,
        sum(realized_pnl_base) as realized_base,
        max(close_price) filter (where close_price > 0) as close_price
    from {{ ref('int_trades__convert') }}
    where report_date is not null
    group by all
),

sized as (
    -- Notional units: a price of 1 is worth one unit of money.
    select
        trades.*,
        {{ exact_product('trades.quantity', units_per_quantity(
            'trades.asset_class', 'coalesce(trades.multiplier, instruments.multiplier)'
        )) }} as units
    from trades
    left join {{ ref('stg_clean__instrument') }} as instruments
        on trades.instrument_key = instruments.instrument_key
),

-- Sales taxes stand in no section of cash but the statement of funds: by currency where it has that level.
sales_taxes as (
    select lines.*
    from {{ ref('stg_clean__statement_of_funds') }} as lines
    anti join {{ ref('stg_clean__cash_transaction') }} as cash
        on lines.account_id = cash.account_id and lines.transaction_id = cash.transaction_id
    where lines.activity_code = 'STAX'
    qualify lines.level = max(lines.level) over (partition by lines.account_id, lines.report_date)
),

pieces as (
    select
        account_id, report_date, instrument_key, currency,
        case when coalesce(asset_class, '') <> 'CASH' then units end as trade_units,
        proceeds as trade_proceeds,
        trade_rows,
        close_price,
        case when asset_class = 'CASH' then split_part(symbol, '.', 1) end as first_currency,
        case when asset_class = 'CASH' then quantity end as first_amount,
        without_proceeds,
        realized_base,
        taxes
    from sized

    union all by name

    select
        account_id, report_date, instrument_key,
        commission_currency as currency, commission as trade_commissions
    from sized
    where commission <> 0

    union all by name

    select
        account_id, report_date, instrument_key, currency,
        case when category in ('dividend', 'payment_in_lieu') then amount end as cash_dividends,
        case when category = 'withholding_tax' then amount end as cash_withholding,
        case when category in ('broker_interest', 'bond_interest') then amount end as interest,
        case when category = 'fee' then amount end as cash_fees,
        case when category = 'commission_adjustment' then amount end as commission_adjustments,
        case when category in ('price_adjustment', 'other') then amount end as other
    from {{ ref('stg_clean__cash_transaction') }}
    where category <> 'deposit_withdrawal' and amount <> 0

    union all by name

    select account_id, report_date, instrument_key, currency, amount as taxes
    from sales_taxes

    union all by name

    select
        actions.account_id, actions.report_date, actions.instrument_key, actions.currency,
        actions.proceeds as action_proceeds,
        {{ in_base('actions.realized_pnl', 'actions') }} as realized_base
    from {{ ref('stg_clean__corporate_action') }} as actions
    {{ join_day_rate('actions', 'report_date') }}
    where actions.proceeds <> 0 or actions.realized_pnl <> 0

    union all by name

    -- Gross to dividends, tax to withholding; what is left between gross and net is the fee.
    select
        account_id, report_date, instrument_key, currency,
        coalesce(gross_amount, net_amount + coalesce(tax, 0)) as accrued_gross,
        -coalesce(tax, 0) as accrued_withholding,
        net_amount - coalesce(gross_amount, net_amount + coalesce(tax, 0)) + coalesce(tax, 0) as accrued_fees
    from {{ ref('stg_clean__dividend_accrual_change') }}

    union all by name

    select
        flows.account_id, flows.flow_date as report_date, flows.instrument_key, flows.currency,
        -- Securities that come in are no gain: their value leaves the result of the instrument.
        case when flows.instrument_key not like 'CASH:%' then
            coalesce(flows.position_amount, cast(flows.position_amount_base / rates.rate as {{ exact() }}))
        end as value_brought,
        coalesce(flows.amount, 0) + case
            when flows.kind = 'cash' or flows.position_amount_base = 0 then 0
            else coalesce(flows.position_amount, cast(flows.position_amount_base / rates.rate as {{ exact() }}))
        end as external,
        flows.amount_base as external_base
    from {{ ref('int_flows__collect') }} as flows
    left join {{ ref('int_fx__resolve_daily') }} as rates
        on
            flows.account_id = rates.account_id
            and flows.currency = rates.currency
            and flows.flow_date = rates.rate_date

    union all by name

    select account_id, nav_date as report_date, instrument_key, currency, shifted, unknown_moves
    from {{ ref('int_pnl__shift_value') }}
),

daily as (
    select
        account_id,
        report_date,
        -- What names no instrument belongs to the cash of its currency.
        coalesce(instrument_key, 'CASH:' || coalesce(currency, 'unknown')) as instrument_key,
        currency,
        {% for amount in [
            'trade_units', 'trade_proceeds', 'action_proceeds', 'shifted', 'value_brought', 'trade_commissions',
            'commission_adjustments', 'taxes', 'cash_dividends', 'cash_withholding', 'cash_fees', 'interest', 'other',
            'accrued_gross', 'accrued_withholding', 'accrued_fees', 'external', 'external_base',
            'realized_base',
        ] %}
        coalesce(sum({{ amount }}), 0) as {{ amount }},
        {% endfor %}
        coalesce(sum(trade_rows), 0) as trade_rows,
        coalesce(sum(without_proceeds), 0) as without_proceeds,
        coalesce(sum(unknown_moves), 0) as unknown_moves,
        max(close_price) as close_price,
        max(first_currency) as first_currency,
        sum(first_amount) as first_amount
    from pieces
    where report_date is not null
    group by all
)

select
    daily.*,
    -- Booked on a day without a net asset value: it counts to the next day that has one.
    nav_days.day_date as nav_date
from daily
asof left join nav_days
    on daily.account_id = nav_days.account_id and daily.report_date <= nav_days.day_date
