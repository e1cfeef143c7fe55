with

source as (
    select * from {{ clean('position_marks') }}
),

renamed as (
    select
        account_id,
        mark_date,
        instrument_key,
        conid,
        symbol,
        asset_class,
        currency,
        multiplier,
        price,
        prior_mtm_pnl,
        fx_rate_to_base,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
