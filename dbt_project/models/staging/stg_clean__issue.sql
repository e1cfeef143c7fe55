with

source as (
    select * from {{ clean_issues() }}
),

renamed as (
    select
        document_id,
        section,
        row_ordinal,
        "column",
        value,
        problem,
        severity
    from source
)

select * from renamed
