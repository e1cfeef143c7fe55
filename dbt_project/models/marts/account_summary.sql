-- One row per account: where it stands, what it made, and whether its books tie with the broker's.
with

days as (
    select account_id, max(day_date) as as_of_date
    from {{ ref('int_returns__link') }}
    group by account_id
),

latest as (
    select
        returns.account_id,
        returns.day_date as as_of_date,
        returns.previous_nav_date,
        returns.nav_end_base as nav_base,
        returns.pnl_base as day_pnl_base,
        returns.twr as day_twr,
        returns.withheld_reason as day_withheld_reason
    from {{ ref('int_returns__link') }} as returns
    inner join days
        on returns.account_id = days.account_id and returns.day_date = days.as_of_date

    union all

    -- Without daily values: the end of the last period of Change in NAV.
    select account_id, as_of_date, null, nav_end_base, null, null, withheld_reason
    from {{ ref('int_performance__stated') }}
    where performance_window = 'SI'
),

windows as (
    select
        windows.account_id,
        {% for name, prefix in [('MTD', 'mtd'), ('QTD', 'qtd'), ('YTD', 'ytd'), ('SI', 'since_inception')] %}
        max(case when windows.withheld_reason is null then windows.pnl_base else windows.chained_pnl_base end)
            filter (where windows.performance_window = '{{ name }}') as {{ prefix }}_pnl_base,
        max(statistics.twr) filter (where windows.performance_window = '{{ name }}') as {{ prefix }}_twr,
        {% endfor %}
        max(windows.start_date) filter (where windows.performance_window = 'SI') as since_inception_date,
        max(
            case when windows.withheld_reason is null
                then windows.net_contributions_base else windows.chained_contributions_base
            end
        )
            filter (where windows.performance_window = 'SI') as net_contributions_base,
        max(money_weighted.mwr) filter (where windows.performance_window = 'SI') as since_inception_mwr,
        max(case when trades.withheld_reason is null then trades.realized_base end)
            filter (where windows.performance_window = 'YTD') as realized_ytd_base
    from {{ ref('int_performance__window') }} as windows
    left join {{ ref('int_performance__statistic') }} as statistics using (account_id, performance_window)
    left join {{ ref('int_performance__mwr') }} as money_weighted using (account_id, performance_window)
    left join {{ ref('int_performance__trade') }} as trades using (account_id, performance_window)
    group by windows.account_id
),

verdicts as (
    select
        account_id,
        count(*) filter (where status = 'tied') as tied,
        count(*) filter (where status = 'broken') as broken,
        count(*) filter (where status = 'not_reported') as not_reported
    from {{ ref('reconciliation') }}
    group by account_id
)

select
    accounts.account_id,
    accounts.alias,
    accounts.base_currency,
    latest.as_of_date,
    latest.previous_nav_date,
    latest.nav_base,
    nav.cash_base,
    latest.day_pnl_base,
    windows.mtd_pnl_base,
    windows.qtd_pnl_base,
    windows.ytd_pnl_base,
    windows.since_inception_pnl_base,
    latest.day_twr,
    windows.mtd_twr,
    windows.qtd_twr,
    windows.ytd_twr,
    windows.since_inception_twr,
    windows.since_inception_mwr,
    windows.since_inception_date,
    drawdowns.drawdown as current_drawdown,
    windows.net_contributions_base,
    windows.realized_ytd_base,
    latest.day_withheld_reason,
    cast(coalesce(verdicts.tied, 0) as integer) as reconciliation_tied,
    cast(coalesce(verdicts.broken, 0) as integer) as reconciliation_broken,
    cast(coalesce(verdicts.not_reported, 0) as integer) as reconciliation_not_reported,
    accounts.documents_loaded,
    accounts.last_generated_at
from {{ ref('dim_account') }} as accounts
left join latest on accounts.account_id = latest.account_id
left join windows on accounts.account_id = windows.account_id
left join verdicts on accounts.account_id = verdicts.account_id
left join {{ ref('fct_nav_daily') }} as nav
    on accounts.account_id = nav.account_id and latest.as_of_date = nav.nav_date
left join {{ ref('int_returns__index') }} as drawdowns
    on accounts.account_id = drawdowns.account_id and latest.as_of_date = drawdowns.day_date
