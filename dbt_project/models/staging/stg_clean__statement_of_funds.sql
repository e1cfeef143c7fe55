with

source as (
    select * from {{ clean('statement_of_funds') }}
),

renamed as (
    select
        account_id,
        level,
        currency,
        report_date,
        line_ordinal,
        activity_code,
        activity_description,
        instrument_key,
        conid,
        symbol,
        trade_quantity,
        trade_price,
        amount,
        debit,
        credit,
        balance,
        transaction_id,
        trade_id,
        settle_date,
        fx_rate_to_base,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
