with

source as (
    select * from {{ features('lot_balances') }}
),

renamed as (
    select
        account_id,
        instrument_key,
        change_date,
        quantity,
        cost_basis,
        open_lots
    from source
)

select * from renamed
