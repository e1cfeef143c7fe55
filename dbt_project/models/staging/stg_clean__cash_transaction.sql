with

source as (
    select * from {{ clean('cash_transactions') }}
),

renamed as (
    select
        account_id,
        cash_key,
        transaction_id,
        trade_id,
        action_id,
        level,
        type,
        category,
        instrument_key,
        conid,
        symbol,
        description,
        currency,
        amount,
        fx_rate_to_base,
        paid_at,
        report_date,
        settle_date,
        ex_date,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
