with

source as (
    select * from {{ clean('debit_card_activities') }}
),

renamed as (
    select
        account_id,
        activity_key,
        currency,
        fx_rate_to_base,
        status,
        category,
        merchant,
        transaction_at,
        posting_date,
        report_date,
        amount,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
