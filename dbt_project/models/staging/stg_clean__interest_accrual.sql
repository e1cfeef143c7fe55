with

source as (
    select * from {{ clean('interest_accruals') }}
),

renamed as (
    select
        account_id,
        period_start_date,
        period_end_date,
        currency,
        starting_accrual,
        interest_accrued,
        accrual_reversal,
        fx_translation,
        ending_accrual,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
