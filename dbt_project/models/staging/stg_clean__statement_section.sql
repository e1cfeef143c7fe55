with

source as (
    select * from {{ clean('statement_sections') }}
),

renamed as (
    select
        document_id,
        statement,
        account_id,
        section,
        rows,
        period_start_date,
        period_end_date,
        when_generated_at
    from source
)

select * from renamed
