with

source as (
    select * from {{ clean('transfers') }}
),

renamed as (
    select
        account_id,
        transfer_key,
        transaction_id,
        level,
        type,
        direction,
        counter_account,
        company,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        currency,
        fx_rate_to_base,
        transfer_date,
        report_date,
        settle_date,
        quantity,
        transfer_price,
        position_amount,
        position_amount_base,
        cash_transfer,
        pnl_amount,
        pnl_amount_base,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
