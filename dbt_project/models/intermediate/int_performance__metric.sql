-- Every metric of every series and window, a row each. A metric that cannot be computed has no value and says why.
{{ config(materialized='view') }}
{% set metrics = [
    ('twr', 'twr', none, 'ratio', "'The account held nothing in this window.'"),
    ('cagr', 'cagr', none, 'ratio per year',
        "case when calendar_days < 365 then 'Shorter than one year: not annualised.' else 'Nothing is left to grow from.' end"),
    ('mwr', 'mwr', none, 'mwr', "coalesce(mwr_reason, 'No time has passed in this window.')"),
    ('volatility', 'volatility', none, 'ratio per year', "'Fewer than two daily returns.'"),
    ('sharpe', 'sharpe', none, 'ratio per year', "'Fewer than two daily returns, or returns that do not vary.'"),
    ('sortino', 'sortino', none, 'ratio per year', "'No daily return below the minimum acceptable one.'"),
    ('max_drawdown', 'max_drawdown', 'trough_date', 'ratio', "'No return in this window.'"),
    ('max_drawdown_peak_date', none, 'peak_date', 'date', "'No drawdown in this window.'"),
    ('max_drawdown_trough_date', none, 'trough_date', 'date', "'No drawdown in this window.'"),
    ('max_drawdown_recovery_date', none, 'recovery_date', 'date',
        "case when max_drawdown < 0 then 'Not recovered yet.' else 'No drawdown in this window.' end"),
    ('calmar', 'calmar', none, 'ratio per year',
        "case when calendar_days < 365 then 'Shorter than one year: not annualised.' else 'No drawdown in this window.' end"),
    ('best_day', 'best_day', 'best_day_date', 'ratio', "'No return in this window.'"),
    ('worst_day', 'worst_day', 'worst_day_date', 'ratio', "'No return in this window.'"),
    ('win_rate', 'win_rate', none, 'ratio', "coalesce(trade_reason, 'No closing trade with a gain or a loss.')"),
    ('profit_factor', 'profit_factor', none, 'ratio', "coalesce(trade_reason, 'No closing trade with a loss.')"),
    ('win_rate_days', 'win_rate_days', none, 'ratio', "'No day with a gain or a loss.'"),
    ('pnl', 'pnl', none, 'base currency', "'No return in this window.'"),
    ('net_contributions', 'net_contributions', none, 'base currency', "'No return in this window.'"),
    ('alpha', 'alpha', none, 'window', "'The benchmark does not vary.'"),
    ('beta', 'beta', none, 'ratio', "'The benchmark does not vary.'"),
    ('tracking_error', 'tracking_error', none, 'ratio per year', "'No return in this window.'"),
    ('information_ratio', 'information_ratio', none, 'ratio per year',
        "'The differences to the benchmark do not vary.'"),
    ('up_capture', 'up_capture', none, 'ratio', "'No rising day of the benchmark in this window.'"),
    ('down_capture', 'down_capture', none, 'ratio', "'No falling day of the benchmark in this window.'"),
] %}
{% set chained = ['twr', 'cagr', 'pnl', 'net_contributions'] %}
{% set benchmarked = ['alpha', 'beta', 'tracking_error', 'information_ratio', 'up_capture', 'down_capture'] %}
with

measured as (
    select
        windows.account_id,
        windows.performance_window,
        windows.start_date,
        windows.as_of_date,
        windows.calendar_days,
        windows.withheld_reason as window_reason,
        windows.chained_twr is not null as is_chained,
        windows.is_stated is true as is_stated,
        case when windows.withheld_reason is null then statistics.twr else windows.chained_twr end as twr,
        statistics.volatility,
        statistics.sharpe,
        statistics.sortino,
        statistics.best_day,
        statistics.best_day_date,
        statistics.worst_day,
        statistics.worst_day_date,
        statistics.days_up / nullif(statistics.days_moved, 0) as win_rate_days,
        case when windows.calendar_days >= 365
            then pow(1 + greatest(coalesce(windows.chained_twr, statistics.twr), -1), 365.0 / windows.calendar_days) - 1
        end as cagr,
        money_weighted.mwr,
        money_weighted.is_annual as is_mwr_annual,
        money_weighted.withheld_reason as mwr_reason,
        drawdowns.max_drawdown,
        drawdowns.peak_date,
        drawdowns.trough_date,
        drawdowns.recovery_date,
        cast(coalesce(windows.chained_pnl_base, windows.pnl_base) as double) as pnl,
        cast(coalesce(windows.chained_contributions_base, windows.net_contributions_base) as double) as net_contributions,
        {% for metric in benchmarked %}
        benchmarks.{{ metric }},
        {% endfor %}
        case when benchmarks.account_id is null
            {% if var('benchmark') %}
            then 'There are no closes of the benchmark {{ var("benchmark") }}: `tieout data pull` it, or put '
                || 'data/benchmark/{{ var("benchmark") }}.csv there.'
            {% else %}
            then 'No benchmark series: set BENCHMARK to a series of the market data, or of data/benchmark/<name>.csv.'
            {% endif %}
            else benchmarks.withheld_reason
        end as benchmark_reason,
        trades.withheld_reason as trade_reason,
        case when trades.withheld_reason is null
            then trades.wins / nullif(trades.wins + trades.losses, 0)
        end as win_rate,
        case when trades.withheld_reason is null
            then cast(trades.gain_base as double) / nullif(cast(trades.loss_base as double), 0)
        end as profit_factor
    from {{ ref('int_performance__window') }} as windows
    left join {{ ref('int_performance__statistic') }} as statistics using (account_id, performance_window)
    left join {{ ref('int_performance__mwr') }} as money_weighted using (account_id, performance_window)
    left join {{ ref('int_performance__drawdown') }} as drawdowns using (account_id, performance_window)
    left join {{ ref('int_performance__trade') }} as trades using (account_id, performance_window)
    left join {{ ref('int_performance__benchmark') }} as benchmarks using (account_id, performance_window)
),

completed as (
    select *, cagr / nullif(abs(max_drawdown), 0) as calmar
    from measured
),

listed as (
    {% for metric, value, value_date, unit, reason in metrics %}
    {% set known = 'window_reason is null or is_chained' if metric in chained else 'window_reason is null' %}
    select
        account_id,
        performance_window,
        '{{ metric }}' as metric,
        {% if value %} case when {{ known }} then {{ value }} end {% else %} null {% endif %} as value,
        {% if value_date %} case when {{ known }} then {{ value_date }} end
        {% else %} null {% endif %} as value_date,
        start_date,
        as_of_date,
        {% if unit == 'mwr' %} case when is_mwr_annual then 'ratio per year' else 'ratio' end
        {% elif unit == 'window' %} case when calendar_days >= 365 then 'ratio per year' else 'ratio' end
        {% elif unit == 'base currency' %}
        case account_id when 'ALL' then 'reporting currency' else 'base currency' end
        {% else %} '{{ unit }}' {% endif %} as unit,
        case when {{ value or value_date }} is null or not ({{ known }})
            then
                {% if metric in benchmarked %} coalesce(window_reason, benchmark_reason, {{ reason }})
                {% elif metric in chained %}
                coalesce(case when not is_chained then window_reason end, {{ reason }})
                {% else %} coalesce(window_reason, {{ reason }}) {% endif %}
        end as withheld_reason,
        {% if metric in ['twr', 'cagr'] %}
        case when {{ value }} is not null and ({{ known }})
            then case
                when is_stated then 'modified_dietz'
                when is_chained then 'daily_twr and modified_dietz'
                else 'daily_twr'
            end
        end
        {% else %} null {% endif %} as return_method
    from completed
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    account_id,
    performance_window,
    metric,
    cast(value as double) as value,
    cast(value_date as date) as value_date,
    start_date as window_start_date,
    as_of_date as window_end_date,
    unit,
    withheld_reason,
    cast(return_method as varchar) as return_method
from listed
