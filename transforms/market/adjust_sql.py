"""The adjustment of `adjust` as SQL for DuckDB, over relations by name. What the figures mean stands there."""

from __future__ import annotations

import re
from typing import Final

from transforms.market.adjust import SERIES_KEY
from transforms.market.vendors.contract import Adjustment

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def factors_sql(
    bars: str = "bars",
    actions: str = "corporate_action",
    *,
    key: tuple[str, ...] = SERIES_KEY,
    assume: Adjustment = "unknown",
) -> str:
    """A query with the columns `key`, from_date, to_date, split_factor, dividend_factor: those of `adjust.factors`.

    `bars` and `actions` are relations with the columns of BARS and CORPORATE_ACTION. `key` holds SERIES_KEY, and what
    else tells series apart there (`universe`). It reads the bars' keys, days and closes several times: fast
    from tables and Parquet, slow from registered Arrow. Where it is asked often, keep what it gives. Other names than
    plain ones raise ValueError.
    """
    _plain(bars, actions, *key)
    keys = ", ".join(key)
    return _FACTORS.format(
        bars=bars,
        actions=actions,
        keys=keys,
        s_keys=", ".join(f"s.{name}" for name in key),
        t_keys=", ".join(f"t.{name}" for name in key),
        same_t=" and ".join(f"t.{name} = b.{name}" for name in key),
        same_x=" and ".join(f"x.{name} = e.{name}" for name in key),
        told_as=f"case b.adjustment when 'unknown' then '{assume}' else b.adjustment end",
    )


def adjusted_sql(
    bars: str = "bars",
    factors: str = "adjustment_factor",
    *,
    key: tuple[str, ...] = SERIES_KEY,
    assume: Adjustment = "unknown",
) -> str:
    """A query with every column of `bars` and those of `adjust.ADJUSTED`. `factors`: a relation of `factors_sql`."""
    _plain(bars, factors, *key)
    return _ADJUSTED.format(
        bars=bars,
        factors=factors,
        same=" and ".join(f"b.{name} = f.{name}" for name in key),
        told_as=f"case b.adjustment when 'unknown' then '{assume}' else b.adjustment end",
    )


def _plain(*names: str) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no plain name of a relation or column")


_FACTORS: Final = """
with series as (
    select {keys}, min(session_date) as first_date, max(session_date) as last_date from {bars} group by all
),

-- all actions of one kind of an instrument from one provider: the bars' own, else the first by name
told as (
    select {s_keys}, a.ex_date, a.action, a.ratio, a.amount, a.currency
    from series as s
    inner join {actions} as a on s.instrument_id = a.instrument_id and a.ex_date <= s.last_date
    qualify a.provider = first_value(a.provider) over (
        partition by {s_keys}, a.action order by a.provider <> s.provider, a.provider
    )
),

effective as (
    select t.*, b.session_date as effective_date
    from told as t
    asof inner join (select {keys}, session_date from {bars}) as b
        on {same_t} and t.ex_date <= b.session_date
),

closes as (
    select
        {t_keys}, t.effective_date, arg_max(b.close, b.timestamp) as close, any_value(b.currency) as bar_currency,
        any_value({told_as}) as told_as
    from (select distinct {keys}, effective_date from effective) as t
    inner join {bars} as b on {same_t} and t.effective_date = b.session_date
    group by all
),

splits as (
    select
        {keys}, ex_date, effective_date,
        case when ratio > 0 and isfinite(ratio) then 1 / ratio end as split
    from effective
    where action = 'split'
),

-- amounts in the shares that there are after all splits: a dividend is paid on the shares of its ex-date
paid as (
    select
        e.* exclude (ratio, currency),
        case
            when e.amount >= 0 and isfinite(e.amount) and coalesce(e.currency = c.bar_currency, true) then e.amount
        end * (
            select case when count(*) = count(x.split) then coalesce(product(x.split), 1) end
            from splits as x where {same_x} and x.ex_date > e.ex_date
        ) as amount_now
    from effective as e
    inner join closes as c using ({keys}, effective_date)
    where e.action = 'dividend'
),

amounts as (
    select
        {keys}, effective_date,
        case when count(*) = count(amount_now) then sum(amount_now) end as paid, true as pays
    from paid
    group by {keys}, effective_date
),

split_days as (
    select {keys}, effective_date, case when count(*) = count(split) then product(split) end as split, true as splits
    from splits
    group by {keys}, effective_date
),

bases as (
    select
        e.*,
        e.close * case
            when e.told_as = 'raw' then (
                select case when count(*) = count(x.split) then coalesce(product(x.split), 1) end
                from splits as x where {same_x} and x.effective_date > e.effective_date
            )
            when e.told_as = 'splits' then 1
        end as close_now
    from closes as e
),

days as (
    select
        {keys}, b.effective_date,
        case when s.splits is null then 1 else s.split end as split,
        case
            when a.pays is null then 1
            when b.close_now > 0 and b.close_now + a.paid > 0 then b.close_now / (b.close_now + a.paid)
        end as reinvested
    from bases as b
    left join amounts as a using ({keys}, effective_date)
    left join split_days as s using ({keys}, effective_date)
),

segments as (
    select
        {keys},
        coalesce(lag(effective_date) over earlier, first_date) as from_date,
        cast(effective_date - interval 1 day as date) as to_date,
        case when count(*) over rest = count(split) over rest then product(split) over rest end as split_factor,
        case
            when count(*) over rest = count(reinvested) over rest then product(reinvested) over rest
        end as dividend_factor
    from days
    inner join series using ({keys})
    window
        earlier as (partition by {keys} order by effective_date),
        rest as (
            partition by {keys} order by effective_date rows between current row and unbounded following
        )
)

select {keys}, from_date, to_date, split_factor, dividend_factor
from segments
where to_date >= from_date
union all
select
    {keys}, coalesce(max(d.effective_date), any_value(s.first_date)) as from_date, cast(null as date) as to_date,
    1.0::double as split_factor, 1.0::double as dividend_factor
from series as s
left join days as d using ({keys})
group by {keys}
"""

_ADJUSTED: Final = """
select
    b.*,
    f.split_factor,
    f.dividend_factor,
    b.close * case {told_as} when 'raw' then 1 when 'splits' then 1 / f.split_factor end as raw_close,
    b.open * case {told_as} when 'raw' then f.split_factor when 'splits' then 1 end as split_open,
    b.high * case {told_as} when 'raw' then f.split_factor when 'splits' then 1 end as split_high,
    b.low * case {told_as} when 'raw' then f.split_factor when 'splits' then 1 end as split_low,
    b.close * case {told_as} when 'raw' then f.split_factor when 'splits' then 1 end as split_close,
    b.volume / case {told_as} when 'raw' then f.split_factor when 'splits' then 1 end as split_volume,
    b.close * case {told_as}
        when 'raw' then f.split_factor * f.dividend_factor
        when 'splits' then f.dividend_factor
        when 'splits_dividends' then 1
    end as total_return_close
from {bars} as b
asof left join {factors} as f on {same} and b.session_date >= f.from_date
"""
