with

source as (
    select * from {{ features('lot_issues') }}
),

renamed as (
    select
        account_id,
        instrument_key,
        report_date,
        problem,
        severity,
        event_key
    from source
)

select * from renamed
