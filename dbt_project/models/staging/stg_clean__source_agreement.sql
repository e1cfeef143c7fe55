with

source as (
    select * from {{ clean('source_agreements') }}
),

renamed as (
    select
        account_id,
        period_start_date,
        period_end_date,
        measure,
        currency,
        report_date,
        kind,
        finer_amount,
        coarser_amount,
        finer_rows,
        coarser_rows,
        is_covered,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
