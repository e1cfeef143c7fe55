with

source as (
    select * from {{ clean('portfolio_analyst_fees') }}
),

renamed as (
    select
        account_id,
        period_start_date,
        period_end_date,
        base_currency,
        fee_date,
        description,
        amount,
        is_total,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
