with

source as (
    select * from {{ clean('documents') }}
),

renamed as (
    select
        document_id,
        receipt_ordinal,
        file_name,
        kind,
        query_name,
        accounts,
        period_start_date,
        period_end_date,
        when_generated_at,
        received_at,
        size_bytes,
        status,
        reason
    from source
)

select * from renamed
