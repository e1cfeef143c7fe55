with

source as (
    select * from {{ clean('transaction_taxes') }}
),

renamed as (
    select
        account_id,
        tax_key,
        transaction_id,
        trade_id,
        level,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        currency,
        fx_rate_to_base,
        tax_date,
        report_date,
        tax_description,
        quantity,
        price,
        tax_amount,
        tax_source,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
