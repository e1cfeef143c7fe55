with

source as (
    select * from {{ clean('benchmark_prices') }}
),

renamed as (
    select
        benchmark,
        price_date,
        close,
        currency,
        adjustment,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
