-- Profit and loss of each account, window and instrument by cause, with what was realised in the window and how the
-- unrealised result changed where the broker reports it at both ends.
with

windows as (
    select account_id, performance_window, start_date, as_of_date, withheld_reason
    from {{ ref('int_performance__window') }}
    where start_date is not null and is_stated is not true
),

pnl as (
    select
        windows.account_id,
        windows.performance_window,
        daily.instrument_key,
        max(daily.conid) as conid,
        max(daily.symbol) as symbol,
        max(daily.asset_class) as asset_class,
        {% for cause in pnl_causes() %}
        sum(daily.{{ cause }}_base) as {{ cause }}_base,
        {% endfor %}
        sum(daily.total_base) as total_base,
        count(*) filter (where daily.price_base is null or daily.trading_base is null) as unpriced_days,
        arg_min(daily.withheld_reason, daily.pnl_date) filter (where daily.withheld_reason is not null) as withheld_reason
    from windows
    inner join {{ ref('fct_pnl_daily') }} as daily
        on
            windows.account_id = daily.account_id
            and daily.pnl_date > windows.start_date
            and daily.pnl_date <= windows.as_of_date
    group by windows.account_id, windows.performance_window, daily.instrument_key
),

realized as (
    select windows.account_id, windows.performance_window, flows.instrument_key, sum(flows.realized_base) as realized_base
    from windows
    inner join {{ ref('int_pnl__collect_flow') }} as flows
        on
            windows.account_id = flows.account_id
            and flows.report_date > windows.start_date
            and flows.report_date <= windows.as_of_date
    where flows.realized_base <> 0
    group by windows.account_id, windows.performance_window, flows.instrument_key
),

positions as (
    select account_id, position_date, instrument_key, unrealized_pnl_base
    from {{ ref('fct_position_daily') }}
    where coalesce(asset_class, '') <> 'CASH'
),

joined as (
    select
        pnl.* exclude (withheld_reason),
        windows.start_date,
        windows.as_of_date,
        coalesce(realized.realized_base, 0) as realized_base,
        case when coalesce(pnl.asset_class, '') <> 'CASH' and pnl.instrument_key is not null then
            case when after_.instrument_key is null then 0 else after_.unrealized_pnl_base end
            - case when before_.instrument_key is null then 0 else before_.unrealized_pnl_base end
        end as unrealized_change_base,
        windows.withheld_reason as window_reason,
        coalesce(windows.withheld_reason, pnl.withheld_reason) as withheld_reason
    from pnl
    inner join windows
        on pnl.account_id = windows.account_id and pnl.performance_window = windows.performance_window
    left join realized
        on
            pnl.account_id = realized.account_id
            and pnl.performance_window = realized.performance_window
            and pnl.instrument_key = realized.instrument_key
    left join positions as after_
        on
            pnl.account_id = after_.account_id
            and pnl.instrument_key = after_.instrument_key
            and windows.as_of_date = after_.position_date
    left join positions as before_
        on
            pnl.account_id = before_.account_id
            and pnl.instrument_key = before_.instrument_key
            and windows.start_date = before_.position_date
)

select
    account_id,
    performance_window as "window",
    instrument_key,
    conid,
    symbol,
    asset_class,
    start_date as window_start_date,
    as_of_date as window_end_date,
    {% for cause in pnl_causes() %}
    {% if cause in ['price', 'trading'] %}
    case when window_reason is null and unpriced_days = 0 then {{ cause }}_base end as {{ cause }}_base,
    {% else %}
    case when window_reason is null then {{ cause }}_base end as {{ cause }}_base,
    {% endif %}
    {% endfor %}
    case when window_reason is null and unpriced_days = 0 then total_base end as total_base,
    case when window_reason is null then realized_base end as realized_base,
    case when window_reason is null then unrealized_change_base end as unrealized_change_base,
    withheld_reason
from joined
