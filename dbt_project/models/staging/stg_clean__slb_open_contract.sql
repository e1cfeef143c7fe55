with

source as (
    select * from {{ clean('slb_open_contracts') }}
),

renamed as (
    select
        account_id,
        report_date,
        contract_key,
        loan_id,
        type,
        level,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        currency,
        fx_rate_to_base,
        contract_date,
        exchange,
        quantity,
        excess_quantity,
        fee_rate_percent,
        collateral_amount,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
