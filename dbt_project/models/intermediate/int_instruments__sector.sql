-- The sector of each instrument. Only PortfolioAnalyst names one, by symbol: an analysis speaks of the instruments that
-- its account held under that symbol. The analysis with the latest end counts.
with

held as (
    select distinct account_id, symbol, instrument_key
    from {{ ref('int_positions__value') }}
    where asset_class <> 'CASH' and symbol is not null
),

named as (
    select account_id, symbol, sector, period_end_date, document_id, section, row_ordinal
    from {{ ref('stg_clean__portfolio_analyst_sector') }}
    where symbol is not null and sector is not null
)

select held.instrument_key, named.sector
from named
inner join held
    on named.symbol = held.symbol and named.account_id in (held.account_id, 'Consolidated')
qualify row_number() over (
    partition by held.instrument_key
    order by named.period_end_date desc nulls last, named.document_id, named.section, named.row_ordinal
) = 1
