with

source as (
    select * from {{ clean('wash_sales') }}
),

renamed as (
    select
        account_id,
        wash_sale_key,
        transaction_id,
        trade_id,
        instrument_key,
        conid,
        symbol,
        asset_class,
        currency,
        open_at,
        close_at,
        reopened_at,
        trade_date,
        report_date,
        side,
        quantity,
        cost,
        disallowed_loss,
        fx_rate_to_base,
        notes,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
