with

source as (
    select * from {{ clean('slb_activities') }}
),

renamed as (
    select
        account_id,
        activity_key,
        loan_id,
        type,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        currency,
        fx_rate_to_base,
        report_date,
        activity_description,
        exchange,
        quantity,
        fee_rate_percent,
        collateral_amount,
        mark_quantity,
        mark_prior_price,
        mark_current_price,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
