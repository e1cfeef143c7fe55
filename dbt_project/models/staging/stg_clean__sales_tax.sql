with

source as (
    select * from {{ clean('sales_taxes') }}
),

renamed as (
    select
        account_id,
        tax_key,
        transaction_id,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        currency,
        fx_rate_to_base,
        report_date,
        country,
        tax_type,
        payer,
        taxable_description,
        taxable_amount,
        tax_rate,
        sales_tax,
        taxable_transaction_id,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
