with

source as (
    select * from {{ clean('portfolio_analyst_allocation') }}
),

renamed as (
    select
        account_id,
        period_start_date,
        period_end_date,
        base_currency,
        allocation_date,
        asset_class,
        is_total,
        market_value,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
