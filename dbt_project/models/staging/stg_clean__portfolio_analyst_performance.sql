with

source as (
    select * from {{ clean('portfolio_analyst_performance') }}
),

renamed as (
    select
        account_id,
        period_start_date,
        period_end_date,
        base_currency,
        subject,
        is_account,
        period_kind,
        period_label,
        month_date,
        day_date,
        return_percent,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
