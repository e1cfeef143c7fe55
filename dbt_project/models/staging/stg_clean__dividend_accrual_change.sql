with

source as (
    select * from {{ clean('dividend_accrual_changes') }}
),

renamed as (
    select
        account_id,
        accrual_change_key,
        level,
        instrument_key,
        conid,
        symbol,
        asset_class,
        currency,
        fx_rate_to_base,
        accrual_date,
        report_date,
        ex_date,
        pay_date,
        quantity,
        tax,
        fee,
        gross_rate,
        gross_amount,
        net_amount,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
