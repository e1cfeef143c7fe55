with

source as (
    select * from {{ clean('accounts') }}
),

renamed as (
    select
        account_id,
        alias,
        base_currency,
        base_currency_source,
        account_type,
        customer_type,
        ib_entity,
        opened_date,
        funded_date,
        closed_date,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
