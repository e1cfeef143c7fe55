with

source as (
    select * from {{ clean('statements') }}
),

renamed as (
    select
        document_id,
        statement,
        account_id,
        period_start_date,
        period_end_date,
        when_generated_at,
        period,
        kind,
        detail_rank
    from source
)

select * from renamed
