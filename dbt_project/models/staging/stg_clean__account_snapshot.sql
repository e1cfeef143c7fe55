with

source as (
    select * from {{ clean('account_snapshot') }}
),

renamed as (
    select
        account_id,
        snapshot_at,
        tag,
        currency,
        amount,
        value,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
