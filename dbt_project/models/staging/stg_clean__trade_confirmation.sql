with

source as (
    select * from {{ clean('trade_confirmations') }}
),

renamed as (
    select
        account_id,
        confirmation_key,
        transaction_id,
        trade_id,
        order_id,
        exec_id,
        level,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        currency,
        fx_rate_to_base,
        trade_at,
        trade_at_text,
        trade_date,
        report_date,
        settle_date,
        transaction_type,
        side,
        is_cancel,
        notes,
        exchange,
        order_type,
        quantity,
        price,
        multiplier,
        trade_money,
        proceeds,
        commission,
        commission_currency,
        taxes,
        net_cash,
        accrued_interest,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
