with

source as (
    select * from {{ clean('pnl_snapshot') }}
),

renamed as (
    select
        account_id,
        snapshot_at,
        conid,
        quantity,
        market_value,
        daily_pnl,
        unrealized_pnl,
        realized_pnl,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
