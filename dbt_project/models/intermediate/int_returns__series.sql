-- The daily returns that windows, months and drawdowns are made of: each account in its base currency, and 'ALL',
-- all accounts as one, in the reporting currency.
{{ config(materialized='view') }}

select
    account_id,
    day_date,
    is_opening,
    return_status,
    nav_start_base,
    nav_end_base,
    external_flow_base,
    pnl_base,
    twr,
    breaks_chain,
    chain_id,
    withheld_reason
from {{ ref('int_returns__link') }}

union all

select
    account_id,
    day_date,
    is_opening,
    return_status,
    nav_start_reporting,
    nav_end_reporting,
    external_flow_reporting,
    pnl_reporting,
    twr,
    breaks_chain,
    chain_id,
    withheld_reason
from {{ ref('int_returns__reporting') }}
where account_id = 'ALL'
