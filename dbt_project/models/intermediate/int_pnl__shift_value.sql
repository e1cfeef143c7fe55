-- What corporate actions moved between instruments: in a reverse split, a change of identifiers or a merger the old
-- instrument hands its value to the new ones, in a spin-off (an issue of rights) the parent hands over the child's. Value that arrives is
-- the row's own, else quantity x the day's closing price; what arrives and what leaves add up to nothing.
with

nav_days as (
    select account_id, day_date, prior_nav_date
    from {{ ref('int_calendar__day') }}
    where is_nav_day
),

legs as (
    select
        actions.account_id,
        days.day_date as nav_date,
        days.prior_nav_date,
        -- Rows of one action: its id, else the description without the leg's own name at its end.
        coalesce(
            actions.action_id,
            regexp_replace(actions.action_description, '\s*\([^()]*\)\s*$', ''),
            regexp_replace(actions.symbol, '\.(OLD|NEW|TEN[0-9]*)$', '')
        ) as action_name,
        actions.instrument_key,
        any_value(actions.currency) as currency,
        any_value(actions.type) as type,
        any_value(actions.action_description) as action_description,
        sum(actions.quantity) as quantity,
        sum(actions.value) as value
    from {{ ref('stg_clean__corporate_action') }} as actions
    asof inner join nav_days as days
        on actions.account_id = days.account_id and actions.report_date <= days.day_date
    where actions.instrument_key is not null
    group by all
),

held as (
    select account_id, position_date, instrument_key, quantity, mark_price, multiplier, asset_class, currency
    from {{ ref('int_positions__value') }}
    semi join legs using (account_id)
    where coalesce(asset_class, '') <> 'CASH'
),

weighed as (
    select
        legs.account_id,
        legs.nav_date,
        legs.prior_nav_date,
        legs.action_name,
        legs.instrument_key,
        coalesce(legs.currency, after_.currency, before_.currency) as currency,
        legs.type,
        legs.action_description,
        abs(legs.quantity) as size,
        case
            when coalesce(before_.quantity, 0) <> 0 then before_.quantity * legs.quantity < 0
            else coalesce(after_.quantity, 0) = 0
        end as leaves,
        coalesce(
            sign(legs.quantity) * abs(nullif(legs.value, 0)),
            round({{ exact_product(
                exact_product('legs.quantity', units_per_quantity('after_.asset_class', 'after_.multiplier')),
                'after_.mark_price'
            ) }}, 2)
        ) as worth
    from legs
    left join held as before_
        on
            legs.account_id = before_.account_id
            and legs.prior_nav_date = before_.position_date
            and legs.instrument_key = before_.instrument_key
    left join held as after_
        on
            legs.account_id = after_.account_id
            and legs.nav_date = after_.position_date
            and legs.instrument_key = after_.instrument_key
    where legs.quantity <> 0
),

exchanges as (
    select
        account_id,
        nav_date,
        action_name,
        arg_max(instrument_key, (size, instrument_key)) filter (where leaves) as old_key,
        arg_max(currency, (size, instrument_key)) filter (where leaves) as old_currency
    from weighed
    group by all
    having bool_or(leaves) and not bool_and(leaves)
),

-- A spin-off and an issue of rights name their parent at the start of the description: SYMBOL(ISIN).
parents as (
    select
        weighed.account_id,
        weighed.nav_date,
        weighed.action_name,
        weighed.instrument_key,
        min(held.instrument_key) as old_key,
        min(held.currency) as old_currency
    from weighed
    inner join held
        on weighed.account_id = held.account_id and weighed.prior_nav_date = held.position_date
    inner join {{ ref('stg_clean__instrument') }} as instruments
        on held.instrument_key = instruments.instrument_key
    where
        weighed.type in ('SO', 'RI')
        and not weighed.leaves
        and weighed.worth is not null
        and held.instrument_key <> weighed.instrument_key
        and (
            instruments.isin = regexp_extract(weighed.action_description, '^[^(]*\(([^)]*)\)', 1)
            or (instruments.isin is null and instruments.symbol = regexp_extract(weighed.action_description, '^\s*([^( ]+)', 1))
        )
    group by all
),

moves as (
    select
        weighed.account_id,
        weighed.nav_date,
        weighed.instrument_key,
        weighed.currency,
        coalesce(exchanges.old_key, parents.old_key) as old_key,
        coalesce(exchanges.old_currency, parents.old_currency) as old_currency,
        weighed.worth,
        new_rates.rate as new_rate,
        old_rates.rate as old_rate
    from weighed
    left join exchanges using (account_id, nav_date, action_name)
    left join parents using (account_id, nav_date, action_name, instrument_key)
    left join {{ ref('int_fx__resolve_daily') }} as new_rates
        on
            weighed.account_id = new_rates.account_id
            and weighed.currency = new_rates.currency
            and weighed.nav_date = new_rates.rate_date
    left join {{ ref('int_fx__resolve_daily') }} as old_rates
        on
            weighed.account_id = old_rates.account_id
            and coalesce(exchanges.old_currency, parents.old_currency) = old_rates.currency
            and weighed.nav_date = old_rates.rate_date
    where not weighed.leaves and coalesce(exchanges.old_key, parents.old_key) is not null
),

both_sides as (
    select account_id, nav_date, instrument_key, currency, -worth as shifted
    from moves

    union all

    select
        account_id,
        nav_date,
        old_key,
        old_currency,
        case
            when currency is not distinct from old_currency then worth
            else cast(worth * new_rate / old_rate as {{ exact() }})
        end
    from moves
)

select
    account_id,
    nav_date,
    instrument_key,
    currency,
    sum(shifted) as shifted,
    count(*) filter (where shifted is null) as unknown_moves
from both_sides
group by all
