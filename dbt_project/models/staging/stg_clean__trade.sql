with

source as (
    select * from {{ clean('trades') }}
),

renamed as (
    select
        account_id,
        trade_key,
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
        trade_at,
        trade_at_text,
        trade_date,
        report_date,
        settle_date,
        transaction_type,
        side,
        is_cancel,
        open_close,
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
        cost,
        realized_pnl,
        mtm_pnl,
        close_price,
        fx_rate_to_base,
        orig_transaction_id,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
