-- Our books against PortfolioAnalyst, which is an oracle only: nothing of it is in the books. One row per account,
-- period and check. What its amounts count is not in public documents: Dividends, Interest and Fees & Commissions are
-- held against what was paid, Deposits & Withdrawals against all external flows.
{% set components = ['mtm', 'deposits_withdrawals', 'dividends', 'interest', 'fees_commissions', 'other'] %}
-- Half of the last digit of a percentage with two decimals, as a fraction, and what doubles lose.
{% set half_a_digit = 'cast(0.00005001 as ' ~ exact() ~ ')' %}
with

analyses as (
    select * from {{ ref('int_analyst__sum_books') }}
),

months as (
    select * from {{ ref('int_analyst__link_months') }}
),

valued_days as (
    select
        analyses.document_id,
        count(*) as days_compared,
        count(*) filter (where abs(returns.nav_end_base - allocated.market_value) <= {{ tolerance() }}) as days_tied
    from analyses
    inner join {{ ref('stg_clean__portfolio_analyst_allocation') }} as allocated
        on analyses.document_id = allocated.document_id and allocated.is_total
    inner join {{ ref('int_returns__link') }} as returns
        on analyses.account_id = returns.account_id and allocated.allocation_date = returns.day_date
    group by analyses.document_id
),

checks as (
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        'portfolio_analyst_components' as check_name,
        'PA.Key Statistics' as section,
        {{ components | join(' + ') }} as ours,
        change_in_nav as broker,
        {{ tolerance() }} * {{ components | length }} as tolerance,
        case
            when {{ components | join(' + ') }} is null or change_in_nav is null
                then 'The Key Statistics do not name all parts of the change in net asset value.'
        end as missing,
        'Sum of the parts of the Key Statistics against their change in net asset value.' as meaning,
        document_id
    from analyses

    union all

    select
        account_id, period_start_date, period_end_date, 'portfolio_analyst_change', 'PA.Key Statistics',
        ending_nav - beginning_nav, change_in_nav, {{ tolerance() }} * 2,
        case
            when ending_nav - beginning_nav is null or change_in_nav is null
                then 'The Key Statistics do not name both net asset values and their change.'
        end,
        'Ending less beginning net asset value of the Key Statistics against their change.',
        document_id
    from analyses

    {% for name, ours, broker, reason, meaning in [
        (
            'nav_start', 'nav_start_base', 'beginning_nav',
            "case when nav_start_base is null then 'The net asset value of the day before the analysed period is in no statement.' end",
            'Our net asset value before the analysed period against the beginning value of PortfolioAnalyst.'
        ),
        (
            'nav_end', 'nav_end_base', 'ending_nav',
            "case when nav_end_base is null then 'The net asset value of the last analysed day is in no statement.' end",
            'Our net asset value at the end of the analysed period against the ending value of PortfolioAnalyst.'
        ),
        (
            'flows', 'flows_base', 'deposits_withdrawals',
            "case when flows_without_rate > 0 then 'A flow of the analysed period has no exchange rate.'"
            ~ " when not covers_cash_transactions then 'Deposits and withdrawals of some analysed days are in no statement.' end",
            'Our external flows, transfers included, against Deposits & Withdrawals of PortfolioAnalyst.'
        ),
        (
            'dividends', 'dividends_base', 'dividends',
            "case when dividends_without_rate > 0 then 'A dividend of the analysed period has no exchange rate.'"
            ~ " when not covers_cash_transactions then 'Cash transactions of some analysed days are in no statement.' end",
            'Dividends and payments in lieu that our books say were paid, before tax, against PortfolioAnalyst.'
        ),
        (
            'interest', 'interest_base', 'interest',
            "case when interest_without_rate > 0 then 'Interest of the analysed period has no exchange rate.'"
            ~ " when not covers_cash_transactions then 'Cash transactions of some analysed days are in no statement.' end",
            'Interest that our books say was paid and received against PortfolioAnalyst.'
        ),
        (
            'fees', 'fees_base', 'fees_commissions',
            "case when fees_without_rate > 0 then 'A fee or commission of the analysed period has no exchange rate.'"
            ~ " when not (covers_cash_transactions and covers_trades)"
            ~ " then 'Trades or cash transactions of some analysed days are in no statement.' end",
            'Commissions, taxes on trades and fees of our books against Fees & Commissions of PortfolioAnalyst.'
        ),
    ] %}
    union all

    select
        account_id, period_start_date, period_end_date, 'portfolio_analyst_{{ name }}', 'PA.Key Statistics',
        cast({{ ours }} as {{ exact() }}), {{ broker }}, {{ tolerance() }},
        coalesce(
            incomparable_reason,
            {{ reason }},
            broken_reason,
            case when {{ broker }} is null then 'The Key Statistics do not name this amount.' end
        ),
        '{{ meaning }}',
        document_id
    from analyses
    {% endfor %}

    union all

    select
        account_id, period_start_date, period_end_date, 'portfolio_analyst_twr', 'PA.Key Statistics',
        cast(twr as {{ exact() }}), cumulative_return_percent / 100, {{ half_a_digit }},
        coalesce(
            incomparable_reason,
            broken_reason,
            case
                when performance_measure <> 'TWR'
                    then 'The analysis measures its returns as ' || performance_measure || ': download it with TWR.'
                when twr is null then 'The account held nothing in the analysed period.'
                when cumulative_return_percent is null then 'The Key Statistics do not name the cumulative return.'
            end
        ),
        'Our time-weighted return of the analysed period against the cumulative return of PortfolioAnalyst.',
        document_id
    from analyses

    union all

    select
        account_id, month_start, month_end, 'portfolio_analyst_twr_month', 'PA.Historical Performance',
        cast(twr as {{ exact() }}), return_percent / 100, {{ half_a_digit }},
        coalesce(
            broken_reason,
            case
                when performance_measure <> 'TWR'
                    then 'The analysis measures its returns as ' || performance_measure || ': download it with TWR.'
                when twr is null then 'Our books have no return in this month.'
                when return_percent is null then 'PortfolioAnalyst prints no return for this month.'
            end
        ),
        'Our time-weighted return of the month against PortfolioAnalyst.',
        document_id
    from months

    union all

    select
        analyses.account_id, analyses.period_start_date, analyses.period_end_date, 'portfolio_analyst_nav_days',
        'PA.Allocation by Asset Class',
        cast(valued_days.days_tied as {{ exact() }}), cast(valued_days.days_compared as {{ exact() }}),
        cast(0 as {{ exact() }}),
        coalesce(
            analyses.incomparable_reason,
            case
                when valued_days.document_id is null
                    then 'No day has a net asset value in both the Allocation by Asset Class and our books.'
            end
        ),
        'Days whose net asset value is ours to the cent, of the days that both name.',
        analyses.document_id
    from analyses
    left join valued_days on analyses.document_id = valued_days.document_id
)

select
    account_id,
    period_start,
    period_end,
    check_name,
    section,
    cast(null as varchar) as currency,
    cast(ours as {{ exact() }}) as ours,
    cast(broker as {{ exact() }}) as broker,
    cast(tolerance as {{ exact() }}) as tolerance,
    missing,
    meaning,
    document_id
from checks
