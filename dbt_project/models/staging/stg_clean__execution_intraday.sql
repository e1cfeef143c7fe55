with

source as (
    select * from {{ clean('execution_intraday') }}
),

renamed as (
    select
        account_id,
        execution_key,
        exec_id,
        executed_at,
        first_trade_date,
        last_trade_date,
        instrument_key,
        conid,
        symbol,
        asset_class,
        currency,
        primary_exchange,
        multiplier,
        expiry,
        strike,
        put_call,
        exchange,
        side,
        quantity,
        price,
        commission,
        commission_currency,
        realized_pnl,
        order_id,
        perm_id,
        client_id,
        order_ref,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
