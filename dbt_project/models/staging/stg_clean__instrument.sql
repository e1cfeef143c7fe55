with

source as (
    select * from {{ clean('instruments') }}
),

renamed as (
    select
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        sub_category,
        currency,
        isin,
        cusip,
        figi,
        listing_exchange,
        issuer_country,
        underlying_conid,
        underlying_symbol,
        multiplier,
        strike,
        expiry_date,
        put_call,
        maturity_date,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
