with

source as (
    select * from {{ clean('document_sections') }}
),

renamed as (
    select
        document_id,
        section,
        rows_read,
        unknown_columns,
        unknown_column_names,
        known_section,
        has_clean_table
    from source
)

select * from renamed
