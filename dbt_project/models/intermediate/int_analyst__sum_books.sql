-- What our books say of the days of each analysis of PortfolioAnalyst: one row per account and analysed period, from the
-- analysis that was received last (the file itself bears no time). Nothing of the analysis is in the books.
with

received as (
    select document_id, max(received_at) as received_at
    from {{ ref('stg_clean__document') }}
    group by document_id
),

analyses as (
    select analyses.*, received.received_at
    from {{ ref('stg_clean__portfolio_analyst_key_statistics') }} as analyses
    left join received on analyses.document_id = received.document_id
    where analyses.period_start_date is not null and analyses.period_end_date is not null
    qualify row_number() over (
        partition by analyses.account_id, analyses.period_start_date, analyses.period_end_date
        order by received.received_at desc, analyses.document_id desc, analyses.row_ordinal
    ) = 1
),

last_days as (
    -- The day of the ending value: an analysis may be asked for up to a day that is not over or no trading day.
    select document_id, max(allocation_date) as last_date
    from {{ ref('stg_clean__portfolio_analyst_allocation') }}
    where is_total
    group by document_id
),

days as (
    select
        returns.*,
        days.covers_cash_transactions,
        days.covers_trades,
        lead(returns.return_status) over (partition by returns.account_id order by returns.day_date) as next_status
    from {{ ref('int_returns__link') }} as returns
    inner join {{ ref('int_calendar__day') }} as days
        on returns.account_id = days.account_id and returns.day_date = days.day_date
),

books as (
    select
        analyses.document_id,
        count(*) as nav_days,
        first(days.nav_start_base order by days.day_date) as nav_start_base,
        last(days.nav_end_base order by days.day_date) as nav_end_base,
        max(days.day_date) as last_date,
        last(days.next_status order by days.day_date) as next_status,
        bool_and(days.covers_cash_transactions) as covers_cash_transactions,
        bool_and(days.covers_trades) as covers_trades,
        coalesce(
            arg_min(days.withheld_reason, days.day_date) filter (where days.breaks_chain),
            case when bool_or(days.return_status = 'base')
                then 'Our books begin with a net asset value inside of the analysed period.'
            end
        ) as broken_reason,
        list_product(list(1 + days.twr order by days.day_date) filter (where days.twr is not null)) - 1 as twr
    from analyses
    inner join days
        on
            analyses.account_id = days.account_id
            and days.day_date between analyses.period_start_date and analyses.period_end_date
    group by analyses.document_id
),

flows as (
    select
        analyses.document_id,
        sum(flows.amount_base) as amount_base,
        count(*) filter (where flows.amount_base is null) as without_rate
    from analyses
    inner join {{ ref('int_flows__collect') }} as flows
        on
            analyses.account_id = flows.account_id
            and flows.flow_date between analyses.period_start_date and analyses.period_end_date
    group by analyses.document_id
),

charges as (
    -- Commissions and taxes of the trades, summed where one rate holds: there may be a million of them.
    select
        account_id,
        report_date,
        coalesce(commission_currency, currency) as currency,
        case when coalesce(commission_currency, currency) = currency then fx_rate_to_base end as fx_rate_to_base,
        sum(commission) as amount
    from {{ ref('int_trades__convert') }}
    where commission <> 0
    group by all

    union all

    select account_id, report_date, currency, fx_rate_to_base, sum(taxes)
    from {{ ref('int_trades__convert') }}
    where taxes <> 0
    group by all
),

cash as (
    select
        cash.account_id,
        cash.report_date,
        case
            when cash.category in ('dividend', 'payment_in_lieu') then 'dividends'
            when cash.category in ('broker_interest', 'bond_interest') then 'interest'
            else 'fees'
        end as kind,
        {{ in_base('cash.amount', 'cash') }} as amount_base
    from {{ ref('stg_clean__cash_transaction') }} as cash
    {{ join_day_rate('cash', 'report_date') }}
    where
        cash.category in (
            'dividend', 'payment_in_lieu', 'broker_interest', 'bond_interest', 'fee', 'commission_adjustment'
        )

    union all

    select
        charges.account_id,
        charges.report_date,
        'fees',
        {{ in_base('charges.amount', 'charges') }}
    from charges
    {{ join_day_rate('charges', 'report_date') }}
),

sums as (
    select
        analyses.document_id,
        {% for kind in ['dividends', 'interest', 'fees'] %}
        coalesce(sum(cash.amount_base) filter (where cash.kind = '{{ kind }}'), 0) as {{ kind }}_base,
        count(*) filter (where cash.kind = '{{ kind }}' and cash.amount_base is null) as {{ kind }}_without_rate
        {{- ',' if not loop.last }}
        {% endfor %}
    from analyses
    inner join cash
        on
            analyses.account_id = cash.account_id
            and cash.report_date between analyses.period_start_date and analyses.period_end_date
    group by analyses.document_id
)

select
    analyses.* exclude (section, row_ordinal),
    accounts.base_currency as books_currency,
    coalesce(last_days.last_date, analyses.period_end_date) as last_date,
    books.nav_days,
    case
        when accounts.account_id is null and analyses.account_id = 'Consolidated'
            then 'The analysis is of several accounts together; our books are by account.'
        when accounts.account_id is null then 'No statement of this account is in our books.'
        when analyses.base_currency <> accounts.base_currency
            then 'The analysis is in ' || analyses.base_currency || ', our books are in ' || accounts.base_currency || '.'
        when books.document_id is null then 'No net asset value of the analysed period is in any statement.'
    end as incomparable_reason,
    books.nav_start_base,
    case
        when
            books.last_date = coalesce(last_days.last_date, analyses.period_end_date)
            or books.next_status not in ('gap', 'base')
            or (
                isodow(analyses.period_end_date) > 5
                and date_diff('day', books.last_date, analyses.period_end_date) < isodow(analyses.period_end_date) - 4
            )
            then books.nav_end_base
    end as nav_end_base,
    books.broken_reason,
    books.twr,
    books.covers_cash_transactions,
    books.covers_trades,
    case when books.document_id is not null then coalesce(flows.amount_base, 0) end as flows_base,
    coalesce(flows.without_rate, 0) as flows_without_rate,
    {% for kind in ['dividends', 'interest', 'fees'] %}
    case when books.document_id is not null then coalesce(sums.{{ kind }}_base, 0) end as {{ kind }}_base,
    coalesce(sums.{{ kind }}_without_rate, 0) as {{ kind }}_without_rate
    {{- ',' if not loop.last }}
    {% endfor %}
from analyses
left join {{ ref('stg_clean__account') }} as accounts on analyses.account_id = accounts.account_id
left join last_days on analyses.document_id = last_days.document_id
left join books on analyses.document_id = books.document_id
left join flows on analyses.document_id = flows.document_id
left join sums on analyses.document_id = sums.document_id
