-- What the books had to leave out or could not confirm: holes in the net asset value, returns that are withheld,
-- quantities that disagree with the next snapshot, flows that count nowhere, fills that no statement booked. Metrics and values: data_health.
with

gaps as (
    select
        'nav_gap' as check_name,
        'warning' as severity,
        account_id,
        cast(null as varchar) as section,
        strftime(day_date, '%Y-%m-%d') as subject,
        withheld_reason as detail,
        'Fetch a statement that covers these days.' as suggestion
    from {{ ref('int_returns__link') }}
    where return_status = 'gap'
),

withheld_returns as (
    select
        'withheld_return',
        'warning',
        account_id,
        cast(null as varchar),
        return_status,
        count(*) || ' day(s) without a return, from ' || strftime(min(day_date), '%Y-%m-%d') || ' to '
        || strftime(max(day_date), '%Y-%m-%d') || '. ' || arg_min(withheld_reason, day_date),
        case return_status
            when 'flows_unknown' then 'Add the sections Cash Transactions and Change in NAV to the Flex query.'
            when 'rate_missing' then 'Add the field FX Rate To Base, or the section Conversion Rates, to the Flex query.'
            else 'A return needs a positive net asset value.'
        end
    from {{ ref('int_returns__link') }}
    where breaks_chain and return_status <> 'gap'
    group by account_id, return_status
),

assumed_transfers as (
    select
        'transfers_not_reported',
        'info',
        days.account_id,
        'Transfers',
        'Transfers',
        count(*) || ' day(s) are in no statement with the section Transfers or a Change in NAV without flows: '
        || 'their returns assume that nothing was transferred.',
        'Add the section {{ section_label("Transfers") }} to the Flex query.'
    from {{ ref('int_calendar__day') }} as days
    inner join {{ ref('int_returns__link') }} as returns
        on days.account_id = returns.account_id and days.day_date = returns.day_date
    where returns.return_status = 'computed' and not days.covers_transfers
    group by days.account_id
),

late_history as (
    select
        'history_starts_late',
        'info',
        account_id,
        cast(null as varchar),
        strftime(day_date, '%Y-%m-%d'),
        'The first known net asset value is ' || {{ money_text('nav_end_base') }}
        || ': "since inception" means since this day.',
        'Fetch older statements to reach the opening of the account.'
    from {{ ref('int_returns__link') }}
    where return_status = 'base' and nav_end_base <> 0
),

disagreeing as (
    select
        'rolled_position_disagrees',
        'warning',
        rolled.account_id,
        'OpenPositions',
        coalesce(instruments.symbol, rolled.instrument_key),
        'On ' || strftime(rolled.day_date, '%Y-%m-%d') || ' the broker reports ' || {{ money_text('rolled.quantity') }}
        || ', trades, corporate actions and transfers lead to ' || {{ money_text('rolled.rolled_quantity') }} || '.',
        'Look for a trade, corporate action or transfer that no document holds; the broker''s quantity stands.'
    from {{ ref('int_positions__roll') }} as rolled
    left join {{ ref('stg_clean__instrument') }} as instruments
        on rolled.instrument_key = instruments.instrument_key
    where rolled.rolled_quantity <> rolled.quantity
    qualify row_number() over (partition by rolled.account_id order by rolled.day_date desc, rolled.instrument_key) <= 1000
),

uncounted_flows as (
    select
        'flow_after_last_nav',
        'info',
        account_id,
        cast(null as varchar),
        strftime(max(flow_date), '%Y-%m-%d'),
        count(*) || ' deposit(s), withdrawal(s) or transfer(s) are followed by no net asset value: they are in no return.',
        'Fetch a statement with the section {{ section_label("EquitySummaryInBase") }} for these days.'
    from {{ ref('int_flows__collect') }}
    where nav_date is null
    group by account_id
),

lots as (
    -- What the tax lots could not know: a finding per instrument, its first day.
    select
        'tax_lot',
        severity,
        issues.account_id,
        cast(null as varchar),
        coalesce(any_value(instruments.symbol), issues.instrument_key),
        'From ' || strftime(min(issues.report_date), '%Y-%m-%d') || ', ' || count(*) || ' event(s): '
        || arg_min(problem, (issues.report_date, problem)),
        'Until then cost and PnL of these lots are withheld or flagged; the broker''s own figures stand.'
    from {{ ref('stg_features__lot_issue') }} as issues
    left join {{ ref('stg_clean__instrument') }} as instruments
        on issues.instrument_key = instruments.instrument_key
    group by issues.account_id, issues.instrument_key, severity
),

joined_withheld as (
    select
        'joined_return_withheld',
        'warning',
        account_id,
        cast(null as varchar),
        return_status,
        count(*) || ' day(s) of all accounts together without a return, from ' || strftime(min(day_date), '%Y-%m-%d')
        || ' to ' || strftime(max(day_date), '%Y-%m-%d') || '. ' || arg_min(withheld_reason, day_date),
        case return_status
            when 'rate_missing' then 'Add the section Conversion Rates to the Flex query, or set REPORTING_CURRENCY.'
            else 'See the finding of the account that is named.'
        end
    from {{ ref('int_returns__reporting') }}
    where account_id = 'ALL' and breaks_chain
    group by account_id, return_status
),

joined_ends as (
    -- The whole goes no further than the first account that still holds something.
    select
        'joined_series_ends',
        'info',
        'ALL',
        cast(null as varchar),
        strftime(whole.last_date, '%Y-%m-%d'),
        'All accounts together end on ' || strftime(whole.last_date, '%Y-%m-%d') || ': '
        || string_agg(accounts.account_id, ', ' order by accounts.account_id) || ' is not known any further.',
        'Fetch a newer statement of the account.'
    from (
        select max(day_date) as last_date from {{ ref('int_returns__reporting') }} where account_id = 'ALL'
    ) as whole
    inner join (
        select account_id, max(day_date) as last_date, max(max(day_date)) over () as newest_date
        from {{ ref('int_returns__link') }}
        group by account_id
        having arg_max(nav_end_base, day_date) <> 0
    ) as accounts
        on whole.last_date = accounts.last_date and accounts.last_date < accounts.newest_date
    group by whole.last_date
),

unbooked as (
    select
        'execution_not_booked',
        'warning',
        account_id,
        'Trades',
        exec_id,
        'TWS told a fill of ' || {{ money_text('quantity') }} || ' ' || coalesce(symbol, instrument_key) || ' at '
        || {{ money_text('price') }} || ' on ' || strftime(executed_at, '%Y-%m-%d %H:%M:%S')
        || ' UTC; the statements of its days have no trade of that execution id.',
        'The statement stands. Compare it with the trade log of TWS; fetch it again if it was made before the day was closed.'
    from {{ ref('int_trades__match_execution') }}
    where status = 'missing'
    qualify row_number() over (partition by account_id order by executed_at desc, exec_id) <= 1000
),

without_base_currency as (
    select
        'base_currency_unknown',
        'warning',
        account_id,
        'AccountInformation',
        account_id,
        'The base currency of this account is not known: amounts without a rate of their own cannot be converted.',
        'Add the section {{ section_label("AccountInformation") }} to the Flex query, or set BASE_CURRENCY.'
    from {{ ref('stg_clean__account') }}
    where base_currency is null
)

{% for part in ['gaps', 'withheld_returns', 'assumed_transfers', 'late_history', 'disagreeing', 'uncounted_flows',
                'lots', 'joined_withheld', 'joined_ends', 'unbooked', 'without_base_currency'] %}
select * from {{ part }}
{{ 'union all' if not loop.last }}
{% endfor %}
