with

source as (
    select * from {{ clean('portfolio_analyst_sectors') }}
),

renamed as (
    select
        account_id,
        period_start_date,
        period_end_date,
        base_currency,
        symbol,
        description,
        instrument_kind,
        sector,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
