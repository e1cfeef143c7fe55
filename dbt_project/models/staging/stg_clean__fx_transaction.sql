with

source as (
    select * from {{ clean('fx_transactions') }}
),

renamed as (
    select
        account_id,
        transaction_key,
        functional_currency,
        currency,
        level,
        activity_description,
        transaction_at,
        report_date,
        quantity,
        proceeds,
        cost,
        realized_pnl,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
