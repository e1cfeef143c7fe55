with

source as (
    select * from {{ clean('borrow_fees') }}
),

renamed as (
    select
        account_id,
        fee_key,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        currency,
        fx_rate_to_base,
        report_date,
        quantity,
        price,
        value,
        borrow_fee_rate_percent,
        borrow_fee,
        from_account,
        to_account,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
