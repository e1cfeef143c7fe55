-- Profit and loss of each account and day by instrument and cause. The rows of a day add up to its net asset value's
-- change less external flows, exactly.
select
    account_id,
    day_date as pnl_date,
    conid,
    instrument_key,
    symbol,
    asset_class,
    currency,
    {% for cause in pnl_causes() %}
    {{ cause }}_base,
    {% endfor %}
    total_base,
    {% for cause in pnl_causes() if cause != 'fx_translation' %}
    {{ cause }}_local,
    {% endfor %}
    withheld_reason
from {{ ref('int_pnl__explain_day') }}
where
    withheld_reason is not null
    or {% for cause in pnl_causes() %}{{ cause }}_base <> 0{{ ' or ' if not loop.last }}{% endfor %}
