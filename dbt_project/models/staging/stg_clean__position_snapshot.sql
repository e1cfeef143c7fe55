with

source as (
    select * from {{ clean('position_snapshot') }}
),

renamed as (
    select
        account_id,
        snapshot_at,
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
        quantity,
        average_cost,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
