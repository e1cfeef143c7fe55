with

source as (
    select * from {{ clean('cfd_charges') }}
),

renamed as (
    select
        account_id,
        charge_key,
        transaction_id,
        trade_id,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        currency,
        fx_rate_to_base,
        activity_description,
        charged_at,
        report_date,
        received,
        paid,
        amount,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
