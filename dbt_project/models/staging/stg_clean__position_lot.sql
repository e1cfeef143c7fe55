with

source as (
    select * from {{ clean('position_lots') }}
),

renamed as (
    select
        account_id,
        report_date,
        instrument_key,
        lot_ordinal,
        conid,
        symbol,
        asset_class,
        currency,
        open_at,
        holding_start_at,
        quantity,
        cost_basis_money,
        fx_rate_to_base,
        originating_transaction_id,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
