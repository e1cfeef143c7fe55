with

source as (
    select * from {{ clean('slb_fees') }}
),

renamed as (
    select
        account_id,
        fee_key,
        unique_id,
        type,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        currency,
        fx_rate_to_base,
        value_date,
        start_date,
        report_date,
        exchange,
        quantity,
        collateral_amount,
        fee_rate_percent,
        fee,
        carry_charge,
        ticket_charge,
        total_charges,
        market_fee_rate_percent,
        gross_lend_fee,
        net_lend_fee_rate_percent,
        net_lend_fee,
        from_account,
        to_account,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
