with

source as (
    select * from {{ clean('option_events') }}
),

renamed as (
    select
        account_id,
        event_key,
        trade_id,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        underlying_conid,
        currency,
        fx_rate_to_base,
        report_date,
        event_type,
        quantity,
        multiplier,
        price,
        mark_price,
        proceeds,
        commission_and_tax,
        cost_basis,
        realized_pnl,
        mtm_pnl,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
