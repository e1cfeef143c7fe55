with

source as (
    select * from {{ clean('fifo_performance') }}
),

renamed as (
    select
        account_id,
        period_start_date,
        period_end_date,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        is_total,
        cost_adjustment,
        realized_st_profit,
        realized_st_loss,
        realized_lt_profit,
        realized_lt_loss,
        total_realized_pnl,
        unrealized_profit,
        unrealized_loss,
        unrealized_st_profit,
        unrealized_st_loss,
        unrealized_lt_profit,
        unrealized_lt_loss,
        total_unrealized_pnl,
        total_fifo_pnl,
        transferred_pnl,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
