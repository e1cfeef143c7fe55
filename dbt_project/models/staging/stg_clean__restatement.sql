with

source as (
    select * from {{ clean_restatements() }}
),

renamed as (
    select
        account_id,
        entity,
        key,
        report_date,
        change,
        field,
        was,
        became,
        difference,
        known_from_at,
        changed_at,
        document_was,
        document_became,
        section,
        row_ordinal_was,
        row_ordinal_became
    from source
)

select * from renamed
