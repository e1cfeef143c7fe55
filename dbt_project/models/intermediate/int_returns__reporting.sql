-- Daily returns in the reporting currency: of each account, and of all accounts as one ('ALL', where there are several).
-- Values and flows are converted at the day's rate. An account whose first value is not an opening joins the whole at
-- the close of that day, as an external flow; one that has ended leaves at the start of the next day. Transfers between
-- own accounts net out. A day that is none of an account's own keeps its last value; inside a hole it is withheld.
with

own as (
    select
        links.account_id,
        accounts.base_currency,
        accounts.closed_date,
        links.day_date,
        links.nav_end_base,
        links.is_opening,
        links.return_status,
        links.withheld_reason,
        coalesce(
            lead(links.return_status) over (partition by links.account_id order by links.day_date) = 'gap', false
        ) as is_before_gap
    from {{ ref('int_returns__link') }} as links
    left join {{ ref('stg_clean__account') }} as accounts
        on links.account_id = accounts.account_id
),

accounts as (
    select
        account_id,
        any_value(base_currency) as base_currency,
        min(day_date) as first_date,
        max(day_date) as last_date,
        bool_or(is_opening) as is_opened,
        arg_max(nav_end_base, day_date) = 0 or any_value(closed_date) is not null as has_ended
    from own
    group by account_id
),

members as (
    select account_id as series_id, account_id, false as is_joined from accounts
    union all
    select 'ALL', account_id, true from accounts where (select count(*) from accounts) > 1
),

series as (
    -- The whole ends with the first account that still holds something and is not known any further.
    select
        members.series_id,
        coalesce(min(accounts.last_date) filter (where not accounts.has_ended), max(accounts.last_date)) as last_date
    from members
    inner join accounts on members.account_id = accounts.account_id
    group by members.series_id
),

days as (
    select distinct members.series_id, own.day_date
    from members
    inner join own on members.account_id = own.account_id
    inner join series on members.series_id = series.series_id and own.day_date <= series.last_date
),

present as (
    select
        days.series_id,
        days.day_date,
        accounts.*,
        case when members.is_joined then accounts.account_id || ': ' else '' end as prefix
    from days
    inner join members on days.series_id = members.series_id
    inner join accounts
        on
            members.account_id = accounts.account_id
            and days.day_date >= accounts.first_date
            and (days.day_date <= accounts.last_date or not accounts.has_ended)
),

cells as (
    select
        present.series_id,
        present.account_id,
        present.base_currency,
        present.day_date,
        present.day_date = present.first_date as is_first,
        present.day_date = present.first_date and present.is_opened as is_opening,
        present.day_date = present.last_date and present.has_ended as is_leaving,
        present.day_date > own.day_date as is_carried,
        -- Status and reason in one text, so that the first of several is a minimum.
        case
            when present.day_date = own.day_date
                then case when own.return_status in ('flows_unknown', 'gap', 'rate_missing')
                    then own.return_status || '|' || present.prefix || own.withheld_reason
                end
            when own.is_before_gap
                then 'gap|' || present.prefix || 'No statement covers the days after '
                    || strftime(own.day_date, '%Y-%m-%d') || '.'
        end as broken,
        rates.rate,
        case when own.nav_end_base = 0 then 0 else {{ exact_product('own.nav_end_base', 'rates.rate') }} end as nav
    from present
    asof left join own
        on present.account_id = own.account_id and present.day_date >= own.day_date
    left join {{ ref('int_fx__reporting') }} as rates
        on present.base_currency = rates.base_currency and present.day_date = rates.rate_date
),

bookings as (
    select
        flows.account_id,
        flows.nav_date,
        {{ exact_product('flows.amount_base', 'rates.rate') }} as amount,
        case flows.kind
            when 'transfer' then flows.counter_account in (select account_id from accounts)
            -- Without a word on the other side: the same amount out of one account and into another on one day.
            else sum(flows.amount) over same_amount = 0
                and min(flows.account_id) over same_amount <> max(flows.account_id) over same_amount
        end as is_internal
    from {{ ref('int_flows__collect') }} as flows
    inner join accounts
        on
            flows.account_id = accounts.account_id
            and (flows.nav_date > accounts.first_date or accounts.is_opened)
    left join {{ ref('int_fx__reporting') }} as rates
        on accounts.base_currency = rates.base_currency and flows.nav_date = rates.rate_date
    window same_amount as (partition by flows.kind, flows.flow_date, flows.currency, abs(flows.amount))
),

flows as (
    select
        members.series_id,
        bookings.nav_date as day_date,
        coalesce(sum(amount) filter (where amount > 0 and not (is_joined and coalesce(is_internal, false))), 0) as inflow,
        coalesce(-sum(amount) filter (where amount < 0 and not (is_joined and coalesce(is_internal, false))), 0) as outflow,
        coalesce(sum(amount) filter (where is_joined and is_internal), 0) as moved,
        count(*) filter (where amount is null) as flows_without_rate
    from bookings
    inner join members on bookings.account_id = members.account_id
    group by all
),

summed as (
    select
        series_id,
        day_date,
        count(*) as accounts,
        count(*) filter (where is_carried) as carried_accounts,
        case when count(*) = count(nav) then sum(nav) end as nav_end,
        coalesce(sum(nav) filter (where is_first and not is_opening), 0) as joined,
        coalesce(sum(nav) filter (where is_leaving), 0) as leaving,
        bool_and(is_opening) as is_opening,
        any_value(rate) as rate,
        min(broken) as broken,
        min(coalesce(base_currency, 'an unknown base currency')) filter (where nav is null) as unvalued
    from cells
    group by series_id, day_date
),

followed as (
    -- Days before the first one on which everything has a value belong to no series.
    select
        *,
        lag(day_date) over days_of_series as prior_date,
        lag(nav_end) over days_of_series as prior_nav,
        coalesce(lag(leaving) over days_of_series, 0) as departed,
        row_number() over days_of_series = 1 as is_first_day
    from (
        select * from summed
        qualify day_date >= min(day_date) filter (where nav_end is not null) over (partition by series_id)
    )
    window days_of_series as (partition by series_id order by day_date)
),

judged as (
    select
        followed.*,
        followed.is_first_day and followed.is_opening as opens,
        case when followed.is_first_day then 0 else followed.prior_nav end as nav_start,
        coalesce(flows.inflow, 0) + greatest(coalesce(flows.moved, 0), 0) as inflow,
        coalesce(flows.outflow, 0) - least(coalesce(flows.moved, 0), 0) as outflow,
        nav_start - followed.departed + coalesce(flows.inflow, 0) + greatest(coalesce(flows.moved, 0), 0) as capital,
        followed.nav_end - followed.joined + coalesce(flows.outflow, 0) - least(coalesce(flows.moved, 0), 0) as result,
        case
            when followed.is_first_day and not followed.is_opening then 'base'
            when followed.broken is not null then split_part(followed.broken, '|', 1)
            when flows.flows_without_rate > 0 or capital is null or result is null then 'rate_missing'
            when capital = 0 and result = 0 then 'no_capital'
            when capital <= 0 then 'capital_not_positive'
            else 'computed'
        end as return_status
    from followed
    left join flows
        on followed.series_id = flows.series_id and followed.day_date = flows.day_date
),

known as (
    select
        *,
        return_status in ('computed', 'no_capital', 'capital_not_positive') as has_flows,
        return_status in ('gap', 'flows_unknown', 'rate_missing', 'capital_not_positive') as breaks_chain
    from judged
)

select
    known.series_id as account_id,
    currencies.reporting_currency,
    known.day_date,
    known.prior_date as previous_nav_date,
    known.opens as is_opening,
    known.return_status,
    cast(case when not known.is_first_day or known.opens then known.nav_start end as {{ exact() }}) as nav_start_reporting,
    cast(known.nav_end as {{ exact() }}) as nav_end_reporting,
    cast(case when known.has_flows then known.inflow end as {{ exact() }}) as inflow_reporting,
    cast(case when known.has_flows then known.outflow end as {{ exact() }}) as outflow_reporting,
    cast(case when known.has_flows then case when known.opens then 0 else known.joined end end as {{ exact() }})
        as joined_reporting,
    cast(case when known.has_flows then known.departed end as {{ exact() }}) as departed_reporting,
    cast(case when known.has_flows
        then known.inflow - known.outflow + known.joined - known.departed
    end as {{ exact() }}) as external_flow_reporting,
    cast(case when known.has_flows then known.result - known.capital end as {{ exact() }}) as pnl_reporting,
    case when known.return_status = 'computed'
        then cast(known.result - known.capital as double) / cast(known.capital as double)
    end as twr,
    known.breaks_chain,
    count(*) filter (where known.breaks_chain) over (partition by known.series_id order by known.day_date) as chain_id,
    cast(known.accounts as integer) as accounts,
    cast(known.carried_accounts as integer) as carried_accounts,
    case when known.series_id <> 'ALL' then known.rate end as fx_rate_to_reporting,
    case known.return_status
        when 'no_capital' then 'Nothing was held on this day.'
        when 'capital_not_positive' then 'The net asset value at the start plus the inflows is not above zero.'
        when 'rate_missing' then coalesce(
            substr(known.broken, strpos(known.broken, '|') + 1),
            'No document has an exchange rate from ' || known.unvalued || ' to ' || currencies.reporting_currency
            || ' on this day.',
            'No document has an exchange rate to ' || currencies.reporting_currency
            || ' for the value before this day or a flow of it.'
        )
        when 'base' then null
        when 'computed' then null
        else substr(known.broken, strpos(known.broken, '|') + 1)
    end as withheld_reason
from known
cross join (select any_value(reporting_currency) as reporting_currency from {{ ref('int_fx__reporting') }}) as currencies
