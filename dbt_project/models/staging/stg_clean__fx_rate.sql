with

source as (
    select * from {{ clean('fx_rates') }}
),

renamed as (
    select
        rate_date,
        from_currency,
        to_currency,
        rate,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
