-- The result of each account and day by instrument, currency and cause. Every amount of the day counts at the day's
-- closing rate: price + trading = value after - value before + proceeds +- value moved; translation is what the new
-- rate does to the value before. One row without an instrument holds the change of interest accruals and, as other,
-- whatever of the account's result no row explains; so the rows of a day add up to it exactly.
with

known as (
    -- Quantities are known where a list of positions, or a start from nothing, lies in the same run of days.
    select
        account_id,
        day_date,
        covers_trades,
        bool_or(is_snapshot_day or is_opening or (is_first_nav_day and nav_base = 0))
            over (partition by account_id, run_id) as knows_positions
    from {{ ref('int_calendar__day') }}
),

days as (
    select
        returns.account_id,
        returns.day_date,
        returns.previous_nav_date,
        returns.pnl_base,
        accounts.base_currency,
        {% for part in ['cash', 'dividend_accruals', 'interest_accruals', 'total'] %}
        coalesce(nav.{{ part }}, 0) - coalesce(before_.{{ part }}, 0) as {{ part }}_change,
        {% endfor %}
        known.covers_trades,
        known.knows_positions
        and coalesce(known_before.knows_positions, returns.previous_nav_date is null) as knows_positions
    from {{ ref('int_returns__link') }} as returns
    inner join {{ ref('stg_clean__nav_daily') }} as nav
        on returns.account_id = nav.account_id and returns.day_date = nav.report_date
    left join {{ ref('stg_clean__nav_daily') }} as before_
        on returns.account_id = before_.account_id and returns.previous_nav_date = before_.report_date
    left join {{ ref('stg_clean__account') }} as accounts
        on returns.account_id = accounts.account_id
    left join known
        on returns.account_id = known.account_id and returns.day_date = known.day_date
    left join known as known_before
        on returns.account_id = known_before.account_id and returns.previous_nav_date = known_before.day_date
    where returns.pnl_base is not null
),

held as (
    select
        account_id,
        position_date,
        instrument_key,
        currency,
        asset_class,
        symbol,
        conid,
        quantity,
        mark_price,
        -- What price moves: the value, or for what settles daily the notional.
        case
            when {{ settles_daily('asset_class') }}
                then {{ exact_product(
                    exact_product('quantity', units_per_quantity('asset_class', 'multiplier')), 'mark_price'
                ) }}
            else market_value
        end as value
    from {{ ref('int_positions__value') }}
),

pieces as (
    select
        days.account_id, days.day_date, held.instrument_key, held.currency, held.asset_class, held.symbol, held.conid,
        held.value as value_after, held.quantity as quantity_after, held.mark_price as close_price,
        case when held.value is null then 1 end as unvalued_after
    from days
    inner join held on days.account_id = held.account_id and days.day_date = held.position_date

    union all by name

    select
        days.account_id, days.day_date, held.instrument_key, held.currency, held.asset_class, held.symbol, held.conid,
        held.value as value_before, held.quantity as quantity_before,
        case when held.value is null then 1 end as unvalued_before
    from days
    inner join held on days.account_id = held.account_id and days.previous_nav_date = held.position_date

    union all by name

    select
        days.account_id, days.day_date, flows.* exclude (account_id, nav_date, report_date, close_price),
        case when flows.report_date = days.day_date then flows.close_price end as trade_close_price
    from days
    inner join {{ ref('int_pnl__collect_flow') }} as flows
        on days.account_id = flows.account_id and days.day_date = flows.nav_date

    union all by name

    select
        days.account_id, days.day_date, accruals.currency, accruals.open_amount as accrued_before,
        coalesce(accruals.instrument_key, 'CASH:' || accruals.currency) as instrument_key
    from days
    inner join {{ ref('int_pnl__accrue_dividend') }} as accruals
        on days.account_id = accruals.account_id and days.previous_nav_date = accruals.day_date
),

gathered as (
    select
        account_id,
        day_date,
        instrument_key,
        currency,
        max(asset_class) as asset_class,
        max(symbol) as symbol,
        max(conid) as conid,
        {% for amount in [
            'value_before', 'value_after', 'quantity_before', 'quantity_after', 'unvalued_before', 'unvalued_after',
            'accrued_before', 'trade_rows', 'trade_units', 'trade_proceeds', 'without_proceeds', 'action_proceeds',
            'shifted', 'unknown_moves', 'value_brought', 'trade_commissions', 'commission_adjustments', 'taxes',
            'cash_dividends', 'cash_withholding', 'cash_fees', 'interest', 'other', 'accrued_gross',
            'accrued_withholding', 'accrued_fees', 'external', 'external_base', 'first_amount',
        ] %}
        coalesce(sum({{ amount }}), 0) as {{ amount }},
        {% endfor %}
        coalesce(max(close_price), max(trade_close_price)) as close_price,
        max(first_currency) as first_currency
    from pieces
    group by account_id, day_date, instrument_key, currency
),

rated as (
    select
        gathered.* exclude (asset_class, symbol, conid),
        coalesce(
            gathered.asset_class, instruments.asset_class, case when gathered.instrument_key like 'CASH:%' then 'CASH' end
        ) as asset_class,
        coalesce(
            gathered.symbol, instruments.symbol,
            case when gathered.instrument_key like 'CASH:%' then substr(gathered.instrument_key, 6) end
        ) as symbol,
        coalesce(gathered.conid, instruments.conid) as conid,
        days.previous_nav_date,
        coalesce(days.covers_trades, false) as covers_trades,
        coalesce(days.knows_positions, false) as knows_positions,
        cast(case when gathered.currency = days.base_currency then 1 else rates.rate end as {{ exact() }}) as rate,
        cast(case when gathered.currency = days.base_currency then 1 else before_.rate end as {{ exact() }})
            as rate_before,
        cast(case when gathered.first_currency = days.base_currency then 1 else first_rates.rate end as {{ exact() }})
            as first_rate,
        marks.prior_mtm_pnl
    from gathered
    inner join days
        on gathered.account_id = days.account_id and gathered.day_date = days.day_date
    left join {{ ref('stg_clean__instrument') }} as instruments
        on gathered.instrument_key = instruments.instrument_key
    left join {{ ref('int_fx__resolve_daily') }} as rates
        on
            gathered.account_id = rates.account_id
            and gathered.currency = rates.currency
            and gathered.day_date = rates.rate_date
    left join {{ ref('int_fx__resolve_daily') }} as before_
        on
            gathered.account_id = before_.account_id
            and gathered.currency = before_.currency
            and days.previous_nav_date = before_.rate_date
    left join {{ ref('int_fx__resolve_daily') }} as first_rates
        on
            gathered.account_id = first_rates.account_id
            and gathered.first_currency = first_rates.currency
            and gathered.day_date = first_rates.rate_date
    left join {{ ref('stg_clean__position_mark') }} as marks
        on
            gathered.account_id = marks.account_id
            and gathered.instrument_key = marks.instrument_key
            and gathered.day_date = marks.mark_date
),

moved as (
    -- Without a price before, the broker's own result of the position held over tells what it was worth.
    select
        *,
        instrument_key like 'CASH:%' and first_currency is null as is_cash,
        first_currency is not null as is_pair,
        {{ settles_daily('asset_class') }} as is_margined,
        trade_proceeds + action_proceeds + shifted - value_brought as proceeds_moved,
        case
            when trade_rows = 0 then 0
            when without_proceeds > 0 then null
            when trade_units = 0 then trade_proceeds
            else {{ exact_product('trade_units', 'close_price') }} + trade_proceeds
        end as traded
    from rated
),

valued as (
    select
        * exclude (value_before, value_after, unvalued_before, unvalued_after),
        case when unvalued_after = 0 then value_after end as value_after,
        case
            when unvalued_before = 0 then value_before
            when unvalued_after = 0 then value_after + proceeds_moved - traded - prior_mtm_pnl
        end as value_before
    from moved
),

judged as (
    select
        *,
        case
            when is_cash or is_pair then null
            when not knows_positions and trade_rows + abs(quantity_before) + abs(quantity_after) <> 0
                then 'No Open Positions (OpenPositions) tell what was held: price and trading cannot be told.'
            when not covers_trades and quantity_before <> quantity_after
                then 'No statement with Trades covers this day, and the quantity has changed.'
            when value_before is null or value_after is null
                then 'No price of this day or of the day before is in the documents: price and trading cannot be told.'
            when unknown_moves > 0
                then 'What a corporate action moved between instruments has no price in the documents.'
            when without_proceeds > 0 then 'A trade of this day reports no proceeds.'
        end as price_reason,
        case
            when rate is null then 'No exchange rate of this day to the base currency.'
            when is_pair and first_rate is null then 'No exchange rate of this day for the currency ' || first_currency || '.'
        end as rate_reason
    from valued
),

local_amounts as (
    select
        *,
        case
            when is_cash or is_pair then 0
            when price_reason is not null then null
            when traded is not null then value_after - value_before + proceeds_moved - traded
            -- Without a closing price the two cannot be told apart: trading has both, unless nothing was held before.
            when value_before = 0 then 0
        end as price_local,
        case
            when is_cash then trade_proceeds
            when is_pair or price_reason is not null then null
            else coalesce(traded, value_after - value_before + proceeds_moved)
        end as trading_local,
        cash_dividends + accrued_gross as dividends_local,
        cash_withholding + accrued_withholding as withholding_local,
        interest as interest_local,
        trade_commissions + commission_adjustments as commissions_local,
        cash_fees + accrued_fees as fees_local,
        taxes as taxes_local,
        other as other_local
    from judged
),

converted as (
    select
        *,
        {% for cause in ['price', 'dividends', 'withholding', 'interest', 'commissions', 'fees', 'taxes', 'other'] %}
        case when {{ cause }}_local = 0 then 0 else {{ exact_product(cause ~ '_local', 'rate') }} end as {{ cause }}_base,
        {% endfor %}
        case
            when is_pair then {{ exact_product('first_amount', 'first_rate') }} + {{ exact_product('trade_proceeds', 'rate') }}
            when trading_local = 0 then 0
            else {{ exact_product('trading_local', 'rate') }}
        end as trading_base,
        -- At the new rate and at the old one, as the net asset values have it.
        case
            when is_margined or value_before = 0 or rate = rate_before then 0
            else {{ exact_product('value_before', 'rate') }} - {{ exact_product('value_before', 'rate_before') }}
        end as value_translation,
        case
            when accrued_before = 0 or rate = rate_before then 0
            else {{ exact_product('accrued_before', 'rate') }} - {{ exact_product('accrued_before', 'rate_before') }}
        end as accrual_translation,
        -- A flow is worth its own rate outside, and the day's closing rate inside.
        case
            when external = 0 and external_base = 0 then 0
            else {{ exact_product('external', 'rate') }} - external_base
        end as flow_translation
    from local_amounts
),

explained as (
    select
        *,
        value_translation + accrual_translation + flow_translation as fx_translation_base,
        {% for part in ['gross', 'withholding', 'fees'] %}
        coalesce({{ exact_product('accrued_' ~ part, 'rate') }}, 0) as accrued_{{ part }}_base,
        {% endfor %}
        case when is_pair then trading_base else 0 end as pair_base,
        case
            when is_cash or is_margined then 0
            else {{ exact_product('value_after', 'rate') }} - {{ exact_product('value_before', 'rate_before') }}
        end as securities_change
    from converted
),

by_instrument as (
    select
        account_id, day_date, instrument_key, conid, symbol, asset_class, currency,
        {% for cause in pnl_causes() if cause != 'fx_translation' %}{{ cause }}_local, {% endfor %}
        {% for cause in pnl_causes() %}{{ cause }}_base, {% endfor %}
        {{ sum_of(pnl_causes_base()) }} as total_base,
        accrued_gross_base,
        accrued_withholding_base,
        accrued_fees_base,
        accrual_translation,
        coalesce(pair_base, 0) as pair_base,
        securities_change,
        rate is distinct from 1 as is_foreign,
        price_reason is not null as is_unpriced,
        rate_reason is not null or fx_translation_base is null and price_reason is null as is_unrated,
        nullif(concat_ws(
            ' ',
            price_reason,
            rate_reason,
            case when fx_translation_base is null and coalesce(price_reason, rate_reason) is null
                then 'No exchange rate of the day before to the base currency.'
            end,
            case when price_local is null and trading_local is not null
                then 'No closing price of this day is in the documents: trading holds the result of price too.'
            end
        ), '') as withheld_reason
    from explained
),

summed as (
    select
        account_id,
        day_date,
        sum(total_base) as total_base,
        sum(securities_change) as securities_change,
        sum(accrued_gross_base + accrued_withholding_base + accrued_fees_base + accrual_translation) as accruals_change,
        count(*) filter (where is_unpriced) as unpriced,
        count(*) filter (where is_unrated) as unrated,
        bool_or(instrument_key = 'CASH:BASE_SUMMARY') as has_cash_in_base,
        bool_or(is_foreign) as has_foreign
    from by_instrument
    group by account_id, day_date
),

residuals as (
    select
        days.account_id,
        days.day_date,
        days.base_currency as currency,
        days.interest_accruals_change as interest_base,
        days.pnl_base - coalesce(summed.total_base, 0) - days.interest_accruals_change as other_base,
        coalesce(summed.unpriced, 0) as unpriced,
        coalesce(summed.unrated, 0) as unrated,
        -- The amounts of other currencies are known, but not what each held.
        coalesce(summed.has_cash_in_base and summed.has_foreign, false) as lacks_currencies,
        days.total_change - days.cash_change - days.dividend_accruals_change - days.interest_accruals_change
        - coalesce(summed.securities_change, 0) as securities_gap,
        days.dividend_accruals_change - coalesce(summed.accruals_change, 0) as accruals_gap
    from days
    left join summed
        on days.account_id = summed.account_id and days.day_date = summed.day_date
)

select
    account_id, day_date, instrument_key, conid, symbol, asset_class, currency,
    {% for cause in pnl_causes() if cause != 'fx_translation' %}{{ cause }}_local, {% endfor %}
    {% for cause in pnl_causes() %}{{ cause }}_base, {% endfor %}
    total_base,
    accrued_gross_base,
    accrued_withholding_base,
    accrued_fees_base,
    pair_base,
    is_unpriced,
    withheld_reason
from by_instrument
where
    withheld_reason is not null
    or {% for cause in pnl_causes() %}{{ cause }}_base <> 0{{ ' or ' if not loop.last }}{% endfor %}
    -- A dividend that was accrued and is now paid makes no result, but its parts do not stand for each other.
    or accrued_gross_base <> 0 or accrued_withholding_base <> 0 or accrued_fees_base <> 0

union all

select
    account_id, day_date, null, null, null, null, currency,
    {% for cause in pnl_causes() if cause != 'fx_translation' %}
    {{ 'interest_base' if cause == 'interest' else 'other_base' if cause == 'other' else '0' }},
    {% endfor %}
    {% for cause in pnl_causes() %}
    {{ 'interest_base' if cause == 'interest' else 'other_base' if cause == 'other' else '0' }},
    {% endfor %}
    interest_base + other_base, 0, 0, 0, 0,
    unpriced + unrated > 0 or lacks_currencies,
    case
        when other_base = 0 then null
        when unpriced + unrated > 0
            then (unpriced + unrated) || ' row(s) of this day lack a price or an exchange rate: other holds what they made.'
        when lacks_currencies
            then 'Cash is reported in base currency alone: other holds the translation of foreign cash.'
        when abs(other_base) <= {{ tolerance() }}
            then 'Other is the rounding of the broker''s own columns: no row of the documents explains it.'
        else 'Other is explained by no row of the documents: cash ' || {{ money_text('other_base - securities_gap - accruals_gap') }}
            || ', securities ' || {{ money_text('securities_gap') }} || ', dividend accruals ' || {{ money_text('accruals_gap') }} || '.'
    end
from residuals
where interest_base <> 0 or other_base <> 0
