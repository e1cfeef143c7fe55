with

source as (
    select * from {{ clean('closed_lots') }}
),

renamed as (
    select
        account_id,
        lot_key,
        transaction_id,
        trade_id,
        instrument_key,
        conid,
        symbol,
        asset_class,
        currency,
        open_at,
        close_at,
        trade_date,
        report_date,
        side,
        quantity,
        price,
        cost,
        proceeds,
        realized_pnl,
        fx_rate_to_base,
        notes,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
