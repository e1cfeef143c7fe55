-- What each account holds on each day, cash by currency included.
select
    account_id,
    position_date,
    instrument_key,
    conid,
    symbol,
    asset_class,
    currency,
    quantity,
    quantity_basis,
    mark_price,
    multiplier,
    market_value,
    fx_rate_to_base,
    market_value_base,
    cost_basis,
    unrealized_pnl,
    unrealized_pnl_base,
    withheld_reason,
    document_id,
    section,
    row_ordinal
from {{ ref('int_positions__value') }}
