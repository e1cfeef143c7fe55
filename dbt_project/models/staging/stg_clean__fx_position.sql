with

source as (
    select * from {{ clean('fx_positions') }}
),

renamed as (
    select
        account_id,
        report_date,
        position_key,
        functional_currency,
        currency,
        level,
        lot_description,
        opened_at,
        quantity,
        cost_price,
        cost_basis,
        close_price,
        value,
        unrealized_pnl,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
