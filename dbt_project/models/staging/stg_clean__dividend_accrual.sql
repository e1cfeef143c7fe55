with

source as (
    select * from {{ clean('dividend_accruals') }}
),

renamed as (
    select
        account_id,
        report_date,
        accrual_key,
        instrument_key,
        conid,
        symbol,
        currency,
        ex_date,
        pay_date,
        quantity,
        tax,
        fee,
        gross_rate,
        gross_amount,
        net_amount,
        fx_rate_to_base,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
