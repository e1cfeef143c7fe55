-- Checks of PnL per account and period: what our causes add up to, against the components of Change in NAV that mean
-- the same. A period is checked where each of its days has a result and no price is missing.
{% set checks = [
    ('pnl_mtm', 'price + trading - pairs', ['mtm', 'corporate_action_proceeds'],
        'Price and trading PnL of securities and futures against the mark-to-market of Change in NAV.'),
    ('pnl_dividends', 'dividends', ['dividends'],
        'Dividends and payments in lieu, paid, against Change in NAV.'),
    ('pnl_withholding', 'withholding', ['withholding_tax', 'withholding_871m', 'withholding_tax_collected'],
        'Tax withheld, paid, against Change in NAV.'),
    ('pnl_dividend_accruals', 'accrued', ['change_in_dividend_accruals'],
        'Dividend accruals posted and reversed against their change in Change in NAV.'),
    ('pnl_interest', 'interest', ['interest'],
        'Interest of the broker and of bonds, paid, against Change in NAV.'),
    ('pnl_commissions', 'commissions', ['commissions', 'forex_commissions', 'commission_credits_redemption'],
        'Commissions of trades and their adjustments against Change in NAV.'),
    ('pnl_fees', 'fees',
        ['advisor_fees', 'broker_fees', 'client_fees', 'other_fees', 'fees_receivables', 'other_income'],
        'Fees paid against Change in NAV.'),
    ('pnl_taxes', 'taxes', ['transaction_tax', 'sales_tax', 'billable_sales_tax', 'tax_receivables'],
        'Taxes of trades and sales taxes against Change in NAV.'),
    ('pnl_translation', 'fx_translation + interest_accruals + pairs',
        ['fx_translation', 'net_fx_trading', 'change_in_interest_accruals'],
        'Translation, currency trades and the change of interest accruals against Change in NAV. They stand together: '
        ~ 'the net asset value reports interest accruals in base currency only, translation included.'),
] %}
with

periods as (
    select * from {{ ref('int_statements__merge_period') }}
    where {{ reports('ChangeInNAV') }}
),

daily as (
    select
        account_id,
        day_date,
        {% for cause in pnl_causes() if cause not in ['interest', 'other', 'dividends', 'withholding', 'fees'] %}
        sum({{ cause }}_base) as {{ cause }},
        {% endfor %}
        sum(dividends_base - accrued_gross_base) as dividends,
        sum(withholding_base - accrued_withholding_base) as withholding,
        sum(fees_base - accrued_fees_base) as fees,
        sum(accrued_gross_base + accrued_withholding_base + accrued_fees_base) as accrued,
        sum(interest_base) filter (where instrument_key is not null) as interest,
        sum(interest_base) filter (where instrument_key is null) as interest_accruals,
        sum(pair_base) as pairs,
        sum(total_base) - coalesce(sum(other_base) filter (where instrument_key is null), 0) as explained,
        cast(coalesce(bool_or(is_unpriced), false) as integer) as untold,
        min(withheld_reason) filter (where is_unpriced and instrument_key is null) as untold_reason
    from {{ ref('int_pnl__explain_day') }}
    group by account_id, day_date
),

measured as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        count(*) as days,
        count(*) filter (where returns.pnl_base is null) as unknown_days,
        arg_min(
            coalesce(returns.withheld_reason, 'The net asset value of the day before it is in no statement.'), returns.day_date
        ) filter (where returns.pnl_base is null) as unknown_reason,
        arg_min(daily.untold_reason, daily.day_date) filter (where daily.untold = 1) as untold_reason,
        {% for sum in [
            'price', 'trading', 'pairs', 'dividends', 'withholding', 'accrued', 'interest', 'commissions', 'fees', 'taxes',
            'fx_translation', 'interest_accruals', 'explained', 'untold',
        ] %}
        coalesce(sum(daily.{{ sum }}), 0) as {{ sum }}{{ ',' if not loop.last }}
        {% endfor %}
    from periods
    inner join {{ ref('int_returns__link') }} as returns
        on periods.account_id = returns.account_id and returns.day_date between periods.period_start and periods.period_end
    left join daily
        on returns.account_id = daily.account_id and returns.day_date = daily.day_date
    group by periods.account_id, periods.period_start, periods.period_end
),

compared as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        periods.sections,
        measured.* exclude (account_id, period_start, period_end),
        changes.ending_value - changes.starting_value - {{ sum_of(
            ['deposits_withdrawals', 'asset_transfers', 'internal_cash_transfers', 'paxos_transfers'], 'changes.'
        ) }} as broker_explained,
        coalesce(changes.mtm, 0) = 0
        and (coalesce(changes.realized, 0) <> 0 or coalesce(changes.change_in_unrealized, 0) <> 0) as is_realized_view,
        {% for name, ours, components, meaning in checks %}
        case when coalesce({% for component in components %}changes.{{ component }}{{ ', ' if not loop.last }}{% endfor %}, null)
            is not null then {{ sum_of(components, 'changes.') }}
        end as broker_{{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from periods
    left join measured
        on
            periods.account_id = measured.account_id
            and periods.period_start = measured.period_start
            and periods.period_end = measured.period_end
    left join {{ ref('stg_clean__change_in_nav') }} as changes
        on
            periods.account_id = changes.account_id
            and periods.period_start = changes.period_start_date
            and periods.period_end = changes.period_end_date
),

withheld as (
    select
        *,
        case
            when not {{ reports('EquitySummaryInBase') }} then {{ section_missing('EquitySummaryInBase') }}
            when days is null then 'No net asset value of this period is in any statement.'
            when unknown_days > 0
                then 'The PnL of ' || unknown_days || ' day(s) of this period is withheld: ' || unknown_reason
        end as missing,
        case
            when untold > 0
                then 'The documents leave out what PnL needs on ' || untold || ' day(s) of this period: '
                    || coalesce(untold_reason, 'prices.')
                    || ' The sections Open Positions (OpenPositions), Prior Period Positions (PriorPeriodPositions) '
                    || 'and Cash Report (CashReport) tell them.'
            when not {{ reports('OpenPositions') }} then {{ section_missing('OpenPositions') }}
        end as missing_prices
    from compared
),

listed as (
    select
        account_id,
        period_start,
        period_end,
        'pnl_explained' as check_name,
        explained as ours,
        broker_explained as broker,
        coalesce(missing, missing_prices, case
            when not {{ reports('Trades') }} then {{ section_missing('Trades') }}
            when not {{ reports('CashTransactions') }} then {{ section_missing('CashTransactions') }}
            when broker_explained is null then {{ field_missing('ChangeInNAV', 'Starting Value and Ending Value') }}
        end) as missing,
        'PnL explained by causes against the change of the net asset value less external flows.' as meaning
    from withheld

    {% for name, ours, components, meaning in checks %}
    union all

    select
        account_id,
        period_start,
        period_end,
        '{{ name }}',
        {{ ours }},
        broker_{{ name }},
        coalesce(missing, {{ 'missing_prices' if name in ['pnl_mtm', 'pnl_translation'] else 'null' }}, case
            {% if name == 'pnl_mtm' %}
            when is_realized_view
                then 'This Change in NAV tells realised and unrealised PnL instead of mark-to-market.'
            {% endif %}
            {% if name in ['pnl_dividends', 'pnl_withholding', 'pnl_interest', 'pnl_fees'] %}
            when not {{ reports('CashTransactions') }} then {{ section_missing('CashTransactions') }}
            {% elif name in ['pnl_commissions', 'pnl_mtm'] %}
            when not {{ reports('Trades') }} then {{ section_missing('Trades') }}
            {% elif name == 'pnl_dividend_accruals' %}
            when not {{ reports('ChangeInDividendAccruals') }} then {{ section_missing('ChangeInDividendAccruals') }}
            {% endif %}
            when broker_{{ name }} is null
                then {{ field_missing('ChangeInNAV', components | join(', ') | replace('_', ' ') | title) }}
        end),
        '{{ meaning }}'
    from withheld
    {% if name != 'pnl_mtm' %}
    where {{ ours }} <> 0 or broker_{{ name }} <> 0
    {% endif %}
    {% endfor %}
)

select
    account_id,
    period_start,
    period_end,
    check_name,
    'ChangeInNAV' as section,
    cast(null as varchar) as currency,
    ours,
    broker,
    {{ tolerance() }} as tolerance,
    missing,
    meaning
from listed
